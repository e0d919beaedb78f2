import FlowCore
import FlowLog
import FlowRuntime

/// The contents of the undamaged log, with which every reading of a damaged one is compared.
struct LogTruth {
  /// An offset at which a cut leaves a valid log.
  struct Cut {
    /// From zero.
    let segment: Int
    let offset: Int
    /// The last event before it.
    let sequence: Int64
  }

  let segments: [[UInt8]]
  /// By the sequence number of each frame's first event.
  private(set) var payloads: [UInt64: [UInt8]] = [:]
  /// By the sequence number of each commit's last event; zero for the empty log.
  private(set) var states: [Int64: RunState?] = [0: nil]
  /// The beginnings of segments, the ends of commits, and the end of the last seal, in order.
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
      if frame.path != path {
        path = frame.path
        segment += 1
        cuts.append(Cut(segment: segment, offset: Int(frame.offset), sequence: last))
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
          segment: segment, offset: Int(frame.offset) + frame.byteCount, sequence: last))
    }
    guard let tail = reader.tail, case .intact(let isSealed) = tail.verdict else { return }
    self.isSealed = isSealed
    if isSealed {
      let end = Int(tail.offset) + LogFormat.frameLength(storing: 0)
      cuts.append(Cut(segment: segment, offset: end, sequence: last))
    }
  }

  /// The length of a segment that readers look at: the one that its successor names, or all of it.
  func length(of segment: Int) -> Int {
    guard segments.indices.contains(segment + 1) else { return segments[segment].count }
    return number(at: 40, of: segment + 1)
  }

  /// The length of a segment when it was published under its name.
  func initialSize(of segment: Int) -> Int {
    let step = number(at: 80, of: segment)
    let length = number(at: 88, of: segment)
    if step == 0 { return length }
    return (length + LogFormat.frameLength(storing: 0) + step - 1) / step * step
  }

  private func number(at offset: Int, of segment: Int) -> Int {
    segments[segment][offset..<offset + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// The last valid cut of the last segment at or before a length.
  func lastCut(through length: Int) -> Cut? {
    cuts.last { $0.segment == segments.count - 1 && $0.offset <= length }
  }
}

extension LogReader {
  /// The payload of the last frame that was read.
  var payload: [UInt8] {
    withPayload { span in unsafe span.withUnsafeBufferPointer { unsafe Array($0) } }
  }
}

extension Replay {
  /// Applies the events of a frame of a valid log.
  fileprivate mutating func take(_ payload: [UInt8], from first: UInt64) {
    var decoder = EventDecoder(payload, first: Int64(first))
    do {
      while let event = try decoder.next() { try apply(event) }
    } catch {
      preconditionFailure("an undamaged log cannot be read: \(error)")
    }
  }
}
