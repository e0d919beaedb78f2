import FlowCore

/// What a run vouches for that has succeeded is on the disk: what the last commands of its steps have written,
/// whatever happens next. Only where a step may not run again, and the machine has gone down before a sync, its
/// end stands all the same, and the history says so.
final class WorkChecker {
  private let definition: WorkflowDefinition
  private var syncsWork = false
  private var bootID: String?
  /// Whether the last engine runs in another boot than the one before it.
  private var isOtherBoot = false
  /// Attempts whose work a sync has failed to write, as the history says.
  private var known: Set<AttemptID> = []
  /// The same where an engine took that with it when it died: Linux tells of each error once.
  private var excused: Set<AttemptID> = []
  /// Steps whose work was lost in this round, and that may run again.
  private var lost: Set<Int32> = []
  /// Whether this round is given up for that.
  private var isGivenUp = false
  private var isCancelled = false
  private var isConcluded = false
  private var tasks: AttemptTasks
  /// By step, its last attempt that runs its command.
  private var makers: [Int32: AttemptID] = [:]
  /// In which boot that was scheduled.
  private var madeIn: [Int32: String] = [:]
  /// By step that has succeeded, and has not run again since, that attempt.
  private var vouched: [Int32: AttemptID] = [:]

  init(_ definition: WorkflowDefinition) {
    self.definition = definition
    tasks = AttemptTasks(definition)
  }

  /// Takes in an event that is durable.
  ///
  /// - Parameter work: what commands have really written.
  func learn(_ event: Event, _ work: WorldWork) throws(Violation) {
    tasks.learn(event.body)
    switch event.body {
    case .runCreated(let created): syncsWork = created.syncsWork
    case .engineStarted(let engine):
      isOtherBoot = bootID != nil && bootID != engine.host.bootID
      bootID = engine.host.bootID
    case .attemptFound(let attempt, .unsynced):
      guard isOtherBoot else {
        throw Violation(.work, "\(attempt) counts as not synced, and the machine was up")
      }
      if SuspectSteps.mayRunAgain(attempt.step, definition) {
        lost.insert(attempt.step)
      } else {
        vouched[attempt.step] = nil
      }
    case .workSynced where !syncsWork:
      throw Violation(.work, "work is synced, and the run does not want that")
    case .attemptScheduled(let attempt):
      vouched[attempt.step] = nil
      if tasks[attempt.step] == .command {
        makers[attempt.step] = attempt
        madeIn[attempt.step] = bootID
      }
    // What is published is synced with that (`FilesChecker`).
    case .stepFinished(let step, .succeeded)
    where !definition.isNotify(Int(step)) && definition.files(ofStep: Int(step)).isEmpty:
      // What a probe finds after a power loss is on the disk. If it says so and finds nothing, it is to blame.
      let isFound = tasks[step] == .probe && madeIn[step] != bootID
      vouched[step] = isFound ? nil : makers[step]
    case .stepSkipped(let step, _): vouched[step] = nil
    case .runStopping(let reason): isGivenUp = reason == .workLost
    case .cancelRequested: isCancelled = true
    case .runConcluding, .runConcluded: isConcluded = true
    case .runFinished(let outcome) where isGivenUp: try givesUp(as: outcome)
    case .runReopened(_, let scope):
      if isGivenUp, let named = scope.named {
        if let step = lost.sorted().first(where: { !named.contains($0) }) {
          throw Violation(.work, "the work of step \(step) was lost, and it does not run again")
        }
      }
      (isGivenUp, isCancelled, isConcluded) = (false, false, false)
      lost = []
    case .runFinished(.succeeded) where syncsWork: try check(work)
    default: break
    }
  }

  private func givesUp(as outcome: RunOutcome) throws(Violation) {
    if outcome == .succeeded {
      throw Violation(.work, "the round was given up for lost work, and is said to have succeeded")
    }
    if isCancelled, !isConcluded, definition.hasFinally || definition.hasNotify {
      throw Violation(.work, "the run was cancelled, and nothing follows its end")
    }
  }

  private func check(_ work: WorldWork) throws(Violation) {
    for (step, maker) in vouched.sorted(by: { $0.key < $1.key })
    where work.written.contains(maker) && !work.durable.contains(maker) && !excused.contains(maker)
    {
      throw Violation(
        .work, "the run has succeeded, and what step \(step) has written is not on the disk")
    }
  }
}

extension WorkChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) {
    if case .workSynced(_, .some) = event.body { known.formUnion(world.work.failed) }
    try learn(event, world.work)
  }

  func engineEnded(in world: World) throws(Violation) {
    excused.formUnion(world.work.failed.subtracting(known))
  }
}
