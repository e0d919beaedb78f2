/// What a run's events tell people: the state that `Replay` rebuilds, and besides it what no decision
/// depends on, such as when things happened and how each attempt ended.
package struct RunHistory: EventFold, Equatable, Sendable {
  /// How much is kept of a history.
  package enum Detail: Sendable {
    /// The last attempt of each step: bounded by the workflow, however long the history is.
    case lastAttempts
    case allAttempts
    /// All attempts, from their intents on, and when everything happened.
    case times
  }

  var replay = Replay()
  private let detail: Detail
  /// Nil before the first event, as are the times.
  package private(set) var runID: String?
  package private(set) var startedAt: WallTime?
  /// Nil while the run has no end.
  package private(set) var finishedAt: WallTime?
  /// Why no more attempts were scheduled; nil where the run was left to come to its own end.
  package private(set) var stopReason: StopReason?
  package private(set) var time = RunTime()
  /// The last event; nil before the first.
  package private(set) var last: RunPoint?
  package private(set) var lastSequence: Int64 = 0

  var attempts: [KeptAttempt] = []
  /// By step: the place of its last attempt in `attempts`, or `none`.
  var lastAttempts: [Int32] = []
  /// By step: the need that it was skipped for, or `none`.
  var skippedFor: [Int32] = []

  // Only where times are kept.

  package internal(set) var lives: [Life] = []
  package internal(set) var rounds: [Round] = []
  package internal(set) var marks: [Mark] = []
  /// By place in `attempts`.
  var attemptTimes: [AttemptTimes] = []
  /// By step.
  var steps: [KeptStep] = []

  static let none: Int32 = -1

  /// An attempt in the one array for all steps: an array for each step would cost a million steps a
  /// million allocations.
  struct KeptAttempt: Equatable, Sendable {
    let id: AttemptID
    /// The place of the step's attempt before, or `none`.
    let previous: Int32
    /// Whether it asked the step's probe.
    let isProbe: Bool
    /// Given up before anything of it was started; then it is no attempt.
    var isWithdrawn = false
    /// Before the start of the run where it is not known: an optional would take more room.
    private var launch = RunPoint(elapsed: -1, wall: WallTime(microseconds: 0))
    var end: AttemptEnd?

    init(_ id: AttemptID, isProbe: Bool, previous: Int32) {
      self.id = id
      self.isProbe = isProbe
      self.previous = previous
    }

    var launchedAt: RunPoint? {
      get { launch.elapsed < 0 ? nil : launch }
      set { launch = newValue ?? RunPoint(elapsed: -1, wall: WallTime(microseconds: 0)) }
    }
  }

  struct KeptStep: Equatable, Sendable {
    /// Since when it is ready; nil where it is not.
    var readySince: RunPoint?
    var settledAt: RunPoint?
    /// When it had its end in the round before.
    var settledBefore: RunPoint?
    var wasStopped = false
  }

  package init(keeping detail: Detail) {
    self.detail = detail
  }

  /// The state so far; nil before the definition is complete.
  package var state: RunState? { replay.state }

  var keepsTimes: Bool { detail == .times }
  var keepsAllAttempts: Bool { detail != .lastAttempts }

  /// Takes in the next event.
  ///
  /// - Throws: `HistoryError` where the event cannot follow; then the history is of no more use.
  package mutating func apply(_ event: Event) throws(HistoryError) {
    try replay.apply(event)
    let point = time.advance(to: event)
    last = point
    lastSequence = event.sequence
    switch event.body {
    case .runCreated(let created):
      runID = created.runID
      startedAt = point.wall
    case .definitionPart: if lastAttempts.isEmpty { begin() }
    case .runReopened: reopened()
    case .attemptLaunched(let attempt, _): launched(attempt, at: point)
    case .attemptFound(let attempt, .running(_, let microseconds)):
      launched(attempt, at: point.before(byMicroseconds: microseconds))
    case .attemptEnded(let attempt, let end): ended(attempt, end, at: point)
    case .stepSkipped(let step, .need(let need)): skippedFor[Int(step)] = need
    case .runStopping(let reason): stopReason = reason
    case .runFinished: finishedAt = point.wall
    default: break
    }
    if keepsTimes { note(event, at: point) }
  }

  private mutating func begin() {
    guard let count = replay.inspect({ $0.steps.count }) else { return }
    lastAttempts = Array(repeating: Self.none, count: count)
    skippedFor = lastAttempts
  }

  private mutating func reopened() {
    finishedAt = nil
    stopReason = nil
    for step in skippedFor.indices { skippedFor[step] = Self.none }
  }

  /// A launch is reported once, or found by a later engine whose predecessor did not record it.
  private mutating func launched(_ attempt: AttemptID, at point: RunPoint) {
    let place = place(of: attempt)
    if attempts[place].launchedAt == nil { attempts[place].launchedAt = point }
  }

  private mutating func ended(_ attempt: AttemptID, _ end: AttemptEnd, at point: RunPoint) {
    let place = place(of: attempt)
    attempts[place].end = end
    // A lost attempt may never have been launched.
    if end.result == .lost { return }
    // The launch was recorded when it was reported; the monitor measured from the launch itself.
    let measured = point.before(byMicroseconds: end.durationMicroseconds)
    let earliest = keepsTimes ? attemptTimes[place].scheduledAt : measured
    let start = measured.elapsed < earliest.elapsed ? earliest : measured
    if attempts[place].launchedAt.map({ start.elapsed < $0.elapsed }) ?? true {
      attempts[place].launchedAt = start
    }
  }

  /// The place of a step's last attempt. Where times are kept an intent has made it, else its first
  /// fact does: until then the attempt before is the last of which there is something to tell.
  func knownPlace(of attempt: AttemptID) -> Int? {
    let last = lastAttempts[Int(attempt.step)]
    return last != Self.none && attempts[Int(last)].id == attempt ? Int(last) : nil
  }

  private mutating func place(of attempt: AttemptID) -> Int {
    knownPlace(of: attempt) ?? add(attempt)
  }

  /// - Returns: the place of the new attempt.
  mutating func add(_ attempt: AttemptID) -> Int {
    let step = Int(attempt.step)
    let last = lastAttempts[step]
    let isProbe = replay.inspect { $0.steps[step].asksProbe } ?? false
    if !keepsAllAttempts, last != Self.none {
      attempts[Int(last)] = KeptAttempt(attempt, isProbe: isProbe, previous: Self.none)
      return Int(last)
    }
    lastAttempts[step] = Int32(attempts.count)
    attempts.append(KeptAttempt(attempt, isProbe: isProbe, previous: last))
    return attempts.count - 1
  }
}
