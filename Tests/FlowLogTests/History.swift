import FlowLog
import FlowStorage
import Testing

/// Events that follow from their numbers alone, so that the right history up to any number is
/// known.
enum History {
  static func event(_ number: UInt64) -> [UInt8] {
    Array("step \(number) of \(number * 7919 % 1000)".utf8) + (number % 3 == 0 ? [0, 0] : [])
  }

  static func events(_ numbers: ClosedRange<UInt64>) -> [UInt8] { numbers.flatMap(event) }

  static func through(_ number: UInt64) -> [UInt8] { number == 0 ? [] : events(1...number) }
}

enum Outcome: Equatable {
  case intact(sealed: Bool)
  case torn
  case ambiguous
  case damaged
  case newer

  var isDamaged: Bool { self == .damaged }
}

/// The result of reading a log to its end.
struct Reading: Equatable {
  var bytes: [UInt8] = []
  var last: UInt64 = 0
  var outcome: Outcome
  var error: LogError?
  var tail: LogTail?

  /// Whether every event that was read is the one that was written with its number.
  var isPrefix: Bool { bytes == History.through(last) }
}

func read(_ storage: MemoryStorage, dictionary: PresetDictionary = .none) -> Reading {
  var reading = Reading(outcome: .damaged)
  do throws(LogError) {
    var reader = try LogReader.open("log", in: storage, .recovering, dictionary: dictionary)
    while let frame = try reader.next() {
      reader.withPayload { span in for index in span.indices { reading.bytes.append(span[index]) } }
      if frame.first != reading.last + 1 { Issue.record("event \(frame.first) leaves a gap") }
      reading.last = frame.last
    }
    reading.tail = reader.tail
    switch reader.tail?.verdict {
    case .intact(let isSealed): reading.outcome = .intact(sealed: isSealed)
    case .torn: reading.outcome = .torn
    case .ambiguous: reading.outcome = .ambiguous
    case nil: Issue.record("a dead log has a tail")
    }
  } catch {
    reading.error = error
    if error.reason == .newer { reading.outcome = .newer }
  }
  return reading
}

extension LogOptions {
  /// No reservation, no deflate, segments of a few commits.
  static func small(
    rotation: Int64 = 1 << 20, reservation: Int64 = 0, largest: Int64 = 4096,
    _ compression: Compression = .none
  ) -> LogOptions {
    var options = LogOptions()
    options.rotationBytes = rotation
    options.reservationBytes = reservation
    options.largestCommitBytes = largest
    options.compression = compression
    return options
  }
}

typealias Writer = LogWriter<MemoryStorage>

extension LogWriter where Store == MemoryStorage {
  /// Appends the next events, in one commit of one frame or of a frame for each part.
  mutating func append(_ parts: Int...) throws(LogError) {
    var first = durableSequence + 1
    var bytes: [UInt8] = []
    var logParts: [LogPart] = []
    for count in parts {
      let part = History.events(first...first + UInt64(count) - 1)
      bytes += part
      logParts.append(LogPart(eventCount: count, byteCount: part.count))
      first += UInt64(count)
    }
    try rotateIfNeeded(for: logParts) { UInt32(truncatingIfNeeded: first) &* 0x9e37_79b9 }
    try append(bytes.span, parts: logParts, from: durableSequence + 1)
  }

  mutating func commit(_ parts: Int...) throws(LogError) {
    switch parts.count {
    case 1: try append(parts[0])
    case 2: try append(parts[0], parts[1])
    default: try append(parts[0], parts[1], parts[2])
    }
    try sync()
  }
}

func newLog(
  _ storage: MemoryStorage, _ options: LogOptions = .small()
) throws(LogError) -> Writer {
  try LogWriter.create(in: "log", storage, salt: 0x5a17_0001, engineLife: 1, options)
}

/// Reads the log to its end, whatever that is, and recovers it.
func recover(
  _ storage: MemoryStorage, salt: UInt32 = 0x5a17_0002, _ options: LogOptions = .small()
) throws(LogError) -> Writer {
  var reader = try LogReader.open(
    "log", in: storage, .recovering, dictionary: options.dictionary)
  try reader.drain()
  return try LogWriter.recover(after: reader, salt: salt, engineLife: 2, options)
}

let segment1 = "00000001.seg"
let segment2 = "00000002.seg"
let segment3 = "00000003.seg"

/// The error of a call that must fail.
func failure(_ body: () throws(LogError) -> Void) -> LogError? {
  do throws(LogError) { try body() } catch { return error }
  Issue.record("nothing failed")
  return nil
}

extension LogError {
  var errno: Errno? {
    if case .storage(let cause) = reason { cause.errno } else { nil }
  }
}
