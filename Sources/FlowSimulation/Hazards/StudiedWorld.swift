import FlowCore

extension Simulation {
  /// Makes a world for a study. Its options are tempered: a study must show what faults do to a
  /// workflow, and a world in which everything fails shows little.
  package static func answer(
    _ question: HazardStudy.Question, _ options: SimulationOptions, _ choices: any ChoiceSource,
    _ trace: Trace
  ) -> HazardStudy.Answer {
    let subject = question.subject
    let isFaulty = question.faultyMicroseconds != nil
    var simulation = Simulation(
      seed: question.seed, isFaulty ? options.tempered : .undisturbed, choices, trace,
      (subject.definition.withoutFiles, subject.jobs))
    let world = simulation.world
    world.modelled = ModelledWorkflow(subject.definition, subject.model, from: choices)
    if let span = question.faultyMicroseconds { world.arrangeMisfortunes(overMicroseconds: span) }
    simulation.live()
    let report = simulation.report
    guard report.violation == nil, let outcome = simulation.outcome,
      let endedAt = simulation.endedAt
    else { return HazardStudy.Answer(report, nil) }
    return HazardStudy.Answer(
      report,
      WorldFate(
        outcome, microseconds: endedAt.microseconds,
        world.ledger, world.checkers.history.acknowledged,
        of: subject.definition.withPossibleChildren,
        patience: subject.model.patienceMicroseconds))
  }
}

extension SimulationOptions {
  /// Of a world in which nothing goes wrong but the commands.
  fileprivate static var undisturbed: SimulationOptions {
    var options = SimulationOptions()
    options.rotationBytes = 65_536
    return options
  }
}

extension WorkflowDefinition {
  /// A study says nothing of what commands write, so nothing of it is published: the files of a step that has
  /// succeeded are there. Nor does it say what they read, so each of them runs.
  fileprivate var withoutFiles: WorkflowDefinition {
    var copy = self
    copy.extras = [StepExtras()]
    for step in steps.indices {
      var own = extras(ofStep: step)
      (own.files, own.publish) = ([], .stage)
      (own.inputs, own.caches) = ([], false)
      copy.steps[step].extrasIndex = 0
      copy.give(own, toStep: step)
    }
    return copy
  }
}
