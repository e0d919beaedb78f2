import FlowCore
import FlowLog

/// Checks the events in a log's frames: that they can be decoded, can follow each other, are
/// decided as the policy requires, and form complete commits of the right engine life.
struct HistoryCheck {
  private var redecision = Redecision()
  private var beginsCommit = true
  private(set) var created: RunCreated?
  private(set) var lastSequence: Int64 = 0
  private var traces: AttemptTraces

  init(_ traces: AttemptTraces) {
    self.traces = traces
  }

  /// The state after the frames so far; nil before the definition is complete.
  var state: RunState? { redecision.state }

  /// Contradictions between the history and the files of its attempts.
  var contradictions: [LogProblem] { traces.contradictions(of: state, through: lastSequence) }

  var notes: [String] { traces.notes(state) }

  /// Takes in the next frame.
  ///
  /// - Returns: a problem of the frame; then the rest of the history cannot be checked.
  mutating func apply(_ frame: LogFrame, _ payload: [UInt8]) -> LogProblem? {
    var decoder = EventDecoder(payload, first: Int64(frame.first))
    var count = 0
    while true {
      let number = Int64(frame.first) + Int64(count)
      do throws(CodingError) {
        guard let event = try decoder.next() else { break }
        count += 1
        if let cause = apply(event) { return problem(cause, frame, number) }
      } catch {
        return problem(.event(error), frame, number)
      }
    }
    guard count == frame.count else {
      return problem(
        .eventCount(declared: frame.count, found: count), frame, Int64(frame.first))
    }
    return end(frame)
  }

  private func problem(
    _ cause: LogProblem.Cause, _ frame: LogFrame, _ sequence: Int64
  ) -> LogProblem {
    LogProblem(cause, in: frame.path, at: frame.offset, event: sequence)
  }

  private mutating func apply(_ event: Event) -> LogProblem.Cause? {
    if beginsCommit && !event.startsWakeUp { return .wakeUpSplit }
    beginsCommit = false
    do throws(HistoryError) {
      if let difference = try redecision.apply(event) { return .decision(difference) }
    } catch {
      return .history(error)
    }
    if case .runCreated(let created) = event.body { self.created = created }
    lastSequence = event.sequence
    traces.compare(event)
    return nil
  }

  /// Checks what must hold after a frame that ends a commit.
  private mutating func end(_ frame: LogFrame) -> LogProblem? {
    guard frame.endsCommit else { return nil }
    beginsCommit = true
    let last = Int64(frame.last)
    guard let state else { return problem(.undefined, frame, last) }
    if let difference = redecision.differenceAtEnd() {
      return problem(.decision(difference), frame, difference.sequence)
    }
    // Events that recovery carried over keep the life in which they were recorded.
    let isRightLife =
      frame.isCarriedOver
      ? Int64(state.lives) <= Int64(frame.engineLife)
      : Int64(state.lives) == Int64(frame.engineLife)
    if isRightLife { return nil }
    return problem(.engineLife(segment: frame.engineLife, events: state.lives), frame, last)
  }
}
