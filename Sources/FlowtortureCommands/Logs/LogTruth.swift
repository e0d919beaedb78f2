import FlowCore
import FlowLog
import FlowRuntime

/// What an undamaged log holds: what any reading of a damaged one is compared with.
struct LogTruth {
  /// A place up to which a segment can be cut without a trace, but for what comes after it.
  struct Cut {
    /// From zero on.
    let segment: Int
    let offset: Int
    /// The last event before it.
    let sequence: Int64
  }

  let segments: [[UInt8]]
  /// By the number of the first event of each frame.
  private(set) var payloads: [UInt64: [UInt8]] = [:]
  /// By the number of the last event of each commit; zero for nothing.
  private(set) var states: [Int64: RunState?] = [0: nil]
  /// Where segments begin and commits end, in the order of the log; and the end of the last seal.
  private(set) var cuts: [Cut] = []
  private(set) var isSealed = false
  private(set) var last: Int64 = 0
  /// The last event before the last commit.
  private(set) var beforeLast: Int64 = 0

  init(_ image: LogImage) throws(LogError) {
    segments = image.segments.map { $0 ?? [] }
    var reader = try LogReader.open(
      LogImage.run.log, in: image, .recovering, dictionary: EventDictionary.version1)
    var replay = Replay()
    var path: String?
    var segment = -1
    while let frame = try reader.next() {
      if frame.place.path != path {
        path = frame.place.path
        segment += 1
        cuts.append(Cut(segment: segment, offset: Int(frame.place.offset), sequence: last))
      }
      let bytes = reader.payload
      payloads[frame.first] = bytes
      replay.take(bytes, from: frame.first)
      guard frame.endsCommit else { continue }
      beforeLast = last
      last = Int64(frame.last)
      states[last] = replay.state
      cuts.append(
        Cut(
          segment: segment, offset: Int(frame.place.offset) + frame.byteCount, sequence: last))
    }
    guard let tail = reader.tail, case .intact(let isSealed) = tail.verdict else { return }
    self.isSealed = isSealed
    if isSealed {
      let end = Int(tail.offset) + LogFormat.frameLength(storing: 0)
      cuts.append(Cut(segment: segment, offset: end, sequence: last))
    }
  }

  /// How much of a segment counts: what its successor names, or all of it.
  func length(of segment: Int) -> Int {
    guard segments.indices.contains(segment + 1) else { return segments[segment].count }
    return number(at: 40, of: segment + 1)
  }

  /// How long a segment was when it got its name.
  func bornSize(of segment: Int) -> Int {
    let step = number(at: 80, of: segment)
    let length = number(at: 88, of: segment)
    if step == 0 { return length }
    return (length + LogFormat.frameLength(storing: 0) + step - 1) / step * step
  }

  private func number(at offset: Int, of segment: Int) -> Int {
    segments[segment][offset..<offset + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// The last place of the last segment up to which all is there, if it is cut there.
  func lastCut(through length: Int) -> Cut? {
    cuts.last { $0.segment == segments.count - 1 && $0.offset <= length }
  }
}

extension LogReader {
  /// Of the frame that was read last.
  var payload: [UInt8] {
    withPayload { span in unsafe span.withUnsafeBufferPointer { unsafe Array($0) } }
  }
}

extension Replay {
  /// Takes in the events of a frame of a log that is known to be right.
  fileprivate mutating func take(_ payload: [UInt8], from first: UInt64) {
    var decoder = EventDecoder(payload, first: Int64(first))
    do {
      while let event = try decoder.next() { try apply(event) }
    } catch {
      preconditionFailure("a log that should be whole is not: \(error)")
    }
  }
}
