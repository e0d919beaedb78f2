import FlowCore
import FlowLog

/// How the logs in `Fixtures/Logs/v1` and `v2` were made, those of policy 1 and 2. What is there stays
/// as it is: a later version reads it, and does not write it again. New ones may be added to the folder
/// of the current policy; those of earlier policies are closed.
struct GoldenLog: Sendable {
  let name: String
  let contents: String
  let options: LogOptions
  /// The first policy that has it.
  let since: Policy
  let run: @Sendable (Policy) -> ScriptedRun

  init(
    _ name: String, _ contents: String, _ options: LogOptions = .golden(),
    since: Policy = .first, _ run: @escaping @Sendable (Policy) -> ScriptedRun
  ) {
    self.name = name
    self.contents = contents
    self.options = options
    self.since = since
    self.run = run
  }

  static let all = plain + failures + stops + lives + formats + language

  static func all(of policy: Policy) -> [GoldenLog] { all.filter { $0.since <= policy } }

  // MARK: Runs in which little happens

  private static let plain = [
    GoldenLog("one-step", "one step that succeeds") { policy in
      var run = ScriptedRun(policy, .scripted("build"))
      run.succeed("build")
      return run
    },
    GoldenLog("chain", "eight steps, each of which needs the one before") { policy in
      let ids = (1...8).map { "step-\($0)" }
      let steps = ids.enumerated().map { $0 == 0 ? $1 : "\($1) < \(ids[$0 - 1])" }
      var run = ScriptedRun(policy, .scripted(steps))
      for id in ids { run.succeed(id) }
      return run
    },
    GoldenLog("side-by-side", "ten independent steps on three slots") { policy in
      let ids = (1...10).map { "part.\($0)" }
      var run = ScriptedRun(policy, .scripted(ids), jobs: 3)
      run.launch("part.1", "part.2", "part.3")
      for (index, id) in ids.enumerated() {
        run.end(id)
        if index + 3 < ids.count { run.launch(ids[index + 3]) }
      }
      return run
    },
    GoldenLog("every-setting", "a definition that says something of every key") { policy in
      var definition = WorkflowDefinition.everySetting
      if policy > .first {
        definition.description = "Says something of every key"
        definition.give(StepExtras(description: "packs, and may fail"), toStep: 1)
      }
      var run = ScriptedRun(policy, definition, jobs: 4, id: "all.of_it-1")
      run.succeed("fetch", "pack")
      return run
    },
    GoldenLog("other-scripts", "names and commands in other scripts, and signs that terminals obey")
    { policy in
      let command = Command.shell("printf 'Grüße, 世界 🎉'; echo \"\u{1B}[31m\"")
      let step = StepDefinition(id: "hello", command: command)
      var run = ScriptedRun(policy, WorkflowDefinition(name: "日本語 \u{7}\"\\", steps: [step]))
      run.succeed("hello")
      return run
    },
  ]

  // MARK: What goes wrong

  private static let failures = [
    GoldenLog("retries", "two failures, then success; the delays are drawn from the seed") {
      policy in
      var run = ScriptedRun(policy, .scripted("flaky", each: .retried(4)))
      run.fail("flaky")
      run.pass(milliseconds: 1_000)
      run.launch("flaky")
      run.end("flaky", .signalled(signal: 11))
      run.pass(milliseconds: 2_000)
      run.succeed("flaky")
      return run
    },
    GoldenLog("failure", "a step fails for good; what needs it is skipped, the rest goes on") {
      policy in
      var run = ScriptedRun(policy, .scripted("a", "b < a", "c < b", "d", each: .retried(2)))
      run.fail("a", code: 3)
      run.succeed("d")
      run.pass(milliseconds: 5_000)
      run.fail("a", code: 4)
      return run
    },
    GoldenLog("allowed-failure", "a failure that is allowed: what needs it runs") { policy in
      var run = ScriptedRun(policy, .scripted("a", "b < a", each: StepSettings(allowFailure: true)))
      run.fail("a", code: 255)
      run.succeed("b")
      return run
    },
    GoldenLog("not-started", "commands that could not be started, for each reason there is") {
      policy in
      // Those of secrets came later.
      let operations = LaunchFailure.Operation.allCases.filter { $0.rawValue <= 4 }
      let ids = operations.map { "\($0)" }
      var run = ScriptedRun(policy, .scripted(ids), jobs: 1)
      for operation in operations {
        let failure = LaunchFailure(operation: operation, errno: 2)
        run.end("\(operation)", .launchFailed(failure))
      }
      return run
    },
    GoldenLog("deadline", "attempts that passed their deadline: stopped, killed, and not stoppable")
    { policy in
      let settings = StepSettings(timeoutMilliseconds: 1_000, killGraceMilliseconds: 200)
      var run = ScriptedRun(policy, .scripted("mild", "wild", "stuck", each: settings), jobs: 3)
      run.launch("mild", "wild", "stuck")
      for id in ["mild", "wild", "stuck"] { run.passDeadline(id) }
      run.end("mild", .signalled(signal: 15), .deadline)
      run.end("wild", .signalled(signal: 9), .deadline, stragglers: 3)
      run.end("stuck", .signalled(signal: 9), .deadline, unkillable: 1)
      return run
    },
    GoldenLog("other-ends", "needs of which other ends are wanted, and conditions", since: .second)
    {
      policy in
      var definition = WorkflowDefinition.scripted("a", "b < a", "c < a", "d < a b c", "e", "f < e")
      definition.give(StepExtras(edges: [Edge(need: 0, wanted: .failed)]), toStep: 1)
      definition.give(StepExtras(edges: [Edge(need: 0, wanted: .succeeded)]), toStep: 2)
      let hasRun: [Condition.Term] = [
        .result(step: 1), .literal(.list([.result(.succeeded), .result(.failed)])), .contained,
      ]
      let hasNotRun: [Condition.Term] = [
        .result(step: 2), .literal(.result(.skipped)), .compare(.equal),
      ]
      definition.give(
        StepExtras(
          edges: (0..<3).map { Edge(need: $0, wanted: .settled) },
          condition: Condition(hasRun + hasNotRun + [.and])), toStep: 3)
      definition.give(StepExtras(condition: Condition([.literal(.flag(false))])), toStep: 4)
      var run = ScriptedRun(policy, definition, jobs: 1)
      run.fail("a")
      run.succeed("f", "b", "d")
      run.reopen()
      run.succeed("a", "c")
      return run
    },
    GoldenLog("outputs", "values that steps put out, and conditions on them", since: .second) {
      policy in
      var definition = WorkflowDefinition.scripted("a", "b < a", "c < a", each: .retried(2))
      definition.give(
        StepExtras(outputs: [
          StepOutput(name: "count", type: .int), StepOutput(name: "files", type: .lines),
          StepOutput(name: "version"),
        ]), toStep: 0)
      definition.give(
        StepExtras(
          condition: Condition([
            .output(step: 0, place: 0), .literal(.number("1")), .compare(.greater),
            .literal(.text("y")), .output(step: 0, place: 1), .literal(.list([])), .otherwise,
            .contained, .and,
          ])), toStep: 1)
      definition.give(
        StepExtras(
          condition: Condition([
            .output(step: 0, place: 2), .literal(.text("1.2")), .compare(.unequal),
          ])), toStep: 2)
      var run = ScriptedRun(policy, definition, jobs: 1)
      run.refuse("a", OutputRefusal(.missing, "count"))
      run.pass(milliseconds: 5_000)
      run.put("a", "2", "x\ny\n", "1.2")
      run.fail("b")
      run.pass(milliseconds: 5_000)
      run.fail("b")
      run.reopen()
      run.succeed("b")
      return run
    },
    GoldenLog("stragglers", "a step succeeds, and leaves processes that are stopped") { policy in
      var run = ScriptedRun(policy, .scripted("daemon"))
      run.launch("daemon")
      run.end("daemon", stragglers: 2)
      return run
    },
  ]

  // MARK: Runs that are stopped

  private static let stops = [
    GoldenLog("cancelled", "somebody cancels, with grace, while steps run and wait") { policy in
      var run = ScriptedRun(policy, .scripted("a", "b", "c < a"))
      run.launch("a", "b")
      run.cancel(0xfeed_f00d_dead_beef)
      run.end("a", .signalled(signal: 15), .stop)
      // It ended by itself before it could be stopped.
      run.end("b")
      return run
    },
    GoldenLog("killed", "somebody cancels, and then without grace; an intent is withdrawn") {
      policy in
      var run = ScriptedRun(policy, .scripted("a", "b"))
      run.launch("a")
      run.cancel(1)
      run.withdraw("b")
      run.cancel(2, force: true)
      run.end("a", .signalled(signal: 9), .force)
      return run
    },
    GoldenLog("finally", "steps at the end of each round, one of which is killed", since: .second) {
      policy in
      var definition = WorkflowDefinition.scripted(
        "a", "b < a", "tidy < b", "tell", timeoutMilliseconds: 60_000)
      definition.finallyCount = 2
      definition.give(StepExtras(edges: [Edge(need: 1, wanted: .settled)]), toStep: 2)
      var run = ScriptedRun(policy, definition, jobs: 1)
      run.fail("a")
      run.launch("tidy")
      run.cancel(1)
      run.cancel(2, force: true)
      run.withdraw("tell")
      run.end("tidy", .signalled(signal: 9), .force)
      run.reopen(ignoring: [1, 2])
      run.succeed("a", "b", "tidy")
      run.fail("tell")
      return run
    },
    GoldenLog("rollback", "what runs when steps fail or are stopped", since: .second) { policy in
      var definition = WorkflowDefinition.scripted("a", "undo a < a", "b < a", "c", "undo c < c")
      for step in [1, 4] {
        let own = Int32(step - 1)
        definition.steps[step].id = "\(definition.steps[Int(own)].id)/onFailure"
        var extras = StepExtras(edges: [Edge(need: own, wanted: .settled)])
        extras.isRollback = true
        definition.give(extras, toStep: step)
      }
      var run = ScriptedRun(policy, definition, jobs: 2)
      run.succeed("a")
      run.launch("c")
      run.fail("b")
      run.cancel(1)
      run.end("c", .signalled(signal: 15), .stop)
      run.launch("c/onFailure")
      run.cancel(2, force: true)
      run.end("c/onFailure", .signalled(signal: 9), .force)
      run.reopen(ignoring: [1, 2])
      run.succeed("b", "c")
      return run
    },
    GoldenLog("notify", "what tells of the end of two rounds", since: .second) { policy in
      var definition = WorkflowDefinition.scripted("a", "b", "tidy", "tell bad", "tell good")
      definition.finallyCount = 1
      definition.notifyCount = 2
      for (step, outcomes) in [(3, NoticeOutcomes([.failed, .cancelled])), (4, .succeeded)] {
        definition.steps[step].id = "notify/\(step - 2)"
        var extras = StepExtras()
        extras.notice = Notice(on: outcomes)
        definition.give(extras, toStep: step)
      }
      var run = ScriptedRun(policy, definition, jobs: 2)
      run.fail("a")
      run.succeed("b", "tidy")
      run.launch("notify/1")
      run.cancel(1)
      run.restart(["notify/1": .ended(.lost(killed: 1))])
      run.launch("notify/1")
      run.cancel(2, force: true)
      run.end("notify/1", .signalled(signal: 9), .force)
      run.reopen(ignoring: [1, 2])
      run.succeed("a", "tidy")
      run.fail("notify/2")
      return run
    },
    GoldenLog("slow", "what tells of a run that takes long, and of a recovery", since: .second) {
      policy in
      var definition = WorkflowDefinition.scripted("a", "tell late", "tell later", "tell good")
      definition.notifyCount = 3
      let notices = [
        Notice(slowMilliseconds: 60_000), Notice(slowMilliseconds: 3_600_000),
        Notice(on: [.failed, .recovered]),
      ]
      for (number, notice) in notices.enumerated() {
        definition.steps[number + 1].id = "notify/\(number + 1)"
        var extras = StepExtras()
        extras.notice = notice
        definition.give(extras, toStep: number + 1)
      }
      var run = ScriptedRun(policy, definition, after: .cancelled)
      run.launch("a")
      run.pass(milliseconds: 60_000)
      run.launch("notify/1")
      run.cancel(1, force: true)
      run.end("notify/1", .signalled(signal: 9), .force)
      run.end("a", .signalled(signal: 9), .force)
      run.reopen(ignoring: [1])
      run.launch("a")
      run.pass(milliseconds: 60_000)
      run.succeed("notify/1")
      run.end("a")
      run.succeed("notify/3")
      return run
    },
    GoldenLog(
      "for-each", "a step for each item of two lists, of which one is faulty", since: .second
    ) {
      policy in
      var definition = WorkflowDefinition.scripted("a", "n < a", "none", "z < n")
      definition.give(StepExtras(outputs: [StepOutput(name: "list", type: .lines)]), toStep: 0)
      var extras = StepExtras(outputs: [StepOutput(name: "size", type: .int)])
      extras.forEach = ForEach(
        over: .output(step: 0, place: 0), most: 4, jobs: 1, tolerance: .count(0))
      definition.give(extras, toStep: 1)
      var empty = StepExtras()
      empty.forEach = ForEach(over: .literal([]))
      definition.give(empty, toStep: 2)
      var run = ScriptedRun(policy, definition, jobs: 2)
      run.put("a", "x\ny/1\nw\n")
      run.put("n/x", "1")
      run.fail("n/y%2F1")
      run.reopen()
      run.put("n/y%2F1", "2")
      run.put("n/w", "3")
      run.succeed("z")
      run.reopen(scope: .from(StepSet([0])))
      run.put("a", "new\nx\n")
      run.put("n/new", "4")
      run.succeed("z")
      run.reopen(scope: .from(StepSet([0])))
      run.put("a", "x\nx\n")
      return run
    },
    GoldenLog(
      "files", "files that are published, published again, missing, and gone after a power cut",
      since: .second
    ) { policy in
      var definition = WorkflowDefinition.scripted("a", "b < a", "c", "d")
      for (step, files) in [["out/x", "site/"], [], ["y"], ["z"]].enumerated() where !files.isEmpty
      {
        var extras = StepExtras()
        extras.files = files
        if step == 2 { extras.publish = .inPlace }
        definition.give(extras, toStep: step)
      }
      var run = ScriptedRun(policy, definition, jobs: 3)
      run.succeed("a", "c", "d")
      run.launch("a")
      run.end("a", .lost)
      run.succeed("a")
      run.fail("c")
      run.restart(boot: "another boot")
      run.fail("d", code: PublicationCode.nothingPrepared)
      run.succeed("d", "d", "b")
      return run
    },
    GoldenLog(
      "chains-of-items", "three steps for each item, and a round that leaves out the second",
      since: .second
    ) { policy in
      var definition = WorkflowDefinition.scripted("n", "f", "g < f", "h < f g")
      for (step, id) in ["n/f", "n/g", "n/h"].enumerated() { definition.steps[step + 1].id = id }
      definition.chainCount = 3
      definition.steps[0].command = .shell("")
      var extras = StepExtras()
      extras.forEach = ForEach(over: .literal(["x", "y"]), tolerance: .count(1))
      extras.forEach?.chain = 1..<4
      definition.give(extras, toStep: 0)
      definition.give(StepExtras(edges: [Edge(need: 1, wanted: .settled)]), toStep: 3)
      var run = ScriptedRun(policy, definition, jobs: 4)
      run.succeed("n/x/f")
      run.fail("n/x/g")
      for step in ["f", "g", "h"] { run.succeed("n/y/\(step)") }
      run.reopen()
      run.succeed("n/x/g")
      run.succeed("n/x/h")
      run.reopen(scope: .only(StepSet([4, 6])))
      run.succeed("n/x/f")
      run.succeed("n/x/h")
      return run
    },
    GoldenLog("run-timeout", "the run's own time is over") { policy in
      var run = ScriptedRun(policy, .scripted("a", "b < a", timeoutMilliseconds: 60_000))
      run.launch("a")
      run.pass(milliseconds: 60_000)
      run.end("a", .signalled(signal: 15), .stop)
      return run
    },
    GoldenLog("fail-fast", "the first failure stops the others") { policy in
      var run = ScriptedRun(policy, .scripted("a", "b", "c < b", failFast: true))
      run.launch("a", "b")
      run.end("a", .exited(code: 1))
      run.end("b", .signalled(signal: 15), .stop)
      return run
    },
  ]
}
