import FlowLog
import FlowMemoryStorage
import FlowRuntime

/// A reader returns a legal history: gapless sequence numbers, complete commits, a prefix of the history of
/// the same log with more bytes. Recovering or rewriting the log does not change it.
enum SegmentTarget {
  /// The first byte selects the repair of the segments (`SegmentRepair`), the second how much is cut off for
  /// comparison. The rest is segments, each beginning with the magic.
  static func test(_ bytes: [UInt8]) throws(Finding) {
    var supply = ByteSupply(bytes)
    let repair = SegmentRepair(rawValue: supply.below(3)) ?? .none
    let cut = Int(supply.byte())
    let segments = repair.repaired(split(supply.remainder))

    let reading = try read(segments)
    try test(reading, segments)
    try testShorter(segments, cut: cut, reading)
    if let tail = reading.tail {
      try testSpelling(segments, tail)
      try testRecovery(segments, reading)
      try testWriting(reading)
    }
  }

  static let magic: [UInt8] = [0x89, 0x46, 0x4c, 0x4f, 0x57, 0x4c, 0x4f, 0x47]

  private static func split(_ bytes: [UInt8]) -> [[UInt8]] {
    var starts: [Int] = [0]
    if bytes.count > magic.count {
      for index in 1...bytes.count - magic.count
      where bytes[index] == magic[0] && bytes[index..<index + magic.count].elementsEqual(magic) {
        starts.append(index)
      }
    }
    return zip(starts, starts.dropFirst() + [bytes.count]).map { Array(bytes[$0..<$1]) }
  }

  private static func folder(_ segments: [[UInt8]]) -> MemoryFolder {
    let files = segments.enumerated().map { index, bytes in
      let digits = String(index + 1)
      return (String(repeating: "0", count: 8 - digits.utf8.count) + digits + ".seg", bytes)
    }
    return MemoryFolder(Dictionary(uniqueKeysWithValues: files))
  }

  // MARK: Reading

  struct Reading: Equatable {
    struct Frame: Equatable {
      let frame: LogFrame
      let payload: [UInt8]
    }

    var frames: [Frame] = []
    /// Nil if the log cannot be read to its end.
    var tail: LogTail?
    var error: LogError?
  }

  private static func read(_ segments: [[UInt8]]) throws(Finding) -> Reading {
    let reading = read(folder(segments), .recovering)
    try require(read(folder(segments), .dead) == reading, "recovery reads another history")
    return reading
  }

  private static func read(_ folder: MemoryFolder, _ source: LogSource) -> Reading {
    var reading = Reading()
    do throws(LogError) {
      var reader = try LogReader.open(
        "log", in: folder, source, dictionary: options.dictionary)
      while let frame = try reader.next() {
        let payload = reader.withPayload { span in
          unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
        }
        reading.frames.append(.init(frame: frame, payload: payload))
      }
      reading.tail = reader.tail
    } catch {
      reading.error = error
    }
    return reading
  }

  private static func test(_ reading: Reading, _ segments: [[UInt8]]) throws(Finding) {
    var next: UInt64 = 1
    for (frame, payload) in reading.frames.map({ ($0.frame, $0.payload) }) {
      try require(frame.first == next, "expected event \(next), found event \(frame.first)")
      try require(
        frame.count > 0 && payload.count >= frame.count
          && payload.count <= LogFormat.largestPayload,
        "\(frame.count) events in \(payload.count) bytes")
      next += UInt64(frame.count)
    }
    guard let tail = reading.tail else {
      return try require(reading.error != nil, "a log without an end")
    }
    try require(reading.frames.last?.frame.endsCommit != false, "a commit without an end")
    let size = Int64(segments.last?.count ?? 0)
    try require(
      tail.lastSequence == next - 1 && tail.lastAtStake >= tail.lastSequence,
      "another tail: \(tail)")
    try require(
      tail.offset >= 0 && tail.bytes >= 0 && tail.offset + tail.bytes <= size,
      "a tail outside of the file of \(size) bytes: \(tail)")
    switch tail.verdict {
    case .intact: try require(tail.bytes == 0, "an intact tail with invalid bytes: \(tail)")
    case .torn, .ambiguous: try require(tail.bytes > 0, "no invalid bytes: \(tail)")
    }
  }

  /// Fewer bytes give fewer events, never different ones.
  private static func testShorter(
    _ segments: [[UInt8]], cut: Int, _ reading: Reading
  ) throws(Finding) {
    guard let last = segments.last else { return }
    var shorter = segments
    shorter[segments.count - 1] = Array(last.prefix(last.count * cut / 256))
    let frames = read(folder(shorter), .recovering).frames
    try require(
      reading.frames.starts(with: frames) || frames.starts(with: reading.frames),
      "with \(cut)/256 of the last segment the history is not a prefix")
  }

  /// The bytes up to the tail agree with the format: repairing them changes nothing.
  private static func testSpelling(_ segments: [[UInt8]], _ tail: LogTail) throws(Finding) {
    let lengths = segments.dropFirst().map { SegmentRepair.predecessorLength(in: $0) }
    let counting = zip(segments, lengths + [Int(tail.offset)]).map { Array($0.prefix($1)) }
    try require(
      SegmentRepair.all.repaired(counting) == counting,
      "the reader accepts bytes that no writer writes")
  }

  // MARK: Writing

  /// Recovery keeps the history that was read, and the next engine can append to it.
  private static func testRecovery(_ segments: [[UInt8]], _ reading: Reading) throws(Finding) {
    let folder = folder(segments)
    let payload: [UInt8] = [1, 2, 3]
    do throws(LogError) {
      var reader = try LogReader.open(
        "log", in: folder, .recovering, dictionary: options.dictionary)
      try reader.drain()
      let next = reader.lastSequence + 1
      var writer = try LogWriter.recover(after: reader, salt: 77, engineLife: 9, options)
      try writer.append(payload.span, events: 3, from: next)
      try writer.sync()
      try writer.close()
    } catch {
      throw Finding("the next engine cannot append: \(error)")
    }
    let again = read(folder, .recovering)
    guard again.error == nil, let tail = again.tail, tail.verdict == .intact(isSealed: false) else {
      throw Finding("after recovery: \(String(describing: again.error ?? nil)) \(again)")
    }
    try require(
      again.frames.map(\.payload) == reading.frames.map(\.payload) + [payload],
      "recovery changes the history")
  }

  /// As in real runs, with space for any commit.
  private static let options: LogOptions = {
    var options = LogOptions()
    options.dictionary = EventDictionary.version1
    options.compression = .deflate(level: 1)
    options.reservationBytes = 0
    options.largestCommitBytes = 1 << 40
    return options
  }()

  /// Rewriting the commits gives the same events.
  private static func testWriting(_ reading: Reading) throws(Finding) {
    if reading.frames.isEmpty { return }
    let folder = MemoryFolder()
    do throws(LogError) {
      var writer = try LogWriter.create(in: "log", folder, salt: 5, engineLife: 1, options)
      var payload: [UInt8] = []
      var parts: [LogPart] = []
      var first: UInt64 = 1
      for frame in reading.frames {
        payload += frame.payload
        parts.append(LogPart(eventCount: frame.frame.count, byteCount: frame.payload.count))
        guard frame.frame.endsCommit else { continue }
        try writer.append(payload.span, parts: parts, from: first)
        try writer.sync()
        first = frame.frame.last + 1
        (payload, parts) = ([], [])
      }
      try writer.seal()
      try writer.close()
    } catch {
      throw Finding("the history cannot be rewritten: \(error)")
    }
    let again = read(folder, .dead)
    try require(again.tail?.verdict == .intact(isSealed: true), "the rewritten log is \(again)")
    try require(
      again.frames.map(\.payload) == reading.frames.map(\.payload)
        && again.frames.map(\.frame.first) == reading.frames.map(\.frame.first),
      "rewriting changes the history")
  }
}
