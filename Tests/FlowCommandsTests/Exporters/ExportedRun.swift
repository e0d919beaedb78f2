import FlowCore
import Testing

@testable import FlowCommands

/// Runs whose histories hold all that a view must show.
enum ExportedRun {
  /// What a definition may hold and no format may take for its own.
  static let hostile = "</script><b a='\"&amp;\">\\N \u{1B}[31m\u{0}\u{202E} 日本 ]]> -->"

  /// Two slots: `fetch` fails and succeeds, `build` is lost, probed and run again by a second engine,
  /// `lint` may fail and does, `test` fails for good, `deploy` is skipped. On the way the disk is full
  /// and the wall clock is set.
  static func eventful() throws -> History {
    let retrying = StepSettings(
      retry: RetryPolicy(maxAttempts: 3, multiplierThousandths: 1_000, jitter: .none))
    let probed = StepSettings(onLost: .probe, probe: .shell("test -e built"))
    let allowed = StepSettings(
      environment: [EnvironmentVariable(name: "TOKEN", value: "secret-of-the-step")],
      allowFailure: true)
    var history = try History(
      WorkflowDefinition(
        name: hostile, environment: [EnvironmentVariable(name: "KEY", value: "secret-of-all")],
        steps: [
          StepDefinition(id: "fetch", command: .program(["fetch", hostile]), settingsIndex: 1),
          StepDefinition(id: "build", command: .shell(hostile), needs: [0], settingsIndex: 2),
          StepDefinition(id: "lint", command: .shell("lint"), settingsIndex: 3),
          StepDefinition(id: "test", command: .shell("test"), needs: [1, 2]),
          StepDefinition(id: "end", command: .shell("deploy"), needs: [3]),
        ], settings: [StepSettings(), retrying, probed, allowed]), jobs: 2)
    history.launch("lint")
    history.run("fetch", .exited(code: 75), milliseconds: 400)
    history.end("lint", .signalled(signal: 9), milliseconds: 400)
    history.pass(milliseconds: 1_000)
    history.roomReturned(after: 500)
    history.run("fetch", .exited(code: 0), milliseconds: 600)
    history.launch("build")
    history.setClock(aheadByMilliseconds: 3_600_000)
    history.pass(milliseconds: 500)
    history.elapse(milliseconds: 2_500)
    try history.restart()
    history.run("build", .exited(code: 1), milliseconds: 20)
    history.launch("build")
    history.pass(milliseconds: 980)
    history.end(
      "build", .exited(code: 0), milliseconds: 980, cpuMilliseconds: 1_200,
      peakMemoryKibibytes: 20_480, stragglers: 2)
    history.run("test", .exited(code: 2), milliseconds: 300)
    return history
  }

  static func explainer(_ history: History, isHeld: Bool = false) throws -> Explainer {
    try #require(Explainer(try history.view(isHeld: isHeld)))
  }
}
