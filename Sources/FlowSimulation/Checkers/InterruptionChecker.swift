import FlowCore
import FlowRuntime

/// An attempt that the system ended uses up no retry, and the engine that learns of it launches
/// nothing for a while. Whether the system ended an attempt is judged by what its monitor heard.
final class InterruptionChecker {
  private let definition: WorkflowDefinition
  /// How long a monitor may take for what should take no time, in microseconds.
  private let slack: Int64
  /// Steps whose last attempt was interrupted, before what follows from that.
  private var interrupted: Set<Int32> = []
  private var policy = Policy.current
  private var isTakingOver = false
  /// Until when nothing may be launched, by the clock of this boot.
  private var pausedUntil: Instant?
  private var launched: Set<AttemptID> = []
  private var tasks: AttemptTasks

  private static let pauseMicroseconds: Int64 = 30_000_000
  /// How long before or after an end that SIGTERM explains the SIGTERM to the monitor counts, however
  /// short the grace is.
  private static let lateMicroseconds: Int64 = 500_000
  /// More than any world lasts.
  private static let publicationGraceMilliseconds: Int64 = 1_000_000_000_000

  init(_ definition: WorkflowDefinition, slackMicroseconds: Int64) {
    self.definition = definition
    slack = slackMicroseconds
    tasks = AttemptTasks(definition)
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event, _ ledger: Ledger) throws(Violation) {
    if event.startsWakeUp { isTakingOver = false }
    tasks.learn(event.body)
    switch event.body {
    case .runCreated(let created): policy = Policy(rawValue: created.policyVersion) ?? .current
    case .engineStarted:
      isTakingOver = true
      pausedUntil = nil
    case .attemptEnded(let attempt, let end):
      if let entry = ledger.entries.last(where: { $0.attempt == attempt }) {
        try check(end, entry)
      } else if end.wasInterrupted {
        throw Violation(.interruption, "\(name(attempt)) was interrupted, and never began")
      }
      // Of a publication what it says itself counts, whatever it has heard.
      let task = tasks[attempt.step]
      let hasAnswered = task.publishes && AttemptConclusion(end, of: task) != .interrupted
      if end.wasInterrupted, end.unkillable == 0, !hasAnswered {
        ended(attempt, at: event.moment.monotonic)
      }
    case .attemptScheduled(let attempt):
      if let pausedUntil, event.moment.monotonic < pausedUntil {
        throw Violation(
          .interruption, "\(name(attempt)) is scheduled right after an attempt was interrupted")
      }
    case .retryScheduled(let attempt, _):
      if interrupted.contains(attempt.step) {
        throw Violation(.interruption, "\(name(attempt)) was interrupted, and uses up a retry")
      }
    case .rerunScheduled(let attempt), .probeScheduled(let attempt),
      .publishScheduled(let attempt, _):
      interrupted.remove(attempt.step)
    case .stepFinished(let step, let outcome):
      let wasInterrupted = interrupted.remove(step) != nil
      let mayFail = definition.settings(ofStep: Int(step)).onLost == .fail
      if wasInterrupted, outcome == .succeeded || outcome == .failed && !mayFail {
        throw Violation(
          .interruption, "\(definition.steps[Int(step)].id) \(outcome) by an interrupted attempt")
      }
    // Then nothing more is launched.
    case .runStopping
    where !definition.hasFinally && !definition.hasRollbacks && !definition.hasNotify, .runFinished:
      pausedUntil = nil
    case .runReopened: interrupted = []
    default: break
    }
  }

  private func ended(_ attempt: AttemptID, at now: Instant) {
    interrupted.insert(attempt.step)
    if !isTakingOver { pausedUntil = now.advanced(byMicroseconds: Self.pauseMicroseconds) }
  }

  /// Compares the end with what the attempt's monitor heard. What lies within the slack may be
  /// either.
  private func check(_ end: AttemptEnd, _ entry: Ledger.Entry) throws(Violation) {
    guard let endedAt = entry.endedAt else { return }
    let grace =
      entry.task.publishes
      ? Self.publicationGraceMilliseconds
      : definition.settings(ofStep: Int(entry.attempt.step)).killGraceMilliseconds
    let isExplained = Self.isExplained(end)
    let graceMicroseconds = grace.multipliedReportingOverflow(by: 1_000).partialValue
    let earliest = endedAt.microseconds.subtractingReportingOverflow(
      isExplained ? max(graceMicroseconds, Self.lateMicroseconds) : graceMicroseconds
    ).partialValue
    let heard = entry.toldToEndAt.map(\.microseconds)
    if end.wasInterrupted {
      let latest = endedAt.microseconds + Self.lateMicroseconds
      if heard.contains(where: { $0 >= earliest - slack && $0 <= latest + slack }) { return }
      // When it goes on, it hears of the SIGTERM and of the command's end at once.
      if entry.wasMonitorStopped && !heard.isEmpty { return }
      throw Violation(
        .interruption, "\(name(entry.attempt)) was interrupted, and its monitor was not told to end"
      )
    }
    guard policy >= .second, Self.isOwnFailure(end), !entry.wasMonitorStopped else { return }
    let isHeldBack = isExplained && entry.stopAskedAt == nil && entry.forceAskedAt == nil
    let latest = endedAt.microseconds + (isHeldBack ? Self.lateMicroseconds - slack : 0)
    if heard.contains(where: { $0 >= earliest + slack && $0 <= latest }) {
      throw Violation(
        .interruption, "\(name(entry.attempt)) failed, and the system had told its monitor to end")
    }
  }

  /// Whether SIGTERM explains the end.
  private static func isExplained(_ end: AttemptEnd) -> Bool {
    end.result == .signalled(signal: 15) || end.result == .exited(code: 143)
  }

  private static func isOwnFailure(_ end: AttemptEnd) -> Bool {
    guard end.cause == .byItself, end.unkillable == 0 else { return false }
    switch end.result {
    case .exited(let code): return code != 0
    case .signalled: return true
    case .launchFailed, .lost: return false
    }
  }

  /// The engine has an attempt launched. Where a launch had to wait for another launcher, it may
  /// have been wanted before the interruption.
  ///
  /// - Parameter isPrompt: whether no launch waits.
  func checkLaunch(
    _ attempt: AttemptID, isPrompt: Bool, at now: Instant
  ) throws(Violation) {
    guard launched.insert(attempt).inserted, isPrompt, let pausedUntil, now < pausedUntil else {
      return
    }
    throw Violation(
      .interruption, "\(name(attempt)) is launched right after an attempt was interrupted")
  }

  func engineEnded() {
    pausedUntil = nil
    launched = []
  }

  private func name(_ attempt: AttemptID) -> String {
    "\(definition.steps[Int(attempt.step)].id)#\(attempt.number)"
  }
}

extension InterruptionChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) {
    try learn(event, world.ledger)
  }

  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    let options = world.options
    try checkLaunch(
      request.attempt,
      isPrompt: options.launcherKillPerMille == 0 && options.forkFailurePerMille == 0
        && options.processShortages == 0,
      at: world.monotonicNow)
  }

  func engineEnded(in world: World) throws(Violation) { engineEnded() }
}
