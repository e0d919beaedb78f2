import FlowCore
import FlowStorage

extension GoldenLog {
  // MARK: Engines that die

  static let lives = [
    GoldenLog("lost", "an engine dies; what nobody can tell of is lost, and runs again") { policy in
      var run = ScriptedRun(policy, .scripted("a", "b < a"))
      run.succeed("a")
      run.launch("b")
      run.pass(milliseconds: 500)
      run.restart()
      run.succeed("b")
      return run
    },
    GoldenLog("lost-for-good", "a step that must not run twice fails when it is lost") { policy in
      var run = ScriptedRun(policy, .scripted("pay", each: StepSettings(onLost: .fail)))
      run.launch("pay")
      run.pass(milliseconds: 500)
      run.restart()
      return run
    },
    GoldenLog("probed", "lost steps whose probes say that it was done, and that it was not") {
      policy in
      let settings = StepSettings(onLost: .probe, probe: .shell("test -e done"))
      var run = ScriptedRun(policy, .scripted("sent", "unsent", each: settings))
      run.launch("sent", "unsent")
      run.pass(milliseconds: 500)
      run.restart()
      run.succeed("sent")
      run.launch("unsent")
      run.end("unsent", .exited(code: 1))
      run.succeed("unsent")
      return run
    },
    GoldenLog("survivors", "commands that outlive the engine; intents that were not acted upon") {
      policy in
      var run = ScriptedRun(policy, .scripted("long", "late", "next < long"))
      run.launch("long")
      run.pass(milliseconds: 500)
      run.restart([
        "long": .running(processID: 4_107, forMicroseconds: 1_750_021), "late": .neverLaunched,
      ])
      run.end("long")
      run.launch("late")
      run.pass(milliseconds: 500)
      run.restart([
        "late": .ended(
          .init(
            result: .exited(code: 0), cause: .byItself, durationMicroseconds: 77_000))
      ])
      run.succeed("next")
      return run
    },
    GoldenLog("stopped-in-between", "an engine dies while it stops the run") { policy in
      var run = ScriptedRun(policy, .scripted("a", "b"))
      run.launch("a")
      run.cancel(9)
      run.restart([
        "a": .running(processID: 0, forMicroseconds: 0), "b": .neverLaunched,
      ])
      run.end("a", .signalled(signal: 15), .stop)
      return run
    },
    GoldenLog("reboot", "the machine is started anew while a step waits for its next attempt") {
      policy in
      var run = ScriptedRun(policy, .scripted("a", "b", each: .retried(3, delay: 600_000)))
      run.fail("a")
      run.launch("b")
      run.pass(milliseconds: 500)
      run.restart(boot: "boot-2")
      run.pass(milliseconds: 600_000)
      run.succeed("a", "b")
      return run
    },
    GoldenLog(
      "power-loss", "work that no sync had covered is taken back; a sync that fails", since: .second
    ) { policy in
      var run = ScriptedRun(policy, .scripted("a", "b", "c < b"), syncsWork: true)
      run.succeed("a")
      run.pass(milliseconds: 5_000)
      run.syncWork()
      run.succeed("b")
      run.launch("c")
      run.restart(boot: "boot-2")
      run.succeed("b", "c")
      run.syncWork(failure: 5)
      return run
    },
    GoldenLog(
      "cached", "cached steps: one runs, one uses a former result, one lacks an input",
      since: .second
    ) { policy in
      var workflow = WorkflowDefinition.scripted("a", "b", "c")
      for step in workflow.steps.indices {
        var extras = StepExtras()
        extras.inputs = ["src/**"]
        extras.caches = true
        workflow.give(extras, toStep: step)
      }
      var run = ScriptedRun(policy, workflow)
      run.launch("a")
      run.end("a", look: .miss(CacheMiss(.input, "src/a", count: 1, of: 2)))
      run.succeed("a")
      run.launch("b")
      run.end("b", look: .hit(run: "before", attempt: 3))
      run.launch("c")
      run.end("c", .exited(code: 1), refusal: OutputRefusal(.noInput, "src/a"))
      return run
    },
    GoldenLog("clock", "somebody sets the clock, both ways") { policy in
      var run = ScriptedRun(policy, .scripted("a", "b < a"))
      run.launch("a")
      run.setClock(aheadByMilliseconds: 3_600_000)
      run.end("a")
      run.setClock(aheadByMilliseconds: -7_200_500)
      run.succeed("b")
      return run
    },
    GoldenLog("full-disk", "a commit waits for room") { policy in
      var run = ScriptedRun(policy, .scripted("a"))
      run.pass(milliseconds: 7_000)
      run.roomReturned()
      run.succeed("a")
      return run
    },
    GoldenLog("reopened", "a second round for what failed; earlier requests are ignored in it") {
      policy in
      var run = ScriptedRun(policy, .scripted("a", "b < a", "c"), jobs: 1)
      run.fail("a")
      run.launch("c")
      run.cancel(77)
      run.end("c", .signalled(signal: 15), .stop)
      run.pass(milliseconds: 90_000)
      run.reopen(ignoring: [77, 78], scope: .unsuccessful)
      run.succeed("a", "c", "b")
      return run
    },
    GoldenLog(
      "reopened-after-allowed", "a second round after a failure that was allowed", since: .second
    ) { policy in
      var settings = StepSettings()
      settings.allowFailure = true
      var run = ScriptedRun(policy, .scripted("a", "b < a", each: settings), jobs: 1)
      run.fail("a")
      run.succeed("b")
      run.pass(milliseconds: 90_000)
      run.reopen()
      run.succeed("a", "b")
      return run
    },
    GoldenLog("unfinished", "an engine that died and was not replaced") { policy in
      var run = ScriptedRun(policy, .scripted("a", "b < a"))
      run.succeed("a")
      run.launch("b")
      run.pass(milliseconds: 500)
      return run
    },
  ]

  // MARK: What the format allows

  static let formats = [
    GoldenLog("undeflated", "no frame is deflated", .golden(deflated: false)) { policy in
      var run = ScriptedRun(policy, .scripted("a", "b < a"))
      run.succeed("a", "b")
      return run
    },
    GoldenLog(
      "reserved", "room is reserved, and zeros follow the history", .golden(reservation: 2048)
    ) { policy in
      var run = ScriptedRun(policy, .scripted("a", "b < a"))
      run.succeed("a")
      return run
    },
    GoldenLog("rotated", "segments of a few commits each", .golden(rotation: 300)) { policy in
      let ids = (1...8).map { "s\($0)" }
      var run = ScriptedRun(policy, .scripted(ids))
      for id in ids { run.succeed(id) }
      return run
    },
    GoldenLog("large-definition", "a definition in two events") { policy in
      let text = String(repeating: "echo the same line again; ", count: 12_000)
      var run = ScriptedRun(
        policy,
        WorkflowDefinition(name: "large", steps: [StepDefinition(id: "a", command: .shell(text))]))
      run.succeed("a")
      return run
    },
    GoldenLog("dead-bytes", "engines that died in the middle of commits: torn ends, carried over") {
      policy in
      var run = ScriptedRun(policy, .scripted("a", "b < a", "c < b"))
      run.succeed("a")
      run.damages[1] = { $0["00000001.seg"]?.append(contentsOf: [0x66, 0x4c, 1, 0x11, 7, 7]) }
      run.restart(["b": .neverLaunched])
      run.launch("b")
      run.damages[2] = { $0["00000002.seg"]?.append(contentsOf: [1, 2, 3]) }
      run.restart(["b": .running(processID: 4_121, forMicroseconds: 5)])
      run.end("b")
      run.succeed("c")
      return run
    },
  ]
}

extension WorkflowDefinition {
  /// Steps as `"a"`, or `"b < a"` where `b` needs `a`; with a shell command each.
  static func scripted(
    _ steps: String..., each: StepSettings = StepSettings(), timeoutMilliseconds: Int64? = nil,
    failFast: Bool = false
  ) -> WorkflowDefinition {
    scripted(steps, each: each, timeoutMilliseconds: timeoutMilliseconds, failFast: failFast)
  }

  static func scripted(
    _ steps: [String], each: StepSettings = StepSettings(), timeoutMilliseconds: Int64? = nil,
    failFast: Bool = false
  ) -> WorkflowDefinition {
    let words = steps.map { $0.split(separator: " ").map(String.init) }
    let ids = words.map { $0[0] }
    return WorkflowDefinition(
      name: "nightly", timeoutMilliseconds: timeoutMilliseconds, failFast: failFast,
      steps: words.map { words in
        StepDefinition(
          id: words[0], command: .shell("./\(words[0]).sh \"$FLOW_RUN_DIR\""),
          needs: words.dropFirst(2).compactMap { need in
            ids.firstIndex(of: need).map { Int32($0) }
          })
      }, settings: [each])
  }

  static let everySetting = WorkflowDefinition(
    name: "everything", jobs: 4,
    environment: [EnvironmentVariable(name: "LANG", value: "C.UTF-8")],
    timeoutMilliseconds: 3_600_000, failFast: true,
    steps: [
      StepDefinition(id: "fetch", command: .program(["curl", "-fsS", "https://example.org/data"])),
      StepDefinition(
        id: "pack", command: .shell("tar -czf out.tar.gz ."), needs: [0], settingsIndex: 1),
    ],
    settings: [
      StepSettings(
        environment: [
          EnvironmentVariable(name: "A", value: ""), EnvironmentVariable(name: "B", value: "x=y"),
        ],
        workingDirectory: "sub/folder", timeoutMilliseconds: 120_000, killGraceMilliseconds: 0,
        retry: RetryPolicy(
          maxAttempts: 5, initialDelayMilliseconds: 250, multiplierThousandths: 1_500,
          maxDelayMilliseconds: 10_000, jitter: .none, on: [.exit, .timeout],
          exitCodes: [1, 75, 255]),
        onLost: .probe, probe: .program(["test", "-e", "data"]), stragglers: .keep,
        maxOutputBytes: 65_536),
      StepSettings(allowFailure: true, onLost: .fail),
    ])
}

extension StepSettings {
  static func retried(_ attempts: Int32, delay milliseconds: Int64 = 1_000) -> StepSettings {
    StepSettings(
      retry: RetryPolicy(maxAttempts: attempts, initialDelayMilliseconds: milliseconds))
  }
}
