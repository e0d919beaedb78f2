import FlowCore
import FlowRuntime
import FlowStorage

/// Compares what the history says of an attempt, when it says so, with what really happened.
final class EndChecker {
  private let definition: WorkflowDefinition
  /// How long a monitor may take for what should take no time, in microseconds.
  private let slack: Int64
  private let policy: Policy
  /// In which host context each attempt was scheduled.
  private var hosts: [AttemptID: HostContext] = [:]
  /// Of the engine that recorded the last event.
  private var host: HostContext?

  init(
    _ definition: WorkflowDefinition, slackMicroseconds: Int64, policy: Policy = .current
  ) {
    self.definition = definition
    self.policy = policy
    slack = slackMicroseconds
  }

  /// Takes in an event that is durable.
  ///
  /// - Parameter current: where the engine is now.
  func learn(
    _ event: Event, _ ledger: Ledger, host current: HostContext, at now: WorldTime
  ) throws(Violation) {
    switch event.body {
    case .engineStarted(let engine): host = engine.host
    case .attemptScheduled(let attempt): hosts[attempt] = host
    case .attemptFound(let attempt, .running):
      let fact: String? =
        switch ledger.entries.last(where: { $0.attempt == attempt }) {
        case nil: "never began"
        // What an engine has found before the loss may have become durable after it.
        case let entry? where entry.lostPower && host == current: "lost power"
        default: nil
        }
      if let fact {
        throw Violation(.truth, "\(name(of: attempt)) is said to run, and \(fact)")
      }
    case .attemptEnded(let attempt, let end):
      let entry = ledger.entries.last { $0.attempt == attempt }
      let isElsewhere = hosts[attempt] != current || entry?.lostPower == true
      do throws(Mismatch) { try check(end, entry, isElsewhere: isElsewhere, at: now) } catch {
        throw Violation(
          .truth, "\(name(of: attempt)) is said to have ended (\(end)), and \(error.fact)")
      }
    default: break
    }
  }

  private func name(of attempt: AttemptID) -> String {
    "\(definition.steps[Int(attempt.step)].id)#\(attempt.number)"
  }

  private struct Mismatch: Error {
    let fact: String
  }

  private func check(
    _ end: AttemptEnd, _ entry: Ledger.Entry?, isElsewhere: Bool, at now: WorldTime
  ) throws(Mismatch) {
    if let entry { try checkNothingIsLeft(end, entry) }
    switch end.result {
    case .lost:
      let isPlausible =
        isElsewhere || entry?.wasMonitorKilled == true || entry?.lacksRecord == true
        || policy < .second && entry?.toldToEndAt.isEmpty == false
      if !isPlausible { throw Mismatch(fact: "its monitor noted how") }
    case .launchFailed(let failure):
      try checkNotStarted(failure, entry)
    case .exited, .signalled:
      guard let entry, entry.isStarted else { throw Mismatch(fact: "it was never started") }
      // An attempt that was given up has no result of its own.
      let isGivenUp = end.unkillable > 0 && end.result == .signalled(signal: 9)
      if entry.result != end.result && !isGivenUp {
        throw Mismatch(fact: "it \(entry.result.map { "\($0)" } ?? "still runs")")
      }
      if end.stragglers > entry.descendants {
        throw Mismatch(fact: "it started \(entry.descendants) processes")
      }
      try checkCause(end, entry, at: now)
    }
  }

  private func checkNothingIsLeft(
    _ end: AttemptEnd, _ entry: Ledger.Entry
  ) throws(Mismatch) {
    if end.unkillable > 0 { return }
    let policy = definition.settings(ofStep: Int(entry.attempt.step)).stragglers
    let mayStay =
      policy == .keep && end.cause == .byItself && !end.wasInterrupted && !entry.commandRuns
      && end.result != .lost
    if !mayStay, entry.living + entry.unkillable > 0 {
      throw Mismatch(fact: "\(entry.living + entry.unkillable) of its processes live")
    }
  }

  private func checkNotStarted(
    _ failure: LaunchFailure, _ entry: Ledger.Entry?
  ) throws(Mismatch) {
    if failure.operation == .fork, Errno(rawValue: failure.errno).shortage != nil {
      throw Mismatch(fact: "the machine only lacked a process for a while")
    }
    switch failure.operation {
    case .createRecord, .fork, .readSecret, .useSecret, .makeInputs, .makeStage, .useFiles:
      if entry?.isStarted == true { throw Mismatch(fact: "it was started") }
    case .createOutput, .changeDirectory, .execute, .makeSecret, .makeOutputs:
      if entry?.result != .launchFailed(failure) { throw Mismatch(fact: "nothing failed so") }
    }
  }

  private func checkCause(
    _ end: AttemptEnd, _ entry: Ledger.Entry, at now: WorldTime
  ) throws(Mismatch) {
    guard let startedAt = entry.startedAt else { return }
    let ran = (entry.endedAt ?? now).microseconds - startedAt.microseconds
    let settings = definition.settings(ofStep: Int(entry.attempt.step))
    let timeout = settings.timeoutMilliseconds.map { $0 * 1_000 }
    switch end.cause {
    case .byItself where entry.wasMonitorStopped: break
    // It has no deadline, and once it has begun to put files in place it does not let itself be stopped.
    case .byItself where entry.task.publishes: break
    case .byItself:
      if let timeout, ran > timeout + slack { throw Mismatch(fact: "it passed its deadline") }
      if let asked = entry.stopAskedAt ?? entry.forceAskedAt, let endedAt = entry.endedAt,
        endedAt > max(asked, startedAt).advanced(byMicroseconds: slack)
      {
        throw Mismatch(fact: "it was stopped")
      }
    case .deadline:
      guard let timeout, ran + slack >= timeout else {
        throw Mismatch(fact: "its deadline had not come")
      }
    case .stop: if entry.stopAskedAt == nil { throw Mismatch(fact: "it was never stopped") }
    case .force: if entry.forceAskedAt == nil { throw Mismatch(fact: "it was never killed") }
    }
  }
}

extension EndChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) {
    try learn(event, world.ledger, host: world.host, at: world.now)
  }
}
