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
      let declared = definition.steps[definition.declaredSteps]
      #expect(declared.map(\.id).sorted() == plan.steps.map(\.id).sorted())
      #expect(definition.notifyCount == plan.steps.count { $0.notice != nil })
      #expect(definition.finallyCount == plan.steps.count(where: \.isFinally))
      for (index, step) in declared.enumerated() {
        let drawn = try #require(plan.step(step.id))
        let needs = step.needs.map { definition.steps[Int($0)].id }
        #expect(needs == (drawn.rolledBack.map { [$0] } ?? drawn.needs.map { plan.steps[$0].id }))
        #expect(definition.isRollback(index) == (drawn.rolledBack != nil))
        #expect(definition.extras(ofStep: index).notice?.outcomes.names ?? [] == drawn.notice ?? [])
        #expect(definition.slowMilliseconds(ofNotice: index) == drawn.slow.map(Int64.init))
        expect(definition, index, followsTheRulesOf: drawn, plan)
        let outputs = (drawn.hasOutput ? ["value"] : []) + (drawn.hasList ? ["list"] : [])
        #expect(definition.outputs(ofStep: index).map(\.name).sorted() == outputs.sorted())
        if let node = drawn.node {
          expect(definition, index, saysWhat: node, plan)
          if !node.chain.isEmpty { continue }
        }
        if drawn.question != nil { continue }
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

  private func expect(
    _ definition: WorkflowDefinition, _ index: Int, followsTheRulesOf drawn: StepPlan,
    _ plan: RoundPlan
  ) {
    if drawn.rolledBack != nil { return }
    for (place, need) in drawn.needs.enumerated() {
      let step = definition.steps[index].needs[place]
      #expect(
        "\(definition.wanted(ofStep: index, from: step))" == drawn.wanted(from: need).rawValue)
    }
    #expect((definition.extras(ofStep: index).condition == nil) == (drawn.condition == nil))
    let question = definition.question(ofStep: index)
    #expect((question == nil) == (drawn.question == nil))
    guard let question, let plan = drawn.question else { return }
    #expect(question.timeoutMilliseconds == plan.timeout.map(Int64.init))
    #expect("\(question.otherwise)" == plan.otherwise.rawValue)
    #expect(definition.settings(ofStep: index).allowFailure == drawn.allowFailure)
  }

  private func expect(
    _ definition: WorkflowDefinition, _ index: Int, saysWhat node: NodePlan, _ plan: RoundPlan
  ) {
    let forEach = definition.forEach(ofStep: index)
    switch (forEach?.source, node.source) {
    case (.literal(let items), .literal(let drawn)): #expect(items == drawn)
    case (.output(let step, _), .step(let drawn)):
      #expect(definition.steps[Int(step)].id == plan.steps[drawn].id)
    default: Issue.record("\(String(describing: forEach)) is not \(node)")
    }
    #expect(forEach?.most == Int32(node.most) && forEach?.jobs == node.jobs.map { Int32($0) })
    for count in 0..<20 {
      #expect(forEach.map { Int($0.tolerated(of: Int32(count))) } == node.tolerated(of: count))
    }
    #expect((forEach?.tolerance == nil) == (node.tolerance == nil))
    #expect(forEach.map { "\($0.whenEmpty)" } == node.whenEmpty.rawValue)
    let chain = definition.chain(ofNode: index)
    #expect(chain.map { definition.nameInChain(ofStep: $0) } == node.chain.map(\.id))
    for (place, step) in chain.enumerated() {
      #expect(
        definition.steps[step].needs.map { Int($0) - chain.lowerBound } == node.chain[place].needs)
      #expect(
        definition.settings(ofStep: step).allowFailure == node.chain[place].allowFailure)
    }
  }

  @Test func someRoundsHaveItems() {
    let plans = (UInt64(0)..<2_000).map {
      RoundPlan.draw(seed: $0, nil, mayMount: true, mayLimit: true)
    }
    let nodes = plans.compactMap(\.node?.node)
    #expect((500..<700).contains(nodes.count))
    #expect(nodes.count { $0.most == RoundPlan.largeCount } > 10)
    #expect(nodes.count { !$0.chain.isEmpty } > 150)
    #expect(nodes.count { $0.tolerance != nil } > 250 && nodes.count { $0.jobs != nil } > 200)
    // Another round that begins before the list comes to another one, or to the same.
    let again = plans.filter { $0.beatsAgain != nil && $0.node != nil }
    #expect(again.count > 150)
  }

  @Test func whatRunsForAnItemIsAStepOfItsOwn() throws {
    var plan = RoundPlan(seed: 1, mode: .all, steps: [StepPlan(id: "a"), StepPlan(id: "n")])
    plan.steps[1].needs = [0]
    plan.steps[1].node = NodePlan(over: .literal(["x", "d/e@%"]))
    plan.steps[1].groups = [[Behaviour([.exit(code: 1)])], [Behaviour([.exit(code: 2)])]]
    var children = plan.withChildren.steps.dropFirst(2)
    #expect(children.map(\.id) == ["n/x", "n/d%2Fe%40%25"])
    #expect(children.allSatisfy { $0.needs == [0] && $0.node == nil })
    // The sum of the bytes of `x` is even.
    #expect(children.map { $0.behaviours[0].description } == ["x1", "x2"])
    var second = StepPlan(id: "t1")
    second.needs = [0]
    plan.steps[1].node?.chain = [StepPlan(id: "t0"), second]
    children = plan.withChildren.steps.dropFirst(2)
    #expect(children.prefix(2).map(\.id) == ["n/x/t0", "n/x/t1"])
    #expect(children.map(\.needs) == [[0], [0, 2], [0], [0, 4]])
    #expect(children.last?.child?.needs == ["n/d%2Fe%40%25/t0"])
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

  @Test func someRoundsHaveRules() {
    let plans = (UInt64(0)..<1_000).map {
      RoundPlan.draw(seed: $0, nil, mayMount: true, mayLimit: true)
    }
    func count(_ isDrawn: (StepPlan) -> Bool) -> Int {
      plans.count { $0.steps.contains(where: isDrawn) }
    }
    for end in NeededEnd.allCases.dropFirst() {
      #expect(count { $0.wanted.values.contains(end) } > 50)
    }
    #expect(count { $0.condition != nil } > 100)
    #expect(count { !($0.condition?.isAll ?? true) } > 30)
    for otherwise in QuestionPlan.Otherwise.allCases {
      #expect(count { $0.question?.otherwise == otherwise && $0.question?.timeout != nil } > 30)
    }
    #expect(count { $0.question?.hasField == true } > 50)
    #expect(count { $0.slow != nil } > 50)
    #expect(count { $0.notice?.contains("recovered") == true } > 50)
    #expect(plans.count { $0.outcomeBefore != nil } > 50)
    let answers = plans.flatMap { $0.beats + ($0.beatsAgain ?? []) }.compactMap { beat -> Int? in
      if case .answer(_, let approvals) = beat.disturbance { approvals.count } else { nil }
    }
    #expect(answers.count > 100 && answers.contains { $0 > 1 })
    // What has no question has nothing to answer, and what asks runs nothing.
    for plan in plans {
      let asking = plan.steps.filter { $0.question != nil }
      #expect(
        asking.allSatisfy {
          $0.behaviours == [Behaviour([])] && $0.condition?.terms.isEmpty != true
        })
      #expect(asking.allSatisfy { step in !plan.steps.contains { $0.rolledBack == step.id } })
    }
  }

  @Test func conditionsAreJudged() {
    var condition = ConditionPlan(.result(0, is: "failed"), .value(1, is: "b@1"))
    func holds(_ result: String, _ value: String?) -> Bool {
      condition.holds {
        $0 == 0 ? result : nil
      } value: {
        $0 == 1 ? value : nil
      }
    }
    #expect(holds("failed", "b@1") && !holds("failed", nil) && !holds("succeeded", "b@1"))
    condition.isAll = false
    #expect(holds("failed", nil) && holds("succeeded", "b@1") && !holds("skipped", "b@2"))
    condition.isNegated = true
    #expect(!holds("failed", nil) && holds("skipped", "b@2"))
    let plan = RoundPlan(seed: 1, mode: .all, steps: [StepPlan(id: "a"), StepPlan(id: "b")])
    #expect(
      condition.text(plan) == "not (steps.a.result == 'failed' or (steps.b.value ?? '') == 'b@1')")
  }

  /// What the run said is known outside of the disk whose power is cut.
  @Test func roundsOnAnImage() {
    for seed in UInt64(0)..<100 {
      let plan = RoundPlan.draw(
        seed: seed, nil, mayMount: true, mayLimit: true, cutsPower: true)
      #expect(plan.image != nil && plan.printsEvents && !plan.isDetached)
      #expect(plan.node?.node?.most != RoundPlan.largeCount)
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
