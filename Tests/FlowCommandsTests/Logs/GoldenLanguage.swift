import FlowCore

/// Runs of definitions with keys that came after the first logs of policy 2.
extension GoldenLog {
  static let language = [
    GoldenLog(
      "parameters-and-shells", "parameters, shells, scripts, variables, and secrets that are there",
      since: .second
    ) { policy in
      var run = ScriptedRun(
        policy, .told, jobs: 2, parameters: ParameterValue.told, usesRecordedDefaults: false)
      run.succeed("load", "check")
      run.fail("publish", code: 2)
      run.pass(milliseconds: 10_000)
      run.succeed("publish")
      return run
    },
    GoldenLog(
      "called", "steps of a called file; a run of some steps, and a round of some of them",
      since: .second
    ) { policy in
      // Without the last step of the called file.
      var run = ScriptedRun(
        policy, .calling, parameters: ParameterValue.bound, unselected: StepSet([2]),
        usesRecordedDefaults: false)
      run.succeed("build", "deploy/copy", "tell")
      run.reopen(scope: .from(StepSet([1])))
      run.succeed("deploy/copy")
      run.fail("tell")
      run.reopen(scope: .only(StepSet([3])))
      run.succeed("tell")
      return run
    },
    GoldenLog(
      "secrets-missing", "secrets that could not be had, and an output that may hold one",
      since: .second
    ) { policy in
      var run = ScriptedRun(policy, .secretive, jobs: 4, usesRecordedDefaults: false)
      run.end("read", .launchFailed(.init(operation: .readSecret, errno: 2, secret: "PW")))
      run.end(
        "use",
        .launchFailed(.init(operation: .useSecret, errno: 22, secret: "PW", fault: .tooShort)))
      run.end("make", .launchFailed(.init(operation: .makeSecret, errno: 28, secret: "KEY")))
      run.launch("print")
      run.restart(["print": .ended(.lost(killed: 2, mayHoldSecrets: true))])
      return run
    },
    GoldenLog(
      "asked", "questions that are answered, rejected, and not answered in time; then once more",
      since: .second
    ) { policy in
      var run = ScriptedRun(policy, .asking, jobs: 2, usesRecordedDefaults: false)
      run.succeed("build")
      run.restart([:])
      run.answer("tag", .approved, id: 1, note: "staging is fine: \u{1F680}", "3", "v1.2 ${run.id}")
      run.pass(milliseconds: 3_600_000)
      run.answer("announce", .rejected, id: 2)
      run.succeed("publish")
      run.reopen()
      run.answer("announce", .approved, id: 3)
      run.reopen(scope: .from(StepSet([0])))
      run.cancel(9)
      run.end("build", .signalled(signal: 15), .stop)
      return run
    },
  ]
}

extension AttemptEnd {
  fileprivate static func lost(killed: Int32, mayHoldSecrets: Bool) -> AttemptEnd {
    var end = AttemptEnd.lost(killed: killed)
    end.output.isUnscrubbed = mayHoldSecrets
    return end
  }
}

extension WorkflowDefinition {
  /// `publish` needs one that is answered and one that counts as approved in the end; `announce` alone is
  /// allowed to be rejected.
  fileprivate static let asking: WorkflowDefinition = {
    func step(_ id: String, _ needs: [Int32], settings: Int32 = 0) -> StepDefinition {
      StepDefinition(id: id, command: .shell(""), needs: needs, settingsIndex: settings)
    }
    var definition = WorkflowDefinition(
      name: "release",
      steps: [
        step("build", []), step("tag", [0]), step("wait", [0]), step("announce", [0]),
        step("publish", [1, 2]),
      ], settings: [StepSettings()])
    definition.steps[0].command = .shell("make")
    definition.steps[4].command = .program(["publish", "${steps.tag.name}"])
    definition.hasTemplates = true
    definition.give(
      StepExtras(
        description: "the name of the release",
        outputs: [StepOutput(name: "count", type: .int), StepOutput(name: "name")],
        question: Question(
          text: "Release ${run.id}?\n", timeoutMilliseconds: 86_400_000, otherwise: .reject)),
      toStep: 1)
    definition.give(
      StepExtras(
        question: Question(
          text: "Anything to say against it?", timeoutMilliseconds: 3_600_000, otherwise: .approve)),
      toStep: 2)
    definition.give(StepExtras(question: Question(text: "Tell all?")), toStep: 3)
    definition.give(
      StepExtras(
        condition: Condition([
          .output(step: 1, place: 0), .literal(.number("2")), .compare(.greater),
        ])), toStep: 4)
    return definition
  }()
}

extension ParameterValue {
  fileprivate static let told = [
    ParameterValue(name: "since", texts: ["2026-11-20"]),
    ParameterValue(name: "hosts", texts: ["a b", "c;d", ""]),
    ParameterValue(name: "full", texts: ["false"]),
  ]
  fileprivate static let bound = [
    ParameterValue(name: "revision", texts: ["--option $(x)"]),
    ParameterValue(name: "deploy/target", texts: ["host:--option $(x)"]),
  ]
}

extension WorkflowDefinition {
  fileprivate static var told: WorkflowDefinition {
    var since = Parameter(name: "since", type: .date, standard: ["yesterday"], help: "first day")
    since.least = "2026-01-01"
    var hosts = Parameter(name: "hosts", type: .list, isRequired: true, pattern: ".*")
    hosts.greatest = "5"
    let full = Parameter(
      name: "full", type: .bool, standard: ["false"], choices: ["true", "false"])
    var definition = WorkflowDefinition(
      name: "told", description: "What a run is told", jobs: 2,
      environment: [
        EnvironmentVariable(name: "ID", value: "${run.id}"),
        EnvironmentVariable(name: "SINCE", value: "${params.since} $${HOME}"),
      ],
      steps: [
        StepDefinition(
          id: "load", command: .program(["./load", "${params.hosts}", "--since=${params.since}"])),
        StepDefinition(
          id: "check", command: .shell("#!/usr/bin/python3\nprint(1)\n"), needs: [0],
          settingsIndex: 1),
        StepDefinition(
          id: "publish", command: .shell("cat rows | tee out"), needs: [1], settingsIndex: 2),
      ],
      settings: [
        StepSettings(shell: .program(["python3", "-c"]), stopSignal: .interrupt),
        StepSettings(),
        StepSettings(
          retry: RetryPolicy(maxAttempts: 2, jitter: .equal), shell: .bash, stopSignal: .hangUp),
      ])
    definition.inheritance = .clean
    definition.passedVariables = ["DISPLAY", "SSH_AUTH_SOCK"]
    definition.variableFiles = [
      VariableFile(path: "prod.env"), VariableFile(path: "local.env", isOptional: true),
    ]
    definition.parameters = [since, hosts, full]
    definition.hasTemplates = true
    definition.exclusive = .named("told")
    definition.onConflict = .queue
    definition.secrets = [
      Secret(name: "KEY", source: .variable("CI_KEY")),
      Secret(name: "PW", source: .file("/run/secrets/pw")),
    ]
    definition.settings[1].executesScripts = true
    definition.settings[1].secrets = [SecretUse(name: "PW", form: .file)]
    definition.settings[2].secrets = [SecretUse(name: "KEY"), SecretUse(name: "PW")]
    definition.give(StepExtras(description: "looks at the rows"), toStep: 1)
    return definition
  }

  fileprivate static var calling: WorkflowDefinition {
    var target = Parameter(name: "deploy/target", isRequired: true)
    target.binding = ["host:${params.revision}"]
    var definition = WorkflowDefinition(
      name: "calling",
      steps: [
        StepDefinition(id: "build", command: .shell("make")),
        StepDefinition(
          id: "deploy/copy", command: .program(["cp", "out", "${params.deploy/target}"]),
          needs: [0], settingsIndex: 1),
        StepDefinition(
          id: "deploy/check", command: .shell("./check"), needs: [1], settingsIndex: 1),
        StepDefinition(id: "tell", command: .shell("./tell"), needs: [2]),
      ],
      settings: [StepSettings(), StepSettings(workingDirectory: "/srv/deploy")])
    definition.parameters = [Parameter(name: "revision", isRequired: true), target]
    definition.hasTemplates = true
    return definition
  }

  fileprivate static var secretive: WorkflowDefinition {
    var settings = StepSettings(onLost: .fail)
    settings.secrets = [SecretUse(name: "KEY", form: .file), SecretUse(name: "PW")]
    var definition = WorkflowDefinition(
      name: "secretive",
      steps: ["read", "use", "make", "print"].map {
        StepDefinition(id: $0, command: .shell("x"))
      }, settings: [settings])
    definition.secrets = [
      Secret(name: "KEY", source: .variable("CI_KEY")), Secret(name: "PW", source: .file("pw")),
    ]
    return definition
  }
}
