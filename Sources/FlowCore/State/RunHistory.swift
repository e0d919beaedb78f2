/// The read model of a run: the state that `Replay` rebuilds, plus facts that no decision depends
/// on, such as times and the end of each attempt.
package struct RunHistory: EventFold, Equatable, Sendable {
  /// How much detail of a history is kept.
  package enum Detail: Sendable {
    /// The last attempt of each step: memory is bounded by the workflow, not by the history.
    case lastAttempts
    case allAttempts
    /// All attempts from their intents on, with all times.
    case times
  }

  var replay = Replay()
  private let detail: Detail
  /// Nil before the first event, as are the times.
  package private(set) var runID: String?
  package private(set) var startedAt: WallTime?
  /// Nil while the run is unfinished.
  package private(set) var finishedAt: WallTime?
  /// When the round began that the run is in, or ended with; the first begins with the run.
  package private(set) var roundStartedAt: WallTime?
  package private(set) var roundCount = 0
  /// How long the rounds before it took, without the rests between them.
  private var earlierRoundsMicroseconds: Int64 = 0
  /// Why the run was stopped; nil if it was not.
  package private(set) var stopReason: StopReason?
  package private(set) var time = RunTime()
  /// The last event; nil before the first.
  package private(set) var last: RunPoint?
  package private(set) var lastSequence: Int64 = 0

  var attempts: [KeptAttempt] = []
  /// By step: the index of its last attempt in `attempts`, or `none`.
  var lastAttempts: [Int32] = []
  /// By step: the need because of which it was skipped, or `none`.
  var skippedFor: [Int32] = []
  /// By step: what its condition asked for when it was false.
  var refusals: [Int32: [ConditionInput]] = [:]

  // Only with times.

  package internal(set) var lives: [Life] = []
  package internal(set) var rounds: [Round] = []
  package internal(set) var marks: [Mark] = []
  /// By index in `attempts`.
  var attemptTimes: [AttemptTimes] = []
  /// By step.
  var steps: [KeptStep] = []
  /// By node: of each round in which its items became known.
  var expansions: [Int: [ItemsTime]] = [:]

  static let none: Int32 = -1

  /// An attempt in one array for all steps: an array per step would take a million allocations for
  /// a million steps.
  struct KeptAttempt: Equatable, Sendable {
    let id: AttemptID
    /// The index of the step's previous attempt, or `none`.
    let previous: Int32
    let task: AttemptTask
    /// Withdrawn before any process of it was started; then it does not count as an attempt.
    var isWithdrawn = false
    /// A time before the start of the run means unknown: an optional would take more memory.
    private var launch = RunPoint(elapsed: -1, wall: WallTime(microseconds: 0))
    var end: AttemptEnd?

    init(_ id: AttemptID, _ task: AttemptTask, previous: Int32) {
      self.id = id
      self.task = task
      self.previous = previous
    }

    /// Whether it publishes, and has not failed.
    var isUnremarkable: Bool {
      guard task.publishes else { return false }
      switch end.map({ AttemptConclusion($0, of: task) }) {
      case nil, .succeeded, .reused, .lost, .interrupted: return true
      case .failed, .cancelled, .workGone, .unkillable: return false
      }
    }

    var launchedAt: RunPoint? { launch.elapsed < 0 ? nil : launch }

    mutating func launched(at point: RunPoint) { launch = point }
  }

  struct KeptStep: Equatable, Sendable {
    /// Since when it is ready; nil if it is not.
    var readySince: RunPoint?
    /// When it asked in this round.
    var askedAt: RunPoint?
    var settledAt: RunPoint?
    /// When it settled in the previous round.
    var settledBefore: RunPoint?
    var wasStopped = false
  }

  package init(keeping detail: Detail) {
    self.detail = detail
  }

  /// The state so far; nil before the definition is complete.
  package var state: RunState? { replay.state }

  /// How long the round has taken up to a time; zero if the clock was set back.
  package func roundMicroseconds(until end: WallTime) -> Int64 {
    roundStartedAt.map { DurationText.microseconds(from: $0, to: end) } ?? 0
  }

  /// The same of all rounds together, without the rests between them.
  package func totalMicroseconds(until end: WallTime) -> Int64 {
    DurationText.sum(earlierRoundsMicroseconds, roundMicroseconds(until: end))
  }

  var keepsTimes: Bool { detail == .times }
  var keepsAllAttempts: Bool { detail != .lastAttempts }

  /// Applies the next event.
  ///
  /// - Throws: `HistoryError` if the event cannot follow; then the history is unusable.
  package mutating func apply(_ event: Event) throws(HistoryError) {
    try replay.apply(event)
    let point = time.advance(to: event)
    last = point
    lastSequence = event.sequence
    switch event.body {
    case .runCreated(let created):
      runID = created.runID
      startedAt = point.wall
      roundStartedAt = point.wall
      roundCount = 1
    case .definitionPart:
      if lastAttempts.isEmpty, let count = replay.inspect({ $0.steps.count }) {
        lastAttempts = Array(repeating: Self.none, count: count)
        skippedFor = lastAttempts
      }
    case .runReopened: reopened(at: point.wall)
    case .attemptLaunched(let attempt, _): launched(attempt, at: point)
    case .attemptFound(let attempt, .running(_, let microseconds)):
      launched(attempt, at: point.before(byMicroseconds: microseconds))
    case .attemptEnded(let attempt, let end): ended(attempt, end, at: point)
    case .stepExpanded:
      let count = replay.inspect { $0.steps.count } ?? lastAttempts.count
      let more = Array(repeating: Self.none, count: count - lastAttempts.count)
      lastAttempts += more
      skippedFor += more
    case .stepSkipped(let step, .need(let need)): skippedFor[Int(step)] = need
    case .stepSkipped(let step, .condition(let inputs)): refusals[step] = inputs
    case .runStopping(let reason): stopReason = reason
    case .runFinished: finishedAt = point.wall
    default: break
    }
    if keepsTimes { note(event, at: point) }
  }

  private mutating func reopened(at wall: WallTime) {
    if let finishedAt { earlierRoundsMicroseconds = totalMicroseconds(until: finishedAt) }
    roundStartedAt = wall
    roundCount += 1
    finishedAt = nil
    stopReason = nil
    for step in skippedFor.indices
    where replay.inspect({ !$0.steps[step].isSettled }) == true {
      skippedFor[step] = Self.none
      refusals[Int32(step)] = nil
    }
  }

  /// A launch is reported once, or found by a later engine if the previous one did not record it.
  private mutating func launched(_ attempt: AttemptID, at point: RunPoint) {
    if !keepsAllAttempts, isOfPublication(attempt) { return }
    let place = place(of: attempt)
    if attempts[place].launchedAt == nil { attempts[place].launched(at: point) }
  }

  private mutating func ended(_ attempt: AttemptID, _ end: AttemptEnd, at point: RunPoint) {
    if !keepsAllAttempts, isOfPublication(attempt) {
      var publication = KeptAttempt(attempt, .publication, previous: Self.none)
      publication.end = end
      if publication.isUnremarkable { return }
    }
    let place = place(of: attempt)
    attempts[place].end = end
    // A lost attempt may never have been launched.
    if end.result == .lost { return }
    // The launch was recorded when it was reported; the monitor measures from the launch itself.
    let measured = point.before(byMicroseconds: end.durationMicroseconds)
    let earliest = keepsTimes ? attemptTimes[place].scheduledAt : measured
    let start = measured.elapsed < earliest.elapsed ? earliest : measured
    if attempts[place].launchedAt.map({ start.elapsed < $0.elapsed }) ?? true {
      attempts[place].launched(at: start)
    }
  }

  private mutating func isOfPublication(_ attempt: AttemptID) -> Bool {
    replay.inspect { state in
      let step = state.steps[Int(attempt.step)]
      return step.attempt == attempt.number && step.publishes
    } == true
  }

  /// The index of a step's last attempt. With times, the intent creates it; without, its first fact
  /// does: until then, the previous attempt is the last one with facts.
  private mutating func place(of attempt: AttemptID) -> Int {
    let last = lastAttempts[Int(attempt.step)]
    return last != Self.none && attempts[Int(last)].id == attempt ? Int(last) : add(attempt)
  }

  /// - Returns: the index of the new attempt.
  mutating func add(_ attempt: AttemptID) -> Int {
    let step = Int(attempt.step)
    let last = lastAttempts[step]
    let task = replay.inspect { $0.steps[step].task } ?? .command
    if !keepsAllAttempts, last != Self.none {
      attempts[Int(last)] = KeptAttempt(attempt, task, previous: Self.none)
      return Int(last)
    }
    lastAttempts[step] = Int32(attempts.count)
    attempts.append(KeptAttempt(attempt, task, previous: last))
    return attempts.count - 1
  }
}
