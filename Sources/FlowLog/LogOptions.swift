/// How a log is written. A reader needs nothing of it but the dictionary.
package struct LogOptions: Hashable, Sendable {
  package enum Compression: Hashable, Sendable {
    case none
    /// zlib's level, 1 to 9; long payloads take the first. A payload that would not get shorter is stored as it is.
    case deflate(level: Int)
  }

  /// A segment that holds data is not made longer than this, counted as if nothing was deflated: so
  /// another zlib rotates at the same commit.
  package var rotationBytes: Int64 = 64 << 20
  /// The largest commit that a segment takes, counted in the same way. Bad bytes of a greater extent
  /// cannot come from a crash, so a small number finds more damage. A larger commit rotates into a
  /// segment that can take it.
  package var largestCommitBytes: Int64 = 1 << 20
  /// Room is reserved in steps of this; zero reserves none.
  package var reservationBytes: Int64 = 256 << 10
  package var compression = Compression.deflate(level: 6)
  package var dictionary = PresetDictionary.none

  package init() {}
}
