import FlowStorage

/// The part of a file that is in memory. It reads ahead, so that small frames need no call each,
/// and is never longer than the longest frame or the read-ahead.
struct FileWindow {
  private(set) var bytes: [UInt8] = []
  private var offset: Int64 = 0
  private var filled = 0
  private static let readAhead: Int64 = 128 << 10

  /// Loads `count` bytes of the file at `start`, and returns their index in `bytes`; nil if the
  /// file has fewer below `end`. No byte from beyond `end` is loaded.
  mutating func load<Store>(
    _ count: Int, of file: borrowing File<Store>, at start: Int64, below end: Int64
  ) throws(StorageError) -> Int? {
    if start >= offset, start + Int64(count) <= offset + Int64(filled) {
      return Int(start - offset)
    }
    guard start + Int64(count) <= end else { return nil }
    let wanted = Int(min(max(Int64(count), Self.readAhead), end - start))
    bytes.grow(to: wanted)
    filled = 0
    offset = start
    filled = try file.read(at: start, into: &bytes, 0..<wanted)
    return filled >= count ? 0 : nil
  }

  /// The offset of the first byte between `start` and `end` that is not zero; nil if there is none.
  /// Skips holes: a sparse file can claim a length that takes hours to read.
  mutating func firstNonZero<Store>(
    of file: borrowing File<Store>, from start: Int64, to end: Int64
  ) throws(StorageError) -> Int64? {
    var low = start
    while low < end {
      if low < offset || low >= offset + Int64(filled) {
        guard let data = try file.nextData(from: low), data < end,
          try load(1, of: file, at: data, below: end) != nil
        else { return nil }
        low = data
      }
      let index = Int(low - offset)
      let count = Int(min(end, offset + Int64(filled)) - low)
      if let found = bytes.span.extracting(index..<index + count).firstNonZero {
        return low + Int64(found)
      }
      low += Int64(count)
    }
    return nil
  }

  /// One past the last byte between `start` and `end` that is not zero; `start` if there is none.
  mutating func extent<Store>(
    of file: borrowing File<Store>, from start: Int64, to end: Int64
  ) throws(StorageError) -> Int64 {
    var high = end
    while high > start {
      let low = max(start, high - Self.readAhead)
      guard try Self.holdsData(file, from: low, to: high) else {
        high = try Self.startOfHole(in: file, from: start, to: low)
        continue
      }
      let count = Int(high - low)
      guard let index = try load(count, of: file, at: low, below: high) else {
        // The file was truncated while it is read.
        high = low
        continue
      }
      let extent = bytes.span.extracting(index..<index + count).extent
      if extent > 0 { return low + Int64(extent) }
      high = low
    }
    return start
  }

  private static func holdsData<Store>(
    _ file: borrowing File<Store>, from start: Int64, to end: Int64
  ) throws(StorageError) -> Bool {
    try file.nextData(from: start).map { $0 < end } ?? false
  }

  /// The first offset from `start` on after which no byte was written up to `end`.
  private static func startOfHole<Store>(
    in file: borrowing File<Store>, from start: Int64, to end: Int64
  ) throws(StorageError) -> Int64 {
    var (low, high) = (start, end)
    while low < high {
      let middle = low + (high - low) / 2
      if try holdsData(file, from: middle, to: end) { low = middle + 1 } else { high = middle }
    }
    return high
  }
}
