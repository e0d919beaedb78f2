package import FlowCore

/// Small workflows that make trouble: chains, fans and diamonds, retries, timeouts, tight slots.
package enum RandomWorkflow {
  package static func draw(
    from choices: any ChoiceSource, _ options: SimulationOptions
  ) -> (definition: WorkflowDefinition, jobs: Int32) {
    func pick(below count: Int) -> Int { choices.choose(.workflow, below: count) }

    var definition = WorkflowDefinition(name: "random", steps: [], settings: [])
    definition.failFast = pick(below: 5) == 0
    if pick(below: 10) == 0 {
      definition.timeoutMilliseconds = Int64(1 + pick(below: [500, 5_000, 60_000][pick(below: 3)]))
    }
    // A high share makes chains, a low one fans.
    let needShare = [50, 200, 500, 900][pick(below: 4)]
    for index in 0..<options.steps {
      var needs: [Int32] = []
      for other in max(0, index - 4)..<index where pick(below: 1_000) < needShare {
        needs.append(Int32(other))
      }
      definition.steps.append(
        StepDefinition(
          id: "s\(index)", command: .program(["work", "\(index)"]), needs: needs,
          settingsIndex: Int32(index)))
      definition.settings.append(drawSettings(pick, options))
    }
    return (definition, Int32(1 + pick(below: 4)))
  }

  private static func drawSettings(
    _ pick: (Int) -> Int, _ options: SimulationOptions
  ) -> StepSettings {
    var settings = StepSettings()
    settings.allowFailure = pick(3) == 0
    settings.onLost = pick(4) == 0 ? .fail : .rerun
    settings.killGraceMilliseconds = Int64([0, 100, 10_000][pick(3)])
    if options.hangPercent > 0 || pick(3) == 0 {
      settings.timeoutMilliseconds = Int64(
        [1, 500, 5_000, 30_000, 60_000, 60_000, 60_000][pick(7)])
    }
    if pick(4) > 0 {
      settings.retry.maxAttempts = Int32(2 + pick(3))
      settings.retry.initialDelayMilliseconds = Int64([0, 10, 1_000][pick(3)])
      settings.retry.jitter = pick(2) == 0 ? .none : .full
      if pick(4) == 0 { settings.retry.on = [.exit, .timeout] }
      if pick(4) == 0 { settings.retry.exitCodes = [1, 2] }
    }
    return settings
  }
}
