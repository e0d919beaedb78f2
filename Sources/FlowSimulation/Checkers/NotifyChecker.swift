import FlowCore
import FlowRuntime
import FlowStorage

/// Notices begin when what the run has come to is durable, and change nothing of that. Each runs at least
/// once in each round that ends as it tells, whatever happens to engines, and is told how it ended; a cancel
/// by force that comes later can end it. In other rounds it does not run. One that tells of a run that takes
/// long begins when that time has passed, if the run has not come to its end, and ends by force alone.
final class NotifyChecker {
  private let definition: WorkflowDefinition
  private let selected: SelectedSteps
  private var ends: StepEnds

  // Of this round.

  private var concluded: RunOutcome?
  /// Whether a cancel by force has come since.
  private var isForced = false
  /// By step: attempts that were scheduled, without those that were withdrawn.
  private var attempts: [Int]
  /// By step: the key by which a service recognizes the notice.
  private var keys: [Int32: String] = [:]
  /// Of slow notices, when their time is over, by the clock of this boot.
  private var slow: [Int32: Instant] = [:]
  /// Those of them whose time was over.
  private var late: Set<Int32> = []
  /// Whether any cancel by force has come.
  private var wasForced = false
  /// What the run or the round before came to.
  private var before: RunOutcome?
  private var bootID: String?
  private var lastMoment: Moment?
  /// Of the engine that lives. The first two take in no time that has passed.
  private var wakeUps = 0
  /// Those of earlier rounds.
  private var usedKeys: Set<String> = []

  init(_ definition: WorkflowDefinition, without unselected: StepSet = StepSet()) {
    self.definition = definition
    selected = SelectedSteps(definition, without: unselected)
    ends = StepEnds(selected)
    attempts = [Int](repeating: 0, count: definition.steps.count)
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event) throws(Violation) {
    defer { lastMoment = event.moment }
    let wasGivenUp = ends.isGivenUp
    ends.learn(event)
    if event.startsWakeUp {
      try checkNoneIsLate(event)
      wakeUps += 1
    }
    switch event.body {
    case .runCreated(let created): before = created.previousOutcome
    // The last one counts.
    case .definitionPart: arm(event.moment)
    case .engineStarted(let engine):
      began(engine, event.moment)
      wakeUps = 1
    case .timerFired(.slow(let step)): try takesLong(step, event.moment.monotonic)
    case .attemptScheduled(let attempt):
      attempts[Int(attempt.step)] += 1
      try checkBegins(attempt.step)
    case .attemptWithdrawn(let attempt):
      attempts[Int(attempt.step)] -= 1
      // Nothing has used the key.
      if attempts[Int(attempt.step)] == 0 { keys[attempt.step] = nil }
    case .cancelRequested(let request):
      if request.force { wasForced = true }
      if concluded != nil, request.force { isForced = true }
    case .runConcluded(let outcome): try concludes(as: outcome)
    case .runStopping, .runConcluding:
      if concluded != nil {
        throw Violation(.notify, "the run has come to its end, and begins another")
      }
    case .stopRequested(let attempt, _): try checkMayBeEnded(attempt.step, "is stopped")
    case .stepFinished(let step, .cancelled): try checkMayBeEnded(step, "is cancelled")
    case .stepSkipped(let step, let reason): try checkSkipped(step, reason)
    case .runFinished(let outcome): try finishes(as: outcome)
    case .runReopened:
      if !wasGivenUp { before = concluded }
      concluded = nil
      isForced = false
      wasForced = false
      arm(event.moment)
      usedKeys.formUnion(keys.values)
      keys = [:]
      for index in attempts.indices { attempts[index] = 0 }
    default: break
    }
  }

  private func isNotice(_ step: Int32) -> Bool { definition.isNotify(Int(step)) }

  private func isSlow(_ step: Int32) -> Bool { definition.isSlowNotice(Int(step)) }

  /// Begins a round.
  private func arm(_ now: Moment) {
    (slow, late) = ([:], [])
    for step in definition.notifySteps {
      if let time = definition.extras(ofStep: step).notice?.slowMilliseconds {
        slow[Int32(step)] = now.monotonic.advanced(byMilliseconds: time)
      }
    }
  }

  /// In another boot the rest of each time continues, less the wall time since.
  private func began(_ engine: EngineStarted, _ now: Moment) {
    defer { bootID = engine.host.bootID }
    guard let bootID, bootID != engine.host.bootID, let last = lastMoment else { return }
    let passed = max(0, now.wall.microseconds - last.wall.microseconds)
    for step in definition.notifySteps.map(Int32.init) {
      guard let end = slow[step] else { continue }
      let rest = max(0, end.microseconds - last.monotonic.microseconds)
      slow[step] = now.monotonic.advanced(byMicroseconds: max(0, rest - passed))
    }
  }

  private func takesLong(_ step: Int32, _ now: Instant) throws(Violation) {
    guard let end = slow[step], now >= end, !late.contains(step), concluded == nil, !wasForced
    else { throw Violation(.notify, "the time of \(id(step)) passes, and cannot") }
    late.insert(step)
  }

  /// An engine that has looked at the clock has seen it.
  private func checkNoneIsLate(_ event: Event) throws(Violation) {
    guard let last = lastMoment, wakeUps > 2, concluded == nil, !wasForced else { return }
    // What was due while no engine lived comes next.
    if case .engineStarted = event.body { return }
    let missed = slow.filter { $0.value <= last.monotonic && !late.contains($0.key) }.keys.min()
    guard let missed else { return }
    throw Violation(.notify, "the time of \(id(missed)) was over, and nothing follows")
  }

  /// Whether a notice tells of such an end, by the definition and what came before alone.
  private func isWanted(_ step: Int, _ outcome: RunOutcome) -> Bool {
    let outcomes = definition.extras(ofStep: step).notice?.outcomes ?? []
    if outcomes.contains(.recovered), outcome == .succeeded, let before, before != .succeeded {
      return true
    }
    return switch outcome {
    case .succeeded: outcomes.contains(.succeeded)
    case .failed: outcomes.contains(.failed)
    case .cancelled: outcomes.contains(.cancelled)
    }
  }

  private func checkBegins(_ step: Int32) throws(Violation) {
    if isSlow(step) {
      if late.contains(step), !wasForced { return }
      throw Violation(.notify, "\(id(step)) is scheduled, and the run does not take long")
    }
    guard isNotice(step) == (concluded != nil) else {
      let what = concluded == nil ? "has not come to its end" : "has come to its end"
      throw Violation(.notify, "\(id(step)) is scheduled, and the run \(what)")
    }
    guard let concluded, isNotice(step) else { return }
    if isForced { throw Violation(.notify, "\(id(step)) is scheduled after a cancel by force") }
    if !isWanted(Int(step), concluded) {
      throw Violation(.notify, "\(id(step)) is scheduled, and the run \(concluded)")
    }
  }

  private func concludes(as outcome: RunOutcome) throws(Violation) {
    if concluded != nil { throw Violation(.notify, "the run comes to its end twice") }
    if let open = (0..<definition.firstNotify).first(where: { ends.ends[$0] == nil }) {
      throw Violation(.notify, "the run comes to its end, and \(id(Int32(open))) has none")
    }
    concluded = outcome
  }

  private func checkMayBeEnded(_ step: Int32, _ fact: String) throws(Violation) {
    if !isNotice(step) || isForced || isSlow(step) && wasForced { return }
    throw Violation(.notify, "\(id(step)) \(fact), and no cancel by force came while it ran")
  }

  private func checkSkipped(_ step: Int32, _ reason: SkipReason) throws(Violation) {
    switch reason {
    case .runStopping: try checkMayBeEnded(step, "is skipped for a stop")
    case .nothingToTell:
      guard isNotice(step), let concluded,
        isSlow(step) ? !late.contains(step) : !isWanted(Int(step), concluded)
      else {
        throw Violation(.notify, "\(id(step)) is skipped, and has something to tell")
      }
    case .notSelected: break
    case .need, .condition, .nothingFailed, .noItems, .removed, .siblingsFailed:
      if isNotice(step) { throw Violation(.notify, "\(id(step)) is skipped like another step") }
    }
  }

  private func finishes(as outcome: RunOutcome) throws(Violation) {
    guard definition.hasNotify, !ends.isGivenUp else { return }
    guard outcome == concluded else {
      throw Violation(
        .notify,
        "the run is \(outcome), and notices told of \(concluded.map { "\($0)" } ?? "nothing")")
    }
    for step in definition.notifySteps where selected.contains(step) {
      let hasRun = attempts[step] > 0
      let isDue = isSlow(Int32(step)) ? late.contains(Int32(step)) : isWanted(step, outcome)
      let mayLack = isForced || isSlow(Int32(step)) && wasForced
      if isDue != hasRun, !mayLack {
        throw Violation(
          .notify, "the run \(outcome), and \(id(Int32(step))) \(hasRun ? "ran" : "did not run")")
      }
    }
  }

  /// What a notice is told of the run.
  func check(
    _ variables: [EnvironmentVariable], ofStep step: Int32, in folder: RunFolder,
    failure: (String) -> [UInt8]?
  ) throws(Violation) {
    guard isNotice(step) else { return }
    func value(_ name: String) -> String? { variables.last { $0.name == name }?.value }
    let isCompared = definition.tellsOfRecovery
    guard value("FLOW_PREVIOUS_OUTCOME") == (isCompared ? before.map { "\($0)" } : nil) else {
      throw Violation(.notify, "\(id(step)) is compared with another outcome")
    }
    if isSlow(step) {
      guard value("FLOW_OUTCOME") == nil, value("FLOW_NOTICE") == "slow" else {
        throw Violation(.notify, "\(id(step)) is told of an end")
      }
      return try checkKey(value("FLOW_IDEMPOTENCY_KEY"), ofStep: step)
    }
    guard value("FLOW_NOTICE") == concluded.map({ news($0, ofNotice: Int(step)) }) else {
      throw Violation(.notify, "\(id(step)) is told \(value("FLOW_NOTICE") ?? "nothing")")
    }
    guard let concluded, value("FLOW_OUTCOME") == "\(concluded)" else {
      throw Violation(.notify, "\(id(step)) is told another outcome than the run has")
    }
    let failed = (0..<definition.firstNotify).filter {
      ends.ends[$0] == .failed && !definition.settings(ofStep: $0).allowFailure
    }
    guard value("FLOW_FAILED_STEPS") == failed.map({ id(Int32($0)) }).joined(separator: " ") else {
      throw Violation(
        .notify, "\(id(step)) is told that \(value("FLOW_FAILED_STEPS") ?? "nothing") failed")
    }
    try checkKey(value("FLOW_IDEMPOTENCY_KEY"), ofStep: step)
    // Without space there is no other.
    guard let path = value("FLOW_FAILURE"), path != "/dev/null" else { return }
    guard path == folder.failure, concluded != .succeeded else {
      throw Violation(.notify, "\(id(step)) is told of a failure in \(path)")
    }
    guard let bytes = failure(path) else { return }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard lines.first?.hasSuffix(": \(concluded)") == true else {
      throw Violation(.notify, "the file of the failure says: \(lines.joined(separator: " / "))")
    }
  }

  private func news(_ outcome: RunOutcome, ofNotice step: Int) -> String {
    let tells = definition.extras(ofStep: step).notice?.outcomes.contains(.recovered) == true
    let recovers = outcome == .succeeded && (before ?? .succeeded) != .succeeded
    return tells && recovers ? "recovered" : "\(outcome)"
  }

  /// All attempts of a round have the same, and no other round and no other notice has it.
  private func checkKey(_ key: String?, ofStep step: Int32) throws(Violation) {
    guard let key, keys[step, default: key] == key, !usedKeys.contains(key),
      !keys.contains(where: { $0.key != step && $0.value == key })
    else {
      throw Violation(.notify, "\(id(step)) has the key \(key ?? "of none")")
    }
    keys[step] = key
  }

  private func id(_ step: Int32) -> String { definition.steps[Int(step)].id }
}

extension NotifyChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { try learn(event) }

  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    guard let run = world.run else { return }
    try check(request.environment, ofStep: request.attempt.step, in: run.folder) {
      world.contentToJudge(at: $0)
    }
  }
}
