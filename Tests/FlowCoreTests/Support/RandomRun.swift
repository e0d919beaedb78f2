import FlowCore

/// A run of a small random workflow in which everything happens that can: in any order, together
/// or apart, with commits that take their time and engines that die.
struct RandomRun {
  private var generator: Generator
  private(set) var harness: EngineHarness

  init(seed: UInt64) throws {
    generator = Generator(seed: seed)
    let workflow = generator.runnableWorkflow()
    let leavesOut = generator.chance(in: 3)
    let unselected = leavesOut ? generator.some(of: workflow.steps.map(\.id)) : []
    harness = try EngineHarness(
      workflow, jobs: 1 + generator.below(3), seed: seed,
      commitsAtOnce: generator.chance(in: 2),
      without: unselected,
      after: generator.pick([nil, .succeeded, .failed, .cancelled]),
      syncsWork: generator.chance(in: 2))
  }

  var isOver: Bool { harness.outcome != nil }

  /// - Parameter steps: how many times something happens before everything goes well.
  mutating func play(steps: Int) {
    for _ in 0..<steps where !isOver { happen() }
    goOnToTheEnd()
    let scope = generator.scope(of: harness.workflow)
    if (try? harness.state.stepsRunningAgain(scope)) != nil && generator.chance(in: 2) {
      harness.reopen(
        ignoring: generator.chance(in: 4) ? [generator.count()] : [], scope: scope)
      for _ in 0..<steps / 4 where !isOver { happen() }
      goOnToTheEnd()
    }
  }

  private mutating func goOnToTheEnd() {
    harness.commitsAtOnce = true
    if harness.isCommitting { harness.completeCommit() }
    // Every attempt ends, and every delay is waited for.
    for _ in 0..<10_000 where !isOver {
      if let attempt = harness.running.first {
        harness.wakeUp([.attemptEnded(attempt, .success)])
      } else if harness.isSyncingWork {
        harness.workSynced()
      } else if let step = harness.state.askingSteps.first {
        harness.wakeUp([answer(to: step, .approved)])
      } else if let deadline = harness.engine.nextDeadline {
        harness.pass(
          microseconds: max(0, deadline.microseconds - harness.now.monotonic.microseconds))
      }
    }
  }

  private mutating func happen() {
    switch generator.below(24) {
    case 0..<8: if harness.isCommitting { harness.completeCommit() }
    case 8..<20: harness.wakeUp(news())
    case 20..<22:
      let limit = 1 << generator.below(24)
      harness.pass(microseconds: Int64(generator.below(limit)))
    case 22:
      if generator.chance(in: 4) {
        harness.jump(wallMilliseconds: Int64(generator.below(20_000)) - 10_000)
      }
      harness.commitsAtOnce = !harness.isCommitting && generator.chance(in: 2)
    default:
      let mayCrash = harness.durable.count > 2 && !harness.state.isFinished
      if mayCrash && generator.chance(in: 4) {
        crash()
      }
    }
  }

  /// What was launched still runs, has ended, or is lost; of the rest no trace is found, mostly.
  private mutating func crash() {
    var found: [String: FoundAttempt.State] = [:]
    for (index, step) in harness.workflow.steps.enumerated() {
      if !harness.state.steps.indices.contains(index) { continue }
      let attempt = AttemptID(
        step: Int32(index), number: harness.state.steps[index].attempt)
      let wasLaunched = harness.running.contains(attempt)
      found[step.id] =
        switch generator.below(3) {
        case 0 where wasLaunched: .running(processID: 9, forMicroseconds: 5)
        case 1 where wasLaunched: .ended(generator.likelyEnd())
        case 0, 1: wasLaunched ? nil : .neverLaunched
        default: nil
        }
    }
    let id = generator.count() as UInt64
    let request = CancelRequest(id: id, force: generator.chance(in: 2))
    harness.crash(
      losingCommit: generator.chance(in: 2), found: found,
      boot: generator.chance(in: 4) ? "boot \(generator.below(3))" : "boot",
      requests: generator.chance(in: 8) ? [request] : [], answers: answers())
  }

  /// What one wake-up brings.
  private mutating func news() -> [Input] {
    var inputs = harness.running.flatMap { generator.chance(in: 3) ? news(of: $0) : [] }
    inputs += answers().map { .answered(step: $0.step, $0.answer) }
    if generator.chance(in: 20) { inputs.append(.timePassed) }
    if harness.isSyncingWork, generator.chance(in: 3) {
      inputs.append(.workSynced(failure: generator.chance(in: 10) ? 5 : nil))
    }
    if generator.chance(in: 40) { inputs.append(.roomReturned(waitedMicroseconds: 3)) }
    if generator.chance(in: 30) {
      let request = CancelRequest(id: generator.count(), force: generator.chance(in: 3))
      inputs.insert(.cancelRequested(request), at: generator.below(inputs.count + 1))
    }
    return inputs
  }

  /// What becomes of an attempt that runs, in the order in which the world says it; an end is said
  /// twice now and then.
  private mutating func news(of attempt: AttemptID) -> [Input] {
    var inputs: [Input] = []
    var phase = harness.state.steps[Int(attempt.step)].phase
    if phase == .starting && generator.chance(in: 2) {
      inputs.append(.attemptLaunched(attempt, processID: 7))
      phase = .running
    }
    if phase == .running && generator.chance(in: 6) { inputs.append(.deadlinePassed(attempt)) }
    if generator.chance(in: 2) {
      var end = generator.likelyEnd()
      let step = harness.state.steps[Int(attempt.step)]
      let mayLook =
        step.task == .command && harness.state.definition.caches(ofStep: Int(attempt.step))
      end.look = mayLook ? generator.look() : nil
      if AttemptConclusion(end).isSuccess, let output = outputs(of: attempt) {
        inputs.append(output)
      }
      let told = Input.attemptEnded(attempt, end)
      inputs += generator.chance(in: 8) ? [told, told] : [told]
    }
    return inputs
  }
}

extension RandomRun {
  private func answer(to step: Int, _ verdict: Verdict) -> Input {
    var answer = Answer(
      id: 1, asked: harness.state.asked(byStep: step)?.sequence ?? 0, verdict)
    if verdict == .approved {
      answer.values = harness.workflow.outputs(ofStep: step).indices.map {
        OutputPart(output: Int32($0), bytes: Array("a\n".utf8))
      }
    }
    return .answered(step: Int32(step), answer)
  }

  /// Some to what is asked now, right or not, and some twice.
  private mutating func answers() -> [FiledAnswer] {
    var found: [FiledAnswer] = []
    for step in harness.state.askingSteps where generator.chance(in: 6) {
      let verdict = generator.pick(Verdict.allCases)
      guard case .answered(let step, var answer) = answer(to: step, verdict) else { continue }
      if generator.chance(in: 6) { answer.asked -= 1 }
      if generator.chance(in: 6) {
        answer.values.append(OutputPart(output: 9, bytes: []))
      }
      found.append(FiledAnswer(step: step, answer))
      if generator.chance(in: 4) { found.append(FiledAnswer(step: step, answer)) }
    }
    return found
  }

  /// Nil for a step that declares none.
  private mutating func outputs(of attempt: AttemptID) -> Input? {
    guard !harness.workflow.outputs(ofStep: Int(attempt.step)).isEmpty,
      !harness.state.steps[Int(attempt.step)].publishes
    else { return nil }
    let list = generator.pick(["", "a", "b\na\n"])
    return .outputsPublished(attempt, [OutputPart(output: 0, bytes: Array(list.utf8))])
  }
}

extension Generator {
  /// Up to eight steps that fail, retry and may be allowed to.
  fileprivate mutating func runnableWorkflow() -> WorkflowDefinition {
    let settings = (0...below(3)).map { _ in
      StepSettings(
        retry: RetryPolicy(
          maxAttempts: Int32(1 + below(3)), initialDelayMilliseconds: Int64(below(2_000)),
          jitter: pick(Jitter.allCases), on: FailureKinds(rawValue: UInt8(below(16))),
          exitCodes: chance(in: 4) ? [1] : nil),
        allowFailure: chance(in: 4), onLost: pick(OnLost.allCases), probe: .shell("true"))
    }
    let steps = acyclicNeeds(stepCount: 1 + below(8)).enumerated().map { index, needs in
      StepDefinition(
        id: "s\(index)", command: .shell("true"), needs: needs,
        settingsIndex: Int32(below(settings.count)))
    }
    var workflow = WorkflowDefinition(
      name: "random", timeoutMilliseconds: chance(in: 4) ? Int64(below(20_000)) : nil,
      failFast: chance(in: 3), steps: steps, settings: settings)
    if chance(in: 3) {
      workflow.finallyCount = finallyCount(of: steps)
    }
    if chance(in: 2) {
      for (step, definition) in steps.enumerated() {
        var extras = StepExtras(
          edges: edges(of: definition.needs),
          condition: chance(in: 3) ? condition(over: [], definition.needs) : nil)
        if chance(in: 3) { extras.outputs = [StepOutput(name: "list", type: .lines)] }
        let need = definition.needs.first { !workflow.outputs(ofStep: Int($0)).isEmpty }
        if let need, chance(in: 2) {
          extras.condition = Condition([
            .literal(.text("a")), .output(step: need, place: 0), .literal(.list([])), .otherwise,
            .contained,
          ])
        }
        if step < workflow.firstFinally, chance(in: 4) {
          extras.question = Question(
            text: "?", timeoutMilliseconds: chance(in: 2) ? Int64(below(20_000)) : nil,
            otherwise: extras.outputs.isEmpty ? pick(Question.Otherwise.allCases) : .reject)
          workflow.steps[step].command = .shell("")
        } else if step < workflow.firstFinally, chance(in: 3) {
          extras.forEach = forEach(over: definition.needs, of: workflow)
        }
        if extras.question == nil, chance(in: 3) {
          extras.files = extras.forEach == nil ? ["f"] : ["f${item}"]
          extras.caches = chance(in: 2)
        }
        workflow.give(extras, toStep: step)
      }
    }
    // What a node puts out is no list of texts, which conditions ask for.
    for extras in workflow.extras {
      for case .output(let step, _) in extras.condition?.references ?? [] {
        workflow.extras[Int(workflow.steps[Int(step)].extrasIndex)].forEach = nil
      }
    }
    let whole = chance(in: 3) ? rollingBack(workflow) : workflow
    return chance(in: 3) ? notifying(whole) : whole
  }

  private mutating func forEach(
    over needs: [Int32], of workflow: WorkflowDefinition
  ) -> ForEach {
    var sources = [
      ForEach.Source.literal(pick([[], ["a"], ["b", "a", "c"], ["a", "b", "c", "d"]]))
    ]
    for need in needs where workflow.outputs(ofStep: Int(need)).first?.type == .lines {
      sources.append(.output(step: need, place: 0))
    }
    return ForEach(
      over: pick(sources), most: chance(in: 4) ? 2 : 10,
      jobs: chance(in: 2) ? Int32(1 + below(2)) : nil,
      tolerance: pick([nil, nil, .count(1), .percent(50)]),
      whenEmpty: pick(ForEach.WhenEmpty.allCases))
  }

  private mutating func notifying(_ workflow: WorkflowDefinition) -> WorkflowDefinition {
    var result = workflow
    for number in 1...1 + below(2) {
      var settings = workflow.settings[below(workflow.settings.count)]
      settings.onLost = .rerun
      settings.allowFailure = false
      result.settings.append(settings)
      result.steps.append(
        StepDefinition(
          id: "notify/\(number)", command: .shell("true"),
          settingsIndex: Int32(result.settings.count - 1)))
      var extras = StepExtras()
      extras.notice =
        chance(in: 3)
        ? Notice(slowMilliseconds: Int64(1 + below(20_000)))
        : Notice(on: NoticeOutcomes(rawValue: UInt8(1 + below(15))))
      result.give(extras, toStep: result.steps.count - 1)
      result.notifyCount += 1
    }
    return result
  }

  /// Steps that nothing needs become the rollback of the step before them.
  private mutating func rollingBack(_ workflow: WorkflowDefinition) -> WorkflowDefinition {
    var result = workflow
    result.extras = [StepExtras()]
    for step in workflow.steps.indices {
      result.steps[step].extrasIndex = 0
      var extras = workflow.extras(ofStep: step)
      let isNeeded = workflow.steps.contains { $0.needs.contains(Int32(step)) }
      if step > 0, !workflow.isFinally(step), !isNeeded, !result.isRollback(step - 1),
        !workflow.steps[step - 1].needs.contains(Int32(step)),
        workflow.question(ofStep: step - 1) == nil, chance(in: 2),
        workflow.forEach(ofStep: step - 1) == nil
      {
        extras = StepExtras(edges: [Edge(need: Int32(step - 1), wanted: .settled)])
        extras.isRollback = true
        result.steps[step].needs = [Int32(step - 1)]
      }
      result.give(extras, toStep: step)
    }
    return result
  }

  /// How many of the last steps can be of `finally`: none before them needs one of them.
  private mutating func finallyCount(of steps: [StepDefinition]) -> Int {
    let most = below(min(4, steps.count))
    return (0...most).last { count in
      let first = Int32(steps.count - count)
      return steps[..<Int(first)].allSatisfy { $0.needs.allSatisfy { $0 < first } }
    } ?? 0
  }

  /// For another round of a run, which may have none of that kind.
  fileprivate mutating func scope(of workflow: WorkflowDefinition) -> ReopenScope {
    let named = StepSet((0...below(2)).map { _ in Int32(below(workflow.steps.count)) })
    let scope: ReopenScope = pick([.unsuccessful, .withDependents, .only(named), .from(named)])
    return pick([scope, scope.holdingOrder])
  }

  fileprivate mutating func some(of ids: [String]) -> [String] {
    ids.filter { _ in chance(in: 3) }
  }

  fileprivate mutating func likelyEnd() -> AttemptEnd {
    switch below(10) {
    case 0..<4: return .success
    case 4..<6: return .exit(UInt8(1 + below(4)))
    default:
      var end = attemptEnd()
      // Only an attempt of a cached step looks.
      end.look = nil
      return end
    }
  }
}
