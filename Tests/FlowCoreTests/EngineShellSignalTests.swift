import FlowCore
import Testing

/// Exit codes by which a shell reports that a signal ended what it ran.
@Suite struct EngineShellSignalTests {
  private static func workflow(
    _ command: Command = .shell("work"), on kinds: FailureKinds = .signal,
    exitCodes: [UInt8]? = nil
  ) -> WorkflowDefinition {
    var settings = StepSettings.retrying(2, on: kinds, exitCodes: exitCodes)
    settings.onLost = .probe
    settings.probe = .shell("probe")
    let step = StepDefinition(id: "a", command: command, needs: [], settingsIndex: 0)
    return WorkflowDefinition(name: "w", steps: [step], settings: [settings])
  }

  private func signal(_ run: EngineHarness) -> UInt8?? {
    for case .attemptEnded(_, let end) in run.durable.map(\.body) { return end.shellSignal }
    return nil
  }

  @Test(arguments: [(129, 1), (137, 9), (143, 15), (159, 31)] as [(UInt8, UInt8)])
  func theyAreRetriedAsSignals(code: UInt8, number: UInt8) throws {
    var run = try EngineHarness(Self.workflow())
    #expect(run.end("a", .exit(code)) == ["commit: ended a#1, retry a#1 in 1000 ms"])
    #expect(signal(run) == number)
  }

  @Test(arguments: [1, 127, 128, 160, 255] as [UInt8])
  func otherCodesAreExits(code: UInt8) throws {
    var run = try EngineHarness(Self.workflow())
    #expect(run.end("a", .exit(code)).first == "commit: ended a#1, a failed, run failed")
    #expect(signal(run) == .some(nil))
  }

  @Test func theyAreNoExits() throws {
    var run = try EngineHarness(Self.workflow(on: .exit))
    #expect(run.end("a", .exit(137)).first == "commit: ended a#1, a failed, run failed")
  }

  /// The step says what the code means.
  @Test func aCodeThatTheStepNamesIsAnExit() throws {
    var run = try EngineHarness(Self.workflow(on: .exit, exitCodes: [137]))
    #expect(run.end("a", .exit(137)) == ["commit: ended a#1, retry a#1 in 1000 ms"])
    #expect(signal(run) == .some(nil))
  }

  @Test func aProgramMeansWhatItSays() throws {
    var run = try EngineHarness(Self.workflow(.program(["work"]), on: .exit))
    #expect(run.end("a", .exit(137)) == ["commit: ended a#1, retry a#1 in 1000 ms"])
    #expect(signal(run) == .some(nil))
  }

  @Test(arguments: [AttemptEnd.Cause.deadline, .stop, .force])
  func whatFlowEndedIsNothingElse(cause: AttemptEnd.Cause) throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a", .exit(137, cause: cause))
    #expect(signal(run) == .some(nil))
  }

  @Test func anEndThatRecoveryFindsIsReadAlike() throws {
    var run = try EngineHarness(Self.workflow())
    #expect(
      run.crash(found: ["a": .ended(.exit(137))]) == [
        "commit: engine 2, ended a#1, retry a#1 in 1000 ms"
      ])
  }

  /// Runs of flow 0.1 are decided as they were.
  @Test func theFirstPolicyTakesItForAnExit() throws {
    var workflow = Self.workflow()
    workflow.settings[0].shell = .plain
    workflow.settings[0].retry.jitter = .none
    var run = try EngineHarness(workflow, policy: .first)
    #expect(run.end("a", .exit(137)).first == "commit: ended a#1, a failed, run failed")
    #expect(signal(run) == .some(nil))
  }
}
