/// How a log is written. A reader needs only the dictionary.
package struct LogOptions: Hashable, Sendable {
  package enum Compression: Hashable, Sendable {
    case none
    /// zlib's level, 1 to 9, for short payloads; long ones take level 1. A payload that deflate
    /// would not shorten is stored as it is.
    case deflate(level: Int)
  }

  /// The length at which a segment that holds data is rotated, counted as if nothing was deflated:
  /// then another version of zlib rotates at the same commit.
  package var rotationBytes: Int64 = 64 << 20
  /// The largest commit that a segment takes, counted in the same way. A crash cannot leave more
  /// bad bytes than one commit, so a smaller limit detects more damage. A larger commit rotates
  /// into a segment with a limit that fits it.
  package var largestCommitBytes: Int64 = 1 << 20
  /// The step in which disk space is reserved; zero reserves none.
  package var reservationBytes: Int64 = 256 << 10
  package var compression = Compression.deflate(level: 6)
  package var dictionary = PresetDictionary.none

  package init() {}

  /// A length, rounded up to the steps in which space is reserved.
  func reservedSize(holding length: Int64) -> Int64 {
    if reservationBytes == 0 { return length }
    return (length + reservationBytes - 1) / reservationBytes * reservationBytes
  }

  /// The size of a new segment: with a reservation it has space for its seal.
  func size(ofNew header: SegmentHeader) -> Int64 {
    let seal = reservationBytes == 0 ? 0 : Int64(LogFormat.sealLength)
    return reservedSize(holding: header.initialLength + seal)
  }
}

/// Bytes that are likely in payloads. Deflate searches them as if they preceded the payload. They
/// belong to the format version: a log that was written with other bytes is refused. deflate uses
/// the last 32 KiB.
package struct PresetDictionary: Hashable, Sendable {
  let bytes: [UInt8]
  /// The checksum in segment headers; zero if there are no bytes.
  package let checksum: UInt32

  package static let none = PresetDictionary([])

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
    checksum = bytes.isEmpty ? 0 : Checksum.of(bytes.span)
  }
}
