import FlowCore
import FlowDefinition
import Testing

@testable import FlowtortureCommands

/// Plans follow from their seeds and are playable.
struct PlanTests {
  @Test func aSeedIsAlwaysTheSameRound() {
    for seed in UInt64(0)..<50 {
      #expect(
        RoundPlan.draw(seed: seed, nil, mayMount: true)
          == RoundPlan.draw(seed: seed, nil, mayMount: true))
    }
    #expect(
      RoundPlan.draw(seed: 1, nil, mayMount: true).steps
        != RoundPlan.draw(seed: 2, nil, mayMount: true).steps)
  }

  /// Only the processes that the mode names are killed.
  @Test func aModeBoundsWhatIsDone() {
    for seed in UInt64(0)..<200 {
      let none = RoundPlan.draw(seed: seed, KillMode.none, mayMount: false)
      #expect(
        !none.beats.contains { [.killEngine, .killLauncher, .killAll].contains($0.disturbance) })
      #expect(!none.beats.contains { [.fillDisk, .removeLock].contains($0.disturbance) })
      let engine = RoundPlan.draw(seed: seed, .engine, mayMount: true)
      #expect(
        !engine.beats.contains {
          [.killLauncher, .killMonitors, .killAll].contains($0.disturbance)
        })
    }
  }

  /// No attempt runs for ever: one that stops itself has a timeout.
  @Test func everyAttemptEnds() {
    for seed in UInt64(0)..<200 {
      let plan = RoundPlan.draw(seed: seed, nil, mayMount: true)
      for step in plan.steps where step.behaviours.contains(where: \.needsEnd) {
        #expect(step.timeout != nil)
      }
    }
  }

  /// `flow` reads a drawn workflow as the plan means it.
  @Test func workflowsAreDefinitions() throws {
    for seed in UInt64(0)..<200 {
      let plan = RoundPlan.draw(seed: seed, nil, mayMount: true)
      let text = WorkflowText(program: "/bin/flowtorture", ledger: "/ledger").text(plan)
      let definition = try DefinitionParser.parse(Array(text.utf8), file: "w.json")
      #expect(definition.steps.map(\.id) == plan.steps.map(\.id))
      for (step, drawn) in zip(definition.steps, plan.steps) {
        #expect(step.needs.map(Int.init) == drawn.needs)
        let settings = definition.settings[Int(step.settingsIndex)]
        #expect(settings.timeoutMilliseconds == drawn.timeout.map(Int64.init))
        #expect(settings.killGraceMilliseconds == Int64(drawn.killGrace))
        #expect(settings.allowFailure == drawn.allowFailure)
        #expect("\(settings.onLost)" == drawn.onLost.rawValue)
        #expect((settings.stragglers == .keep) == drawn.keepsStragglers)
        #expect(settings.retry.maxAttempts == Int32(drawn.retry.maxAttempts))
        for failures in 1...4 {
          #expect(
            settings.retry.delayCeilingMilliseconds(afterFailures: Int32(failures))
              == Int64(drawn.retry.longestDelay(afterFailures: failures)))
        }
      }
    }
  }

  @Test func behavioursAreText() {
    let behaviour = Behaviour([
      .ignoreTerm, .endAtTerm(code: 3), .print(bytes: 5), .goOn(milliseconds: 7), .closeStandard,
      .stopSelf, .child(flags: "sd", milliseconds: 9), .exit(code: 1), .die(signal: 15),
    ])
    #expect(behaviour.description == "i,g3,p5,s7,q,z,csd:9,x1,k15")
    #expect(behaviour.printedBytes == 5)
  }
}
