/// Bytes that are likely in payloads: deflating looks for them as if they had come before. They belong
/// to the format version: a log that was written with others is refused. At most 32 KiB are of use.
package struct PresetDictionary: Hashable, Sendable {
  let bytes: [UInt8]
  /// Of the bytes, as headers of segments hold it: zero where there are none.
  package let checksum: UInt32

  package static let none = PresetDictionary([])

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
    checksum = bytes.isEmpty ? 0 : Checksum.of(bytes.span)
  }
}
