import FlowCore
import FlowDefinition
import Testing

@testable import FlowtortureCommands

/// Plans follow from their seeds and are playable.
struct PlanTests {
  @Test func aSeedIsAlwaysTheSameRound() {
    for seed in UInt64(0)..<50 {
      #expect(
        RoundPlan.draw(seed: seed, nil, mayMount: true, mayLimit: true)
          == RoundPlan.draw(seed: seed, nil, mayMount: true, mayLimit: true))
    }
    #expect(
      RoundPlan.draw(seed: 1, nil, mayMount: true, mayLimit: true).steps
        != RoundPlan.draw(seed: 2, nil, mayMount: true, mayLimit: true).steps)
  }

  /// Only the processes that the mode names are killed.
  @Test func aModeBoundsWhatIsDone() {
    for seed in UInt64(0)..<200 {
      let none = RoundPlan.draw(seed: seed, KillMode.none, mayMount: false, mayLimit: false)
      #expect(
        !none.beats.contains { [.killEngine, .killLauncher, .killAll].contains($0.disturbance) })
      #expect(!none.beats.contains { [.fillDisk, .removeLock].contains($0.disturbance) })
      let engine = RoundPlan.draw(seed: seed, .engine, mayMount: true, mayLimit: true)
      #expect(
        !engine.beats.contains {
          [.killLauncher, .killMonitors, .killAll].contains($0.disturbance)
        })
      // These end monitors, or may.
      #expect(
        !(none.beats + engine.beats).contains {
          switch $0.disturbance {
          case .terminateAll, .suspendMonitors: true
          default: false
          }
        })
    }
  }

  /// No attempt runs for ever: one that stops itself has a timeout.
  @Test func everyAttemptEnds() {
    for seed in UInt64(0)..<200 {
      let plan = RoundPlan.draw(seed: seed, nil, mayMount: true, mayLimit: true)
      for step in plan.steps where step.behaviours.contains(where: \.needsEnd) {
        #expect(step.timeout != nil)
      }
    }
  }

  /// `flow` reads a drawn workflow as the plan means it.
  @Test func workflowsAreDefinitions() throws {
    for seed in UInt64(0)..<200 {
      let plan = RoundPlan.draw(seed: seed, nil, mayMount: true, mayLimit: true)
      let text = WorkflowText(program: "/bin/flowtorture", ledger: "/ledger").text(plan)
      let definition = try DefinitionParser.parse(Array(text.utf8), file: "w.json")
      #expect(definition.steps.map(\.id).sorted() == plan.steps.map(\.id).sorted())
      #expect(definition.notifyCount == plan.steps.count { $0.notice != nil })
      #expect(definition.finallyCount == plan.steps.count(where: \.isFinally))
      for (index, step) in definition.steps.enumerated() {
        let drawn = try #require(plan.step(step.id))
        let needs = step.needs.map { definition.steps[Int($0)].id }
        #expect(needs == (drawn.rolledBack.map { [$0] } ?? drawn.needs.map { plan.steps[$0].id }))
        #expect(definition.isRollback(index) == (drawn.rolledBack != nil))
        #expect(definition.extras(ofStep: index).notice?.outcomes.names ?? [] == drawn.notice ?? [])
        #expect(definition.outputs(ofStep: index).map(\.name) == (drawn.hasOutput ? ["value"] : []))
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

  @Test func stepsOfFinallyNeedEachOtherAtMost() {
    let plans = (UInt64(0)..<200).map {
      RoundPlan.draw(seed: $0, nil, mayMount: true, mayLimit: true)
    }
    #expect((40..<80).contains(plans.count { $0.steps.contains(where: \.isFinally) }))
    #expect((30..<90).contains(plans.count { $0.steps.contains { $0.rolledBack != nil } }))
    #expect((30..<90).contains(plans.count { $0.steps.contains { $0.notice != nil } }))
    #expect((40..<100).contains(plans.count { $0.steps.contains(where: \.hasOutput) }))
    for plan in plans {
      for step in plan.steps {
        #expect(step.needs.allSatisfy { plan.steps[$0].isFinally == step.isFinally })
      }
    }
  }

  /// What the run said is known outside of the disk whose power is cut.
  @Test func roundsOnAnImage() {
    for seed in UInt64(0)..<100 {
      let plan = RoundPlan.draw(
        seed: seed, nil, mayMount: true, mayLimit: true, cutsPower: true)
      #expect(plan.image != nil && plan.printsEvents && !plan.isDetached)
      #expect(!plan.hasSmallDisk && !plan.limitsProcesses && plan.beatsAgain == nil)
      let without = RoundPlan.draw(seed: seed, nil, mayMount: true, mayLimit: true)
      #expect(without.image == nil)
      let cuts = without.beats.count { if case .cutPower = $0.disturbance { true } else { false } }
      #expect(cuts == 0)
    }
  }

  @Test func limitsOfProcessesNeedAUser() {
    var limited = 0
    for seed in UInt64(0)..<200 {
      let plan = RoundPlan.draw(seed: seed, nil, mayMount: true, mayLimit: true)
      if plan.limitsProcesses { limited += 1 }
      let other = RoundPlan.draw(seed: seed, nil, mayMount: true, mayLimit: false)
      #expect(!other.limitsProcesses)
      for beat in other.beats + (plan.limitsProcesses ? [] : plan.beats) {
        switch beat.disturbance {
        case .limitProcesses, .unlimitProcesses: Issue.record("\(beat)")
        default: break
        }
      }
    }
    #expect(limited > 5)
  }

  /// One order after the other, and none of them loses a process.
  @Test func everybodyIsToldToEnd() {
    let processes = (Int32(1)...9).map {
      Descendant(process: $0, parent: 1, state: "S", name: "p", startTime: 1)
    }
    var orders: Set<[Int32]> = []
    for seed in UInt64(0)..<50 {
      var dice = Dice(seed: seed)
      let told = Shutdown.draw(&dice).ordered(processes).map(\.process)
      #expect(told.sorted() == processes.map(\.process))
      orders.insert(told)
    }
    #expect(orders.count > 10)
    #expect(orders.contains(Array(1...9)) && orders.contains((1...9).reversed()))
  }

  /// All of a run's processes hold the lock, and no two attempts of a run are alive at once.
  @Test func startersShareOneLock() throws {
    #expect(StarterPlan.draw(seed: 1) == StarterPlan.draw(seed: 1))
    #expect(StarterPlan.draw(seed: 1) != StarterPlan.draw(seed: 2))
    for seed in UInt64(0)..<100 {
      let plan = StarterPlan.draw(seed: seed)
      #expect(plan.starters.count == 10)
      for (index, step) in plan.steps.steps.enumerated() {
        #expect(step.needs == (index > 0 ? [index - 1] : []))
        #expect(!step.keepsStragglers && step.program != .missing)
        for behaviour in step.behaviours + [step.probe] {
          #expect(behaviour.acts.first == .hold)
          #expect(
            !behaviour.acts.contains {
              if case .child(let flags, _) = $0 { flags.contains("e") } else { false }
            })
        }
      }
      let words = WorkflowText(program: "/bin/flowtorture", ledger: "/ledger")
      for (namesGroup, group) in [(true, "g"), (false, nil)] {
        let text = plan.text(words, namesGroup: namesGroup)
        let definition = try DefinitionParser.parse(Array(text.utf8), file: "w.json")
        #expect(definition.group == group)
      }
    }
  }

  @Test func behavioursAreText() {
    let behaviour = Behaviour([
      .hold, .ignoreTerm, .endAtTerm(code: 3), .print(bytes: 5), .goOn(milliseconds: 7),
      .closeStandard,
      .stopSelf, .child(flags: "sd", milliseconds: 9), .exit(code: 1), .die(signal: 15),
    ])
    #expect(behaviour.description == "f,i,g3,p5,s7,q,z,csd:9,x1,k15")
    #expect(behaviour.printedBytes == 5)
  }
}
