import FlowCore
import FlowRuntime
import FlowStorage
import Testing

/// What a command that begins with `#!` is launched as, and what is left of it.
struct ScriptTests {
  private static let text = "#!/bin/sh\necho\n"
  private static let path = "/r/attempts/s0@1.script"

  /// - Parameter executesScripts: as the history has recorded it.
  private func request(
    of command: Command, probe: Command? = nil, executesScripts: Bool, isProbe: Bool = false
  ) throws -> LaunchRequest {
    var settings = StepSettings(onLost: probe == nil ? .rerun : .probe, probe: probe)
    settings.executesScripts = executesScripts
    let definition = WorkflowDefinition(
      name: "w", steps: [StepDefinition(id: "s0", command: command)], settings: [settings])
    let now = Moment(
      monotonic: Instant(microseconds: 1), wall: WallTime(microseconds: 1))
    let engine = Engine.create(
      NewRun(
        runID: "r", seed: 1, programVersion: "1", jobs: 1, definitionFolder: "/d",
        definition: definition, graph: try DependencyGraph(definition.steps)),
      engine: EngineStarted(life: 1, processID: 1, host: HostContext(bootID: "b")), at: now)
    return LaunchPlan(engine.state, in: RunFolder(path: "/r")).request(
      for: Launch(AttemptID(step: 0, number: 1), intent: 5, isProbe ? .probe : .command),
      in: engine.state)
  }

  @Test func aScriptIsAFileOfItsAttempt() throws {
    let request = try request(of: .shell(Self.text), executesScripts: true)
    #expect(request.script == Self.text && request.arguments == [Self.path])
  }

  /// Earlier versions gave the same text to the shell, and their runs are resumed.
  @Test func whatIsRecordedOtherwiseIsALineForTheShell() throws {
    let request = try request(of: .shell(Self.text), executesScripts: false)
    #expect(request.script == nil)
    #expect(request.arguments == ["/bin/sh", "-e", "-c", Self.text])
  }

  @Test func commandAndProbeAreOneEachByItself() throws {
    let line = try request(
      of: .shell("x"), probe: .shell(Self.text), executesScripts: true)
    #expect(line.script == nil && line.arguments == ["/bin/sh", "-e", "-c", "x"])
    let probe = try request(
      of: .shell("x"), probe: .shell(Self.text), executesScripts: true, isProbe: true)
    #expect(probe.script == Self.text && probe.arguments == [Self.path])
    let program = try request(of: .program(["#!x"]), executesScripts: true)
    #expect(program.script == nil && program.arguments == ["#!x"])
  }
}
