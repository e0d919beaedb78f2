import FlowCore
import FlowJSON
import Glibc
import TestSupport
import Testing

/// Every setting of a step reaches its attempts, whichever way they come to run.
struct SettingPathTests {
  /// How an attempt comes to run, or continues.
  enum Path: String, CaseIterable {
    case firstLaunch, retry, rerun, anotherRound
    /// Its engine died between the intent and the launch.
    case relaunch
    case probe
    /// Its engine died while it ran.
    case takeOver

    /// The deadline counts from the start of the command, which is before another engine takes it over.
    var timeoutSeconds: Int { self == .takeOver ? 10 : 2 }
  }

  /// What is observed of it.
  enum Setting: String, CaseIterable {
    /// `env` of the workflow and of the step, `secrets`, `cwd`, `shell`.
    case place
    /// `timeout`, `stopSignal`, `killGrace`.
    case stop
    case stragglers
    case maxOutput

    var keys: [String] {
      switch self {
      case .place: ["env", "secrets", "cwd", "shell"]
      case .stop: ["timeout", "stopSignal", "killGrace"]
      case .stragglers: ["stragglers"]
      case .maxOutput: ["maxOutput"]
      }
    }

    /// As members of a step.
    func members(_ folder: String, on path: Path) -> String {
      switch self {
      case .place:
        #""env": {"OWN": "step"}, "secrets": ["TOKEN"], "cwd": "inner", "shell": ["\#(folder)/shell", "-c"]"#
      case .stop: #""timeout": "\#(path.timeoutSeconds)s", "stopSignal": "INT", "killGrace": "1s""#
      case .stragglers: #""stragglers": "keep""#
      case .maxOutput: #""maxOutput": "64KiB""#
      }
    }

    /// The command, from where it is observed.
    func body(_ folder: String) -> String {
      switch self {
      case .place: "echo $OWN $COMMON $TOKEN $SHELLED $PWD > \(folder)/seen"
      // It never ends by itself, and notes the signal.
      case .stop:
        "trap 'touch \(folder)/told' INT; while :; do sleep 0.05 || :; done"
      case .stragglers: "sleep 600 & true"
      case .maxOutput: "head -c 4000000 /dev/zero"
      }
    }
  }

  /// These say what follows from an attempt's end, or are a command of their own.
  private static let others = ["retry", "allowFailure", "onLost", "probe"]

  @Test func everyKeyIsObserved() {
    let keys = StepSettings.keys.map(\.name)
    #expect(Set(keys) == Set(Setting.allCases.flatMap(\.keys) + Self.others))
    #expect(keys.count == Set(keys).count)
  }

  @Test(arguments: Path.allCases, Setting.allCases)
  func reaches(path: Path, setting: Setting) async throws {
    let home = Home()
    let folder = home.folder.path
    TestFile.makeFolder("\(folder)/inner")
    home.folder.write("hush-hush-hush", to: "token", mode: 0o600)
    home.folder.write(
      "#!/bin/sh\nSHELLED=shelled exec /bin/sh \"$@\"\n", to: "shell", mode: 0o755)
    let file = home.workflow(
      Self.steps(path, setting, folder),
      #""jobs": 1, "env": {"COMMON": "workflow"}, "secrets": {"TOKEN": {"file": "token"}}"#)
    try await play(path, home, file)
    let attempt = try await observed(home)
    switch setting {
    case .place:
      #expect(
        home.folder.contents(of: "seen") == "step workflow hush-hush-hush shelled \(folder)/inner\n"
      )
    case .stop:
      #expect(attempt["outcome"]?.string == "timedOut")
      #expect(home.folder.has("told"))
      // A second of grace, and not ten.
      let late = (attempt["durationMs"]?.integer ?? 0) - path.timeoutSeconds * 1_000
      #expect((900..<9_000).contains(late), "\(late)")
    case .stragglers:
      let events = try await home.flow("events", "r").output
      #expect(attempt["outcome"]?.string == "exited", "\(events)")
      #expect(home.processes(named: "sleep").count == 1)
    case .maxOutput:
      let ends = try await home.events().filter { $0["kind"]?.string == "attemptEnded" }
      let last = try #require(ends.last { $0["step"]?.string == "a" })
      #expect(last["outputBytes"]?.integer == 4_000_000)
      #expect(last["discardedOutputBytes"]?.integer ?? 0 > 0)
    }
  }

  // MARK: Paths

  private static func steps(_ path: Path, _ setting: Setting, _ folder: String) -> String {
    let body = setting.body(folder)
    let waits = "touch \(folder)/begun; while ! test -e \(folder)/go; do sleep 0.05 || :; done"
    // It kills its monitor.
    let lost = "kill -9 $PPID; exec sleep 600"
    var members = setting.members(folder, on: path)
    let command: String
    var before = ""
    switch path {
    case .firstLaunch: command = body
    case .retry:
      command = "test $FLOW_ATTEMPT != 1 || exit 9; \(body)"
      members += #", "retry": {"maxAttempts": 2, "initialDelay": "1ms", "exitCodes": [9]}"#
    case .rerun: command = "if test $FLOW_ATTEMPT = 1; then \(lost); fi; \(body)"
    case .anotherRound: command = "test $FLOW_ATTEMPT != 1 || exit 9; \(body)"
    case .relaunch:
      command = body
      before = #"{"id": "first", "run": "\#(waits)"}, "#
    case .probe:
      command = lost
      members += #", "onLost": "probe", "probe": "\#(body)""#
    case .takeOver:
      command = setting == .stop ? "touch \(folder)/begun; \(body)" : "\(waits); \(body)"
    }
    return #"\#(before){"id": "a", "run": "\#(command)", \#(members)}"#
  }

  private func play(_ path: Path, _ home: Home, _ file: String) async throws {
    let run = try home.start(["run", file, "--run-id", "r", "--quiet"])
    switch path {
    case .firstLaunch, .retry, .rerun, .probe: _ = try await run.end()
    case .anotherRound:
      #expect(try await run.end().ending == .exit(1))
      _ = try await home.flow("restart", "r", "--failed", "--quiet")
    case .relaunch, .takeOver:
      #expect(try await eventually { home.folder.has("begun") })
      if path == .relaunch {
        #expect(
          try await eventually {
            try await home.events("r").contains {
              $0["kind"]?.string == "attemptScheduled" && $0["step"]?.string == "a"
            }
          })
      }
      run.signal(SIGKILL)
      _ = try await run.end()
      let restart = try home.start(["restart", "r", "--quiet"])
      #expect(
        try await eventually {
          try await home.events("r").contains {
            ["attemptFound", "runFinished"].contains($0["kind"]?.string)
          }
        })
      home.folder.write("", to: "go")
      _ = try await restart.end()
    }
  }

  /// The last attempt of the step.
  private func observed(_ home: Home) async throws -> JSON {
    try #require(try await home.status("r").step("a")?["attempts"]?.elements.last)
  }
}
