import FlowCore
import FlowRuntime

/// An output that a launch or a condition reads is durable before it, and is what the command of the last
/// attempt of its step has written. An attempt whose outputs are not what its step declares has not
/// succeeded.
///
/// What conditions read is `ConditionChecker`'s, which evaluates them over what is durable.
final class OutputsChecker {
  private let definition: WorkflowDefinition
  private let hasOutputs: Bool
  /// Of attempts that have no end.
  private var published: [AttemptID: [[UInt8]]] = [:]
  /// By step: of its last attempt, if that succeeded.
  private var values: [Int32: [[UInt8]]] = [:]
  private var tasks: AttemptTasks

  init(_ definition: WorkflowDefinition) {
    self.definition = definition
    tasks = AttemptTasks(definition)
    hasOutputs = definition.steps.indices.contains { !definition.outputs(ofStep: $0).isEmpty }
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event, _ ledger: Ledger) throws(Violation) {
    if !hasOutputs { return }
    tasks.learn(event.body)
    switch event.body {
    // What the command has put out stays, until its files cannot be published.
    case .attemptScheduled(let attempt) where tasks[attempt.step].publishes: break
    case .attemptEnded(let attempt, let end) where tasks[attempt.step].publishes:
      switch AttemptConclusion(end, of: tasks[attempt.step]) {
      case .succeeded, .reused, .lost, .interrupted: break
      case .failed, .cancelled, .workGone, .unkillable: values[attempt.step] = nil
      }
    case .attemptScheduled(let attempt):
      published[attempt] = nil
      values[attempt.step] = nil
    case .asked(let step): values[step] = nil
    case .answered(let step, let answer):
      if !answer.values.isEmpty { values[step] = answer.values.map(\.bytes) }
    case .outputsPublished(let attempt, let parts):
      for part in parts {
        guard Int(part.output) == published[attempt, default: []].count else {
          throw Violation(.outputs, "\(name(attempt)) publishes its outputs out of order")
        }
        published[attempt, default: []].append(part.bytes)
      }
    case .attemptEnded(let attempt, let end): try ended(attempt, end, ledger)
    default: break
    }
  }

  private func ended(
    _ attempt: AttemptID, _ end: AttemptEnd, _ ledger: Ledger
  ) throws(Violation) {
    let taken = published.removeValue(forKey: attempt)
    let declared = definition.outputs(ofStep: Int(attempt.step))
    let entry = ledger.entries.last { $0.attempt == attempt && $0.isStarted }
    if let refusal = end.refusal, refusal.fault != .uncollected {
      if entry?.outputFault != refusal.fault {
        throw Violation(
          .outputs,
          "\(name(attempt)) is refused for \(refusal), where \(entry?.outputFault as Any) was wrong"
        )
      }
    }
    guard AttemptConclusion(end).isSuccess else {
      if taken != nil {
        throw Violation(.outputs, "\(name(attempt)) publishes outputs, and has not succeeded")
      }
      return
    }
    if declared.isEmpty && taken == nil { return }
    if let fault = entry?.outputFault {
      throw Violation(.outputs, "\(name(attempt)) has succeeded, and its outputs are \(fault)")
    }
    guard let taken, taken == entry?.outputs else {
      throw Violation(
        .outputs, "\(name(attempt)) has published what its command did not write")
    }
    values[attempt.step] = taken
  }

  /// The engine has an attempt launched.
  func checkSent(_ request: LaunchRequest) throws(Violation) {
    if !hasOutputs { return }
    let step = request.attempt.step
    if tasks[step].publishes {
      // For later runs.
      if let own = request.inputs?.steps.first, own.values.map(\.bytes) != values[step] {
        throw Violation(
          .outputs, "\(name(request.attempt)) keeps what its command has not durably put out")
      }
      return
    }
    for input in request.inputs?.steps ?? [] {
      // Within a chain the name of a step is that of the one for the same item.
      let own = definition.step(named: input.id, by: Int(step))
      let need = own.map { definition.counterpart(of: Int32($0), forChild: Int(step)) }
      // What a node puts out follows from its children.
      if need.map({ definition.forEach(ofStep: Int($0)) != nil }) == true { continue }
      guard let need, input.values.map(\.bytes) == values[need] else {
        throw Violation(
          .outputs, "\(name(request.attempt)) gets what \(input.id) has not durably put out")
      }
    }
    let told = RandomOutputs.sources(ofStep: Int(step), definition)
    if told.isEmpty { return }
    let texts = told.map { values[$0].map { $0[RandomOutputs.textPlace] } ?? [] }
    // A child is told its item behind that.
    guard request.commandArguments.dropFirst(3).prefix(texts.count).map({ Array($0.utf8) }) == texts
    else {
      throw Violation(
        .outputs,
        "\(name(request.attempt)) is told \(request.commandArguments), where other outputs are durable"
      )
    }
  }

  private func name(_ attempt: AttemptID) -> String {
    "\(definition.steps[Int(attempt.step)].id)#\(attempt.number)"
  }
}

extension OutputsChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) {
    try learn(event, world.ledger)
  }

  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    guard world.run?.task(of: request) == .command else { return }
    try checkSent(request)
  }
}
