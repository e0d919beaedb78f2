import FlowCore
import Testing

/// A node whose `forEach` has a chain: for each item a step of each, which wait for each other and for no other
/// item.
@Suite struct EngineChainTests {
  /// `a`, whose output `list` is what `n` runs for; `z`, which needs `n`; and the chain of `n`.
  private static func workflow(
    _ forEach: ForEach = ForEach(over: .output(step: 0, place: 0)), _ chain: String...,
    with own: [String: StepSettings] = [:], extras: [String: StepExtras] = [:],
    failFast: Bool = false
  ) -> WorkflowDefinition {
    let chain = chain.isEmpty ? ["f", "g < f"] : chain
    let steps = ["a", "n < a", "z < n"] + chain
    var workflow = Self.of(steps, own, failFast)
    let edges = (3..<steps.count).map { workflow.extras(ofStep: $0).edges }
    workflow.extras = [StepExtras()]
    for step in workflow.steps.indices { workflow.steps[step].extrasIndex = 0 }
    workflow.give(StepExtras(outputs: [StepOutput(name: "list", type: .lines)]), toStep: 0)
    var node = StepExtras()
    node.forEach = forEach
    node.forEach?.chain = 3..<Int32(steps.count)
    workflow.give(node, toStep: 1)
    workflow.steps[1].command = .shell("")
    for (place, step) in (3..<steps.count).enumerated() {
      var own = extras[workflow.steps[step].id] ?? StepExtras()
      own.edges = edges[place]
      workflow.give(own, toStep: step)
      workflow.steps[step].id = "n/\(workflow.steps[step].id)"
    }
    workflow.chainCount = chain.count
    return workflow
  }

  private static func of(
    _ steps: [String], _ own: [String: StepSettings], _ failFast: Bool
  ) -> WorkflowDefinition {
    switch steps.count {
    case 4: .of(steps[0], steps[1], steps[2], steps[3], with: own, failFast: failFast)
    case 5: .of(steps[0], steps[1], steps[2], steps[3], steps[4], with: own, failFast: failFast)
    default:
      .of(
        steps[0], steps[1], steps[2], steps[3], steps[4], steps[5], with: own, failFast: failFast)
    }
  }

  /// A run whose step `a` has put out a list.
  private func run(
    _ workflow: WorkflowDefinition, _ items: String..., jobs: Int = 9
  ) throws -> EngineHarness {
    var run = try EngineHarness(workflow, jobs: jobs)
    put(items, &run)
    return run
  }

  private func put(_ items: [String], _ run: inout EngineHarness) {
    let list = items.map { "\($0)\n" }.joined()
    run.wakeUp([
      .outputsPublished(run.attempt("a"), [OutputPart(output: 0, bytes: Array(list.utf8))]),
      .attemptEnded(run.attempt("a"), .success),
    ])
  }

  private func running(_ run: EngineHarness) -> [String] {
    run.running.map { run.workflow.steps[Int($0.step)].id }
  }

  // MARK: One round

  @Test func anItemFlowsThroughWithoutTheOthers() throws {
    var run = try run(Self.workflow(), "x", "y")
    #expect(run.workflow.steps[5...].map(\.id) == ["n/x/f", "n/x/g", "n/y/f", "n/y/g"])
    #expect(running(run) == ["n/x/f", "n/y/f"])
    #expect(run.phase("n/x/g") == .waiting(unmetNeeds: 1))
    run.end("n/x/f")
    #expect(running(run) == ["n/y/f", "n/x/g"])
    run.end("n/x/g")
    #expect(run.phase("n") == .expanded)
    run.end("n/y/f")
    run.end("n/y/g")
    #expect(run.phase("n") == .succeeded)
    run.end("z")
    #expect(run.outcome == .succeeded && run.state.countedSteps == (3, 3, 0))
    #expect(run.state.steps[3].attempt == 0 && run.state.steps[4].attempt == 0)
  }

  /// What has begun comes before what has not.
  @Test func theFirstItemsComeFirst() throws {
    var run = try run(Self.workflow(), "x", "y", "w", jobs: 1)
    var order: [String] = []
    while let next = running(run).first, next != "z" {
      order.append(next)
      run.end(next)
    }
    // Up to twice as many attempts as slots are scheduled ahead.
    #expect(order.count == 6 && order.first == "n/x/f")
    let first = try #require(order.firstIndex(of: "n/x/g"))
    let last = try #require(order.firstIndex(of: "n/w/f"))
    #expect(first < last)
  }

  @Test func jobsCountsAllThatRunForItsItems() throws {
    var run = try run(
      Self.workflow(ForEach(over: .output(step: 0, place: 0), jobs: 1), "f", "g"), "x", "y")
    for child in ["n/x/f", "n/x/g", "n/y/f", "n/y/g"] {
      #expect(running(run) == [child])
      run.end(child)
    }
  }

  @Test func aFailureSkipsTheRestOfItsItemOnly() throws {
    var run = try run(Self.workflow(), "x", "y")
    run.end("n/x/f", .exit(1))
    #expect(run.history.contains("n/x/g skipped for n/x/f"))
    run.end("n/y/f")
    #expect(run.phase("n/y/g") == .starting)
    run.end("n/y/g")
    #expect(run.phase("n") == .failed && run.outcome == .failed)
  }

  @Test func aFailureThatIsAllowedLetsTheItemGoOn() throws {
    var run = try run(Self.workflow(with: ["f": StepSettings(allowFailure: true)]), "x")
    run.end("n/x/f", .exit(1))
    #expect(run.phase("n/x/g") == .starting)
    run.end("n/x/g")
    #expect(run.phase("n") == .succeeded && run.state.expanded(1)?.failed == 0)
    run.end("z")
    #expect(run.outcome == .succeeded && run.state.canReopen)
    run.reopen()
    #expect(running(run) == ["n/x/f"] && run.phase("n/x/g") == .waiting(unmetNeeds: 1))
  }

  @Test func edgesHoldWithinAnItem() throws {
    var run = try run(
      Self.workflow(ForEach(over: .output(step: 0, place: 0)), "f", "undo < f:failed"), "x", "y")
    run.end("n/x/f", .exit(1))
    run.end("n/y/f")
    #expect(run.phase("n/x/undo") == .starting && run.phase("n/y/undo") == .skipped)
    run.end("n/x/undo")
    #expect(run.state.expanded(1)?.failed == 1 && run.phase("n") == .failed)
  }

  /// An item counts once, however many of its steps have failed.
  @Test func itemsAreTolerated() throws {
    let forEach = ForEach(over: .output(step: 0, place: 0), tolerance: .count(1))
    var run = try run(Self.workflow(forEach, "f", "g"), "x", "y", "w")
    run.end("n/x/f", .exit(1))
    run.end("n/x/g", .exit(1))
    #expect(run.phase("n/y/f") == .starting && run.state.expanded(1)?.failed == 1)
    run.end("n/y/f", .exit(1))
    #expect(run.state.expanded(1)?.isStopping == true)
    #expect(run.phase("n/w/g") == .stopping)
  }

  @Test func whatWaitsInAChainIsStoppedWithTheRun() throws {
    var run = try run(Self.workflow(), "x")
    run.cancel()
    run.end("n/x/f", .exit(0, cause: .stop))
    #expect(run.phase("n/x/g") == .skipped && run.phase("n") == .cancelled)
    #expect(run.outcome == .cancelled)
  }

  @Test func aConditionIsOfEachItem() throws {
    let condition = Condition([
      .output(step: 3, place: 0), .literal(.text("yes")), .compare(.equal),
    ])
    var run = try run(
      Self.workflow(
        extras: [
          "f": StepExtras(outputs: [StepOutput(name: "go")]), "g": StepExtras(condition: condition),
        ]), "x", "y")
    for (item, value) in [("x", "yes"), ("y", "no")] {
      run.wakeUp([
        .outputsPublished(
          run.attempt("n/\(item)/f"), [OutputPart(output: 0, bytes: Array(value.utf8))]),
        .attemptEnded(run.attempt("n/\(item)/f"), .success),
      ])
    }
    #expect(run.phase("n/x/g") == .starting && run.phase("n/y/g") == .skipped)
    run.end("n/x/g")
    #expect(run.phase("n") == .succeeded)
    let value = run.state.outputs.value(ofStep: 1, at: 0)
    #expect(value.map { String(decoding: $0, as: UTF8.self) } == #"["yes", "no"]"#)
    #expect(run.workflow.outputs(ofStep: 1) == [StepOutput(name: "go", type: .json)])
  }

  // MARK: Another round

  @Test func whatDidNotSucceedRunsAgainAndWhatComesAfterIt() throws {
    var run = try run(
      Self.workflow(ForEach(over: .output(step: 0, place: 0)), "f", "g < f", "h < g"), "x", "y")
    run.end("n/x/f")
    run.end("n/x/g", .exit(1))
    for step in ["f", "g", "h"] { run.end("n/y/\(step)") }
    #expect(run.outcome == .failed)
    run.reopen()
    #expect(running(run) == ["n/x/g"])
    #expect(run.phase("n/x/f") == .succeeded && run.phase("n/x/h") == .waiting(unmetNeeds: 1))
    run.end("n/x/g")
    run.end("n/x/h")
    run.end("z")
    #expect(run.outcome == .succeeded && run.attempt("n/y/h").number == 1)
  }

  @Test func anItemIsKnownByItsKey() throws {
    var run = try run(Self.workflow(), "x", "y")
    for child in ["n/x/f", "n/x/g", "n/y/f"] { run.end(child) }
    run.end("n/y/g", .exit(1))
    run.reopen(scope: .from(StepSet([0])))
    put(["new", "y"], &run)
    #expect(run.phase("n/x/f") == .skipped && run.phase("n/x/g") == .skipped)
    #expect(running(run).sorted() == ["n/new/f", "n/y/g"])
    #expect(run.state.expanded(1)?.children == [9, 10, 7, 8])
  }

  @Test func whatFollowsFromANamedChildRunsAgainIfThatIsWanted() throws {
    var run = try run(Self.workflow(), "x", "y")
    for child in ["n/x/f", "n/x/g", "n/y/f", "n/y/g", "z"] { run.end(child) }
    let child = StepSet([run.workflow.step("n/x/f")])
    run.reopen(scope: .from(child))
    #expect(running(run) == ["n/x/f"] && run.phase("n/x/g") == .waiting(unmetNeeds: 1))
    for step in ["n/x/f", "n/x/g", "z"] { run.end(step) }
    #expect(run.outcome == .succeeded && run.attempt("n/y/f").number == 1)
    run.reopen(scope: .only(child))
    #expect(running(run) == ["n/x/f"] && run.phase("n/x/g") == .succeeded)
  }

  @Test func theOrderHoldsAcrossWhatKeepsItsEnd() throws {
    var run = try run(
      Self.workflow(ForEach(over: .output(step: 0, place: 0)), "f", "g < f", "h < g"), "x")
    for child in ["n/x/f", "n/x/g", "n/x/h", "z"] { run.end(child) }
    run.reopen(scope: .only(StepSet(["n/x/f", "n/x/h"].map { run.workflow.step($0) })))
    #expect(running(run) == ["n/x/f"] && run.phase("n/x/h") == .waiting(unmetNeeds: 1))
    run.end("n/x/f", .exit(1))
    #expect(run.history.contains("n/x/h skipped for n/x/f"))
    #expect(run.phase("n") == .failed)
  }

  @Test func whatWasSkippedForANeedThatStandsIsLeft() throws {
    var run = try run(
      Self.workflow(
        ForEach(over: .output(step: 0, place: 0)), "f", "undo < f:failed", "h < f"), "x")
    run.end("n/x/f")
    run.end("n/x/h", .exit(1))
    run.reopen()
    #expect(running(run) == ["n/x/h"] && run.phase("n/x/undo") == .skipped)
    run.end("n/x/h")
    #expect(run.phase("n") == .succeeded)
  }

  // MARK: The schedule

  /// Items take from 20 ms to 4 s. Then no schedule is shorter than all work shared evenly, nor than the
  /// longest item; an item that waited for the others between its steps would make it longer.
  @Test(arguments: [1, 2, 4, 8, 16])
  func chainsTakeHardlyMoreThanTheIdealSchedule(jobs: Int) throws {
    var run = try EngineHarness(Self.workflow(), jobs: jobs)
    let items = (0..<600).map { "i\($0)" }
    func milliseconds(of attempt: AttemptID) -> Int64 {
      // From 10 ms to 2 s, and as many below 140 ms as above.
      let draw = SplitMix64.hash(UInt64(attempt.step), 7)
      let scale: [Int64] = [1, 3, 9, 27]
      return (10 + Int64(draw >> 8 & 63)) * scale[Int(draw & 3)]
    }
    put(items, &run)
    var ends: [AttemptID: Int64] = [:]
    var (now, work, lastFirst, firstLast) = (Int64(0), Int64(0), Int64(0), Int64.max)
    var byItem: [Int32: Int64] = [:]
    while run.phase("n") == .expanded {
      for attempt in run.running where ends[attempt] == nil {
        let time = milliseconds(of: attempt)
        ends[attempt] = now + time
        work += time
        byItem[(attempt.step - 5) / 2, default: 0] += time
        if (attempt.step - 5) % 2 == 0 { lastFirst = now }
      }
      let first = run.running.min { (ends[$0] ?? 0, $0.step) < (ends[$1] ?? 0, $1.step) }
      let next = try #require(first)
      let end = try #require(ends[next])
      run.pass(milliseconds: end - now)
      now = end
      if (next.step - 5) % 2 == 1 { firstLast = min(firstLast, now) }
      run.wakeUp([.attemptEnded(next, .success)])
    }
    let ideal = max(work / Int64(jobs), byItem.values.max() ?? 0)
    #expect(byItem.count == items.count && now >= ideal)
    #expect(now * 100 <= ideal * 105, "\(now) ms, and the ideal is \(ideal) ms")
    // The last step of an item has ended long before the first one of another begins.
    #expect(firstLast * 10 < lastFirst)
  }

  // MARK: Definitions

  @Test func aDefinitionWithChainsIsReadAsItWasWritten() throws {
    let workflow = Self.workflow(ForEach(over: .output(step: 0, place: 0)), "f", "g < f:settled")
    #expect(try DefinitionCodec.decode(DefinitionCodec.encode(workflow)) == workflow)
  }

  @Test func chainsThatCannotRunAreRefused() throws {
    func isRefused(_ change: (inout WorkflowDefinition) -> Void) -> Bool {
      var workflow = Self.workflow()
      change(&workflow)
      return (try? DefinitionCodec.decode(DefinitionCodec.encode(workflow))) == nil
    }
    #expect(!isRefused { _ in })
    #expect(isRefused { $0.steps[3].needs = [4] })
    #expect(isRefused { $0.steps[4].needs = [0] })
    #expect(isRefused { $0.extras[2].forEach?.chain = 4..<5 })
    #expect(isRefused { $0.extras[2].forEach?.chain = 0..<2 })
    #expect(isRefused { $0.extras[2].outputs = [StepOutput(name: "own")] })
  }
}
