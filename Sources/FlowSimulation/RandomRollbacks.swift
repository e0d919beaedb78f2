import FlowCore

/// Rollbacks of random steps. They come last, when all else is drawn: the steps behind them get other indices.
enum RandomRollbacks {
  static func draw(
    for definition: inout WorkflowDefinition, from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) {
    guard options.hasRollbacks else { return }
    let has = definition.steps.indices.map { step in
      definition.ordinarySteps.contains(step) && definition.question(ofStep: step) == nil
        && choices.happens(.rollbacks, perMille: options.rollbackPercent * 10)
    }
    if !has.contains(true) { return }
    let drawn = definition
    var places: [Int32] = []
    for step in has.indices { places.append(Int32(step + has[..<step].count { $0 })) }
    definition.steps = []
    definition.extras = [StepExtras()]
    for index in drawn.steps.indices {
      add(drawn.moved(index, to: places), drawn.extras(ofStep: index, at: places), to: &definition)
      if has[index] { addRollback(to: &definition, from: choices, options) }
    }
  }

  private static func add(
    _ step: StepDefinition, _ extras: StepExtras, to definition: inout WorkflowDefinition
  ) {
    definition.steps.append(step)
    definition.give(extras, toStep: definition.steps.count - 1)
  }

  /// Of the last step. It is told what that is told, and gets the same secrets.
  private static func addRollback(
    to definition: inout WorkflowDefinition, from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) {
    let own = definition.steps.count - 1
    var settings = RandomWorkflow.drawSettings(from: choices, options, at: .rollbacks)
    settings.timeoutMilliseconds =
      settings.timeoutMilliseconds ?? WorkflowDefinition.finallyTimeoutMilliseconds
    settings.secrets = definition.settings(ofStep: own).secrets
    if !settings.secrets.isEmpty { settings.stragglers = .kill }
    var step = definition.steps[own]
    step.id += "/\(WorkflowDefinition.rollbackName)"
    step.command = step.command.renumbered(own + 1)
    step.needs = [Int32(own)]
    step.settingsIndex = Int32(definition.settings.count)
    step.extrasIndex = 0
    definition.settings.append(settings)
    var extras = StepExtras(edges: [Edge(need: Int32(own), wanted: .settled)])
    extras.isRollback = true
    add(step, extras, to: &definition)
  }
}

extension WorkflowDefinition {
  /// A step whose index is another.
  fileprivate func moved(_ index: Int, to places: [Int32]) -> StepDefinition {
    var step = steps[index]
    step.needs = step.needs.map { places[Int($0)] }
    step.command = step.command.renumbered(Int(places[index]))
    step.extrasIndex = 0
    return step
  }

  fileprivate func extras(ofStep index: Int, at places: [Int32]) -> StepExtras {
    var extras = extras(ofStep: index)
    extras.edges = extras.edges.map { Edge(need: places[Int($0.need)], wanted: $0.wanted) }
    extras.condition = extras.condition?.mapped {
      $0
    } step: {
      places[Int($0)]
    }
    return extras
  }
}

extension Command {
  /// The command of a random step with an index.
  fileprivate func renumbered(_ index: Int) -> Command {
    guard case .program(var arguments) = self, arguments.count > 1 else { return self }
    arguments[1] = "\(index)"
    return .program(arguments)
  }
}
