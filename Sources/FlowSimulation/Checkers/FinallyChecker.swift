import FlowCore
import FlowRuntime
import FlowStorage

/// The steps of `finally` run exactly once in each round: when all others have ended, however that came,
/// and whatever is asked of the run before. They are told what the run came to. Once they run, nothing but
/// a cancel by force ends them.
final class FinallyChecker {
  private let definition: WorkflowDefinition
  private let selected: SelectedSteps
  private var ends: StepEnds

  // Of this round.

  private var concluded: RunOutcome?
  /// Whether a cancel by force has come since.
  private var isForced = false
  /// By step: attempts that were scheduled, without those that were withdrawn.
  private var attempts: [Int]

  init(_ definition: WorkflowDefinition, without unselected: StepSet = StepSet()) {
    self.definition = definition
    selected = SelectedSteps(definition, without: unselected)
    ends = StepEnds(selected)
    attempts = [Int](repeating: 0, count: definition.steps.count)
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event) throws(Violation) {
    ends.learn(event)
    switch event.body {
    case .attemptScheduled(let attempt):
      attempts[Int(attempt.step)] += 1
      if !definition.isNotify(Int(attempt.step)),
        definition.isFinally(Int(attempt.step)) != (concluded != nil)
      {
        let what = concluded == nil ? "does not conclude yet" : "concludes"
        throw Violation(.finally, "\(id(attempt.step)) is scheduled, and the run \(what)")
      }
    case .attemptWithdrawn(let attempt): attempts[Int(attempt.step)] -= 1
    case .cancelRequested(let request): if concluded != nil, request.force { isForced = true }
    case .runConcluding(let outcome): try concludes(as: outcome)
    case .stopRequested(let attempt, _):
      try checkMayBeEnded(attempt.step, "\(id(attempt.step)) is stopped")
    case .stepFinished(let step, .cancelled):
      try checkMayBeEnded(step, "\(id(step)) is cancelled")
    case .stepSkipped(let step, .runStopping):
      try checkMayBeEnded(step, "\(id(step)) is skipped for a stop")
    case .stepSkipped(let step, .need), .stepSkipped(let step, .condition):
      if definition.isFinally(Int(step)), concluded == nil {
        throw Violation(.finally, "\(id(step)) is skipped, and the run does not conclude yet")
      }
    case .runFinished: try finishes()
    case .runReopened:
      concluded = nil
      isForced = false
      for index in attempts.indices { attempts[index] = 0 }
    default: break
    }
  }

  private func concludes(as outcome: RunOutcome) throws(Violation) {
    if concluded != nil { throw Violation(.finally, "the run concludes twice") }
    if let open = definition.ordinarySteps.first(where: { ends.ends[$0] == nil }) {
      throw Violation(.finally, "the run concludes, and \(id(Int32(open))) has no end")
    }
    concluded = outcome
  }

  private func checkMayBeEnded(_ step: Int32, _ fact: String) throws(Violation) {
    if !definition.isFinally(Int(step)) || isForced { return }
    throw Violation(.finally, "\(fact), and no cancel by force came while finally ran")
  }

  private func finishes() throws(Violation) {
    guard definition.hasFinally, !ends.isGivenUp else { return }
    if concluded == nil { throw Violation(.finally, "the run ends, and has not concluded") }
    for step in definition.finallySteps where selected.contains(step) {
      switch ends.ends[step] {
      case nil: throw Violation(.finally, "the run ends, and \(id(Int32(step))) has not")
      case .succeeded, .failed, .cancelled:
        if attempts[step] == 0 {
          throw Violation(.finally, "\(id(Int32(step))) did not run in this round")
        }
      // Others judge why.
      case .skipped: break
      }
    }
  }

  /// What a step of `finally` is told of the run.
  func check(
    _ variables: [EnvironmentVariable], ofStep step: Int32, in folder: RunFolder,
    failure: (String) -> [UInt8]?
  ) throws(Violation) {
    func value(_ name: String) -> String? { variables.last { $0.name == name }?.value }
    guard definition.isFinally(Int(step)) else {
      if value("FLOW_OUTCOME") == nil || definition.needsNoSlot(Int(step)) { return }
      throw Violation(.finally, "\(id(step)) is told an outcome, and is no step of finally")
    }
    guard let concluded, value("FLOW_OUTCOME") == "\(concluded)" else {
      throw Violation(.finally, "\(id(step)) is told another outcome than the run has")
    }
    let failed = definition.ordinarySteps.filter {
      ends.ends[$0] == .failed && !definition.settings(ofStep: $0).allowFailure
    }
    let names = failed.map { id(Int32($0)) }
    guard value("FLOW_FAILED_STEPS") == names.joined(separator: " ") else {
      throw Violation(
        .finally, "\(id(step)) is told that \(value("FLOW_FAILED_STEPS") ?? "nothing") failed")
    }
    // Without space there is no other.
    guard let path = value("FLOW_FAILURE"), path != "/dev/null" else { return }
    guard path == folder.failure, concluded != .succeeded else {
      throw Violation(.finally, "\(id(step)) is told of a failure in \(path)")
    }
    guard let bytes = failure(path) else { return }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard lines.first?.hasSuffix(": \(concluded)") == true,
      names.prefix(10).allSatisfy({ name in
        lines.contains { $0.hasPrefix("\(name)#") || $0.hasPrefix("\(name) ") }
      })
    else {
      throw Violation(.finally, "the file of the failure says: \(lines.joined(separator: " / "))")
    }
  }

  private func id(_ step: Int32) -> String { definition.steps[Int(step)].id }
}

extension FinallyChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { try learn(event) }

  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    guard let run = world.run, !run.task(of: request).publishes else { return }
    try check(request.environment, ofStep: request.attempt.step, in: run.folder) {
      world.contentToJudge(at: $0)
    }
  }
}
