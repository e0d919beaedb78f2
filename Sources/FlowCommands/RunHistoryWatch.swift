import FlowCore
import FlowLog
import FlowRuntime
import FlowSystem

/// The growing history of a run that other processes may drive.
struct RunHistoryWatch: ~Copyable {
  let id: String
  private var reader: RunReader<LinuxStorage>
  private var history = GrowingHistory()
  private var hasRead = false

  init(_ id: String, _ home: RunHome<LinuxStorage>) throws(RunError) {
    self.id = id
    reader = try RunReader(home.folder(of: id), in: home.storage)
  }

  /// Nil before the definition is read.
  var state: RunState? { history.replay.state }
  /// Whether a process drives the run; known as of the last `readOn`.
  var isHeld: Bool { reader.isHeld }
  /// The process that drives the run; nil where it has not said so yet.
  var engineProcessID: Int32? { reader.engineProcessID }
  /// Whether that process waits for space on the disk.
  var lacking: Shortages { reader.lacking }

  /// What the run has come to; its notices may still run.
  var conclusion: RunOutcome? { history.replay.state?.conclusion }

  /// Nil while the run has no end.
  var outcome: RunOutcome? {
    if case .finished(let outcome)? = history.replay.state?.phase { outcome } else { nil }
  }

  func hasTakenIn(_ request: CancelRequest) -> Bool {
    history.replay.state?.cancelRequests.contains(request.id) ?? false
  }

  /// Whether a request was recorded when it could change nothing any more: the steps of `finally` ran, or
  /// notices.
  func cameTooLate(_ request: CancelRequest) -> Bool { history.lateRequests.contains(request.id) }

  /// What came of a question; nil while it is open.
  ///
  /// - Parameter asked: the number of the event that asked.
  func answer(to asked: Int64) -> AskedQuestion? { history.answers[asked] }

  /// Whether a step no longer waits for the answer to that question.
  func hasSettled(step: Int32, since asked: Int64) -> Bool {
    guard let state = history.replay.state else { return false }
    return state.steps[Int(step)].phase != .asking
      || state.asked(byStep: Int(step))?.sequence != asked
  }

  /// Whether any request to cancel was recorded in this round; with `force`, one without grace.
  func hasTakenInCancel(force: Bool) -> Bool {
    force ? history.hasForcedCancel : history.hasCancel
  }

  /// Takes in what has become durable since.
  ///
  /// - Returns: those events.
  @discardableResult
  mutating func readOn() throws(RunError) -> [Event] {
    if hasRead { try reader.lookAgain() }
    hasRead = true
    history.news = []
    try reader.read(into: &history)
    return history.news
  }

  /// How the log ends; nil while it is being written.
  var tail: LogTail? { reader.tail }
}

private struct GrowingHistory: EventFold {
  var replay = Replay()
  /// The events that the last read has added.
  var news: [Event] = []
  private(set) var hasCancel = false
  private(set) var hasForcedCancel = false
  private(set) var lateRequests: Set<UInt64> = []
  /// By the number of the event that asked, those that have ended.
  private(set) var answers: [Int64: AskedQuestion] = [:]

  mutating func apply(_ event: Event) throws(HistoryError) {
    try replay.apply(event)
    news.append(event)
    switch event.body {
    case .cancelRequested(let request):
      hasCancel = true
      if request.force { hasForcedCancel = true }
      if !request.force, let state = replay.state, state.isConcluding || state.isConcluded {
        lateRequests.insert(request.id)
      }
    case .answered(let step, _), .timerFired(.question(let step)):
      if let asked = replay.state?.asked(byStep: Int(step)) { answers[asked.sequence] = asked }
    case .runReopened: (hasCancel, hasForcedCancel) = (false, false)
    default: break
    }
  }
}
