import FlowCore

/// Compares what really ran with what the history says of it, when the run has ended and nothing of
/// it has anything left to do.
final class LedgerChecker {
  private let definition: WorkflowDefinition
  /// What the durable history says of attempts.
  private var ends: [AttemptID: AttemptEnd] = [:]

  init(_ definition: WorkflowDefinition) {
    self.definition = definition
  }

  /// - Parameters:
  ///   - ends: what the history says of attempts.
  ///   - slack: how long a monitor may take for what should take no time, in microseconds.
  static func check(
    _ ledger: Ledger, _ definition: WorkflowDefinition, ends: [AttemptID: AttemptEnd],
    slackMicroseconds slack: Int64
  ) throws(Violation) {
    for entry in ledger.entries where entry.isStarted {
      let settings = definition.settings(ofStep: Int(entry.attempt.step))
      let name = "\(definition.steps[Int(entry.attempt.step)].id)#\(entry.attempt.number)"
      guard let end = ends[entry.attempt] else {
        throw Violation(.truth, "\(name) ran, and the history does not say how it ended")
      }
      try checkGone(entry, end, settings, name)
      try checkInTime(entry, settings, name, slack)
    }
  }

  private static func checkGone(
    _ entry: Ledger.Entry, _ end: AttemptEnd, _ settings: StepSettings, _ name: String
  ) throws(Violation) {
    if end.unkillable > 0 { return }
    let mayStay =
      settings.stragglers == .keep && end.cause == .byItself && !end.wasInterrupted
      && !entry.commandRuns
    if entry.living + entry.unkillable > 0, !mayStay {
      throw Violation(.orphans, "\(name) runs on after the end of the run")
    }
  }

  /// While its monitor lives, an attempt ends within its timeout and grace, and within its grace
  /// after it was stopped.
  private static func checkInTime(
    _ entry: Ledger.Entry, _ settings: StepSettings, _ name: String, _ slack: Int64
  ) throws(Violation) {
    guard let startedAt = entry.startedAt, !entry.wasMonitorKilled, !entry.lostPower,
      !entry.hadUnkillable, !entry.wasMonitorStopped
    else { return }
    // Processes that may stay do not count.
    let goneAt = settings.stragglers == .keep ? entry.endedAt : entry.clearedAt
    guard let goneAt else { return }
    let bound = settings.killGraceMilliseconds * 1_000 + slack
    if let timeout = settings.timeoutMilliseconds, !entry.task.publishes,
      goneAt > startedAt.advanced(byMicroseconds: timeout * 1_000 + bound)
    {
      throw Violation(.timeout, "\(name) outlives its timeout and grace")
    }
    if let askedAt = entry.stopAskedAt, !entry.task.publishes,
      goneAt > max(askedAt, startedAt).advanced(byMicroseconds: bound)
    {
      throw Violation(.cancel, "\(name) outlives its grace after it was stopped")
    }
    if let askedAt = entry.forceAskedAt,
      goneAt > max(askedAt, startedAt).advanced(byMicroseconds: slack)
    {
      throw Violation(.cancel, "\(name) outlives the order to kill it")
    }
  }
}

extension LedgerChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) {
    if case .attemptEnded(let attempt, let end) = event.body { ends[attempt] = end }
  }

  func settled(in world: World) throws(Violation) {
    try Self.check(
      world.ledger, definition, ends: ends, slackMicroseconds: world.slackMicroseconds)
    if world.processes.hasKeepers {
      throw Violation(.orphans, "a launcher or monitor lives on after the end of the run")
    }
  }
}
