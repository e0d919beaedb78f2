import FlowCore
import Testing

/// Runs that have some of the items of a node: those are named before anyone knows the list.
@Suite struct EngineItemSelectionTests {
  /// `a`, whose output `list` is what `n` runs for, and `z`, which needs `n`.
  private static func workflow(
    tolerance: ForEach.Tolerance? = nil, chain: [StepDefinition] = []
  ) -> WorkflowDefinition {
    var workflow = WorkflowDefinition.of("a", "n < a", "z < n")
    workflow.give(StepExtras(outputs: [StepOutput(name: "list", type: .lines)]), toStep: 0)
    workflow.steps += chain
    workflow.chainCount = chain.count
    var extras = StepExtras()
    extras.forEach = ForEach(over: .output(step: 0, place: 0), tolerance: tolerance)
    if !chain.isEmpty {
      workflow.steps[1].command = .shell("")
      extras.forEach?.chain = 3..<Int32(3 + chain.count)
    }
    workflow.give(extras, toStep: 1)
    return workflow
  }

  /// `f`, `g`, which needs it, and `h`, which needs that.
  private static let chain = [
    StepDefinition(id: "n/f", command: .shell("f")),
    StepDefinition(id: "n/g", command: .shell("g"), needs: [3]),
    StepDefinition(id: "n/h", command: .shell("h"), needs: [4]),
  ]

  private func run(
    _ named: [String: [Int32]], hasOthers: Bool = false,
    of workflow: WorkflowDefinition = workflow()
  ) throws -> EngineHarness {
    let named = named.sorted { $0.key < $1.key }.map {
      ItemSelection.Named(key: $0.key, steps: StepSet($0.value))
    }
    return try EngineHarness(
      workflow, jobs: 9, items: [ItemSelection(node: 1, hasOthers: hasOthers, named: named)])
  }

  private func put(_ items: String..., into run: inout EngineHarness) {
    let list = items.map { "\($0)\n" }.joined()
    run.wakeUp([
      .outputsPublished(run.attempt("a"), [OutputPart(output: 0, bytes: Array(list.utf8))]),
      .attemptEnded(run.attempt("a"), .success),
    ])
  }

  private func running(_ run: EngineHarness) -> [String] {
    run.running.map { run.workflow.steps[Int($0.step)].id }
  }

  @Test func onlyWhatIsNamedRuns() throws {
    var run = try run(["y": [0]])
    put("x", "y", "w", into: &run)
    #expect(running(run) == ["n/y"])
    #expect(run.history.contains("n/x not selected") && run.history.contains("n/w not selected"))
    #expect(run.state.expanded(1)?.leftOut == 2)
    run.end("n/y")
    run.end("z")
    #expect(run.outcome == .succeeded && run.phase("n") == .succeeded)
  }

  @Test func whatIsSkippedDoesNotRun() throws {
    var run = try run(["y": []], hasOthers: true)
    put("x", "y", into: &run)
    #expect(running(run) == ["n/x"])
    run.end("n/x")
    #expect(run.phase("n") == .succeeded && run.phase("n/y") == .skipped)
  }

  /// Keys are named as ids have them.
  @Test func aKeyIsNamedByItsID() throws {
    var run = try run(["a%2Fb": [0]])
    put("a/b", "c", into: &run)
    #expect(running(run) == ["n/a%2Fb"])
  }

  @Test(arguments: [false, true]) func anItemThatIsNotInTheListFailsTheNode(hasOthers: Bool) throws
  {
    var run = try run(["x": [0], "y": [0]], hasOthers: hasOthers)
    put("x", "b", "c", "d", into: &run)
    #expect(run.state.expanded(1)?.fault == ItemFault(.notInList, 1))
    #expect(run.workflow.children.isEmpty && run.outcome == .failed)
    #expect(
      run.state.itemFault(ofNode: 1)
        == #"its forEach has no item "y", which was named when the run was created; it has x, b, c and 1 more"#
        .replacing(";", with: ":"))
  }

  @Test func aShareIsOfTheItemsThatTheRunHas() throws {
    var run = try run(["x": [0]], of: Self.workflow(tolerance: .percent(50)))
    put("x", "y", "w", "v", into: &run)
    run.end("n/x", .exit(1))
    #expect(run.phase("n") == .failed)
  }

  // MARK: Chains

  /// `h` comes after `f`, although `g` does not run.
  @Test func theOrderOfAChainHoldsAcrossWhatDoesNotRun() throws {
    var run = try run(["x": [0, 2]], of: Self.workflow(chain: Self.chain))
    put("x", "y", into: &run)
    #expect(running(run) == ["n/x/f"])
    run.end("n/x/f")
    #expect(running(run) == ["n/x/h"] && run.history.contains("n/x/g not selected"))
    run.end("n/x/h")
    #expect(run.phase("n") == .succeeded && run.phase("n/y/h") == .skipped)
  }

  @Test func aFailureInAChainHoldsAcrossWhatDoesNotRun() throws {
    var run = try run(["x": [0, 2]], of: Self.workflow(chain: Self.chain))
    put("x", into: &run)
    run.end("n/x/f", .exit(1))
    #expect(run.phase("n/x/g") == .skipped && run.phase("n/x/h") == .skipped)
    #expect(run.outcome == .failed && run.history.contains("n/x/h skipped for n/x/g"))
  }

  // MARK: Rounds and engines

  @Test func laterRoundsHaveTheSameItems() throws {
    var run = try run(["y": [0]])
    put("x", "y", into: &run)
    run.end("n/y", .exit(1))
    #expect(run.outcome == .failed)
    run.reopen(scope: .from(StepSet([0])))
    put("new", "y", into: &run)
    #expect(running(run) == ["n/y"])
    run.end("n/y")
    run.end("z")
    #expect(run.outcome == .succeeded)
    // Of all again, too.
    run.reopen(scope: .from(StepSet([1])))
    #expect(running(run) == ["n/y"])
  }

  @Test func whatIsLeftOutIsInNoRound() throws {
    var run = try run(["y": [0]])
    put("x", "y", into: &run)
    run.end("n/y")
    run.end("z")
    let left = run.workflow.step("n/x")
    #expect(throws: ReopenProblem.notSelected([left])) {
      try run.state.stepsRunningAgain(.only(StepSet([left])))
    }
  }

  @Test func whatPutsOutTheListMustRunForAnItemThatIsGone() throws {
    var run = try EngineHarness(Self.workflow(), jobs: 9)
    put("x", "y", into: &run)
    for step in ["n/x", "n/y", "z"] { run.end(step) }
    run.reopen(scope: .from(StepSet([0])))
    put("y", into: &run)
    run.end("z")
    let gone = run.workflow.step("n/x")
    #expect(run.state.childrenWithoutItem(.from(StepSet([gone]))) == [gone])
    #expect(run.state.childrenWithoutItem(.from(StepSet([0, gone]))).isEmpty)
    #expect(run.state.childrenWithoutItem(.only(StepSet([run.workflow.step("n/y")]))).isEmpty)
  }

  // MARK: Histories

  @Test(arguments: [
    ItemSelection(node: 0, hasOthers: false, named: [.init(key: "x", steps: StepSet([0]))]),
    ItemSelection(node: 9, hasOthers: false, named: [.init(key: "x", steps: StepSet([0]))]),
    ItemSelection(node: 1, hasOthers: false, named: [.init(key: "x", steps: StepSet([1]))]),
    ItemSelection(node: 1, hasOthers: false, named: []),
  ])
  func aSelectionOfWhatThereIsNotIsRefused(selection: ItemSelection) throws {
    let workflow = Self.workflow()
    let run = NewRun(
      runID: "r", seed: 0, programVersion: "0", jobs: 1, definitionFolder: "/",
      definition: workflow, graph: try workflow.graph(), items: [selection])
    var replay = Replay()
    let encoded = DefinitionCodec.encode(workflow, policy: .current)
    let moment = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
    try replay.apply(
      Event(sequence: 1, moment: moment, startsWakeUp: true, body: .runCreated(run.created)))
    #expect(throws: HistoryError.self) {
      try replay.apply(
        Event(sequence: 2, moment: moment, startsWakeUp: false, body: .definitionPart(encoded)))
    }
  }

  @Test func whatIsReadOfAnItemThatTheRunDoesNotHaveIsFound() {
    var workflow = Self.workflow(chain: Self.chain)
    workflow.give(StepExtras(outputs: [StepOutput(name: "v", type: .int)]), toStep: 3)
    workflow.steps[4].command = .program(["g", "${steps.f.v}"])
    workflow.hasTemplates = true
    func read(_ steps: [Int32]) -> String? {
      workflow.unselectedRead(
        StepSet(),
        [ItemSelection(node: 1, hasOthers: true, named: [.init(key: "x", steps: StepSet(steps))])]
      )?.read.name
    }
    #expect(read([1]) == "v" && read([0, 1]) == nil && read([2]) == nil)
  }
}
