/// What bytes are wrapped in that can be torn or damaged.
package enum Envelope {
  private static let version: UInt8 = 1
  private static let checksumSize = 8

  package static func wrapped(_ body: [UInt8]) -> [UInt8] {
    var bytes = [version] + body
    let checksum = checksum(bytes[...])
    for shift in stride(from: 0, to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: checksum >> UInt64(shift)))
    }
    return bytes
  }

  /// Nil for what is damaged, or of another version.
  package static func unwrapped(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count > checksumSize, bytes[0] == version else { return nil }
    let body = bytes.dropLast(checksumSize)
    guard wrapped(Array(body.dropFirst())) == bytes else { return nil }
    return Array(body.dropFirst())
  }

  /// FNV-1a.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
