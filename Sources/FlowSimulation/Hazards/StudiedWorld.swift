import FlowCore

extension Simulation {
  /// Makes a world for a study. What was drawn for it is tempered: a study wants to see what faults
  /// do to a workflow, and a world in which all fails shows little.
  package static func answer(
    _ question: HazardStudy.Question, _ options: SimulationOptions, _ choices: any ChoiceSource,
    _ trace: Trace
  ) -> HazardStudy.Answer {
    let subject = question.subject
    let isFaulty = question.faultyMicroseconds != nil
    var simulation = Simulation(
      seed: question.seed, isFaulty ? options.tempered : .undisturbed, choices, trace,
      (subject.definition, subject.jobs))
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
        stepCount: subject.definition.steps.count,
        patience: subject.model.patienceMicroseconds))
  }
}

extension SimulationOptions {
  /// Of a world in which nothing goes wrong but what commands do.
  fileprivate static var undisturbed: SimulationOptions {
    var options = SimulationOptions()
    options.rotationBytes = 65_536
    return options
  }

  /// Without what is not a fault, or is up to the model; and with fewer of the faults that come at
  /// the engine's every doing, since others come at any time. Tempered again it stays the same.
  fileprivate var tempered: SimulationOptions {
    var options = self
    options.crashPerMille = min(crashPerMille, 2)
    options.maxCrashes = min(maxCrashes, 1)
    options.storageErrorPerMille = min(storageErrorPerMille, 1)
    options.monitorKillPerMille = min(monitorKillPerMille, 1)
    options.launcherKillPerMille = min(launcherKillPerMille, 1)
    options.forkFailurePerMille = 0
    options.readErrorPerMille = min(readErrorPerMille, 1)
    // Whose disk keeps no promise can be promised nothing.
    options.storageTier = min(storageTier, 1)
    options.hostilePerMille = 0
    options.fullDisks = 0
    options.isCancelled = false
    options.requests = 0
    options.cleanerPerMille = 0
    // A machine at work, but not one that hardly moves.
    options.syncMicroseconds = min(syncMicroseconds, 20_000)
    options.operationMicroseconds = min(operationMicroseconds, 100)
    options.processLatencyMicroseconds = min(processLatencyMicroseconds, 5_000)
    options.readPerMille = 0
    options.maxReopenings = 0
    options.descendantPercent = 0
    options.selfStopPercent = 0
    options.unkillablePerMille = 0
    return options
  }
}
