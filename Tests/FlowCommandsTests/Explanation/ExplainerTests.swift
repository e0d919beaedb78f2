import FlowCore
import Testing

@testable import FlowCommands

@Suite struct ExplainerTests {
  private func sentences(
    _ step: String, in history: History, isHeld: Bool = false
  ) throws -> String {
    let explainer = try #require(Explainer(try history.view(isHeld: isHeld)))
    let index = try explainer.state.definition.index(ofStep: step, runID: "r")
    return explainer.sentences(ofStep: index).joined(separator: " ")
  }

  private static func retrying(
    _ attempts: Int32, on: FailureKinds = .all, exitCodes: [UInt8]? = nil
  ) -> StepSettings {
    StepSettings(
      retry: RetryPolicy(maxAttempts: attempts, jitter: .none, on: on, exitCodes: exitCodes))
  }

  // MARK: Waiting

  @Test func aStepThatWaitsNamesWhatItWaitsForAndItsBeginning() throws {
    var history = try History(WorkflowDefinition("a", "b: a", "c: b", "d", "e: c d"), jobs: 2)
    history.launch("a")
    history.launch("d")
    history.pass(milliseconds: 1_500)
    #expect(
      try sentences("e", in: history, isHeld: true)
        == "e waits for its 2 needs: c, which is waiting too; and d, which runs, for 1.5s now."
        + " Root cause: a, which runs, for 1.5s now.")
    history.end("d", .exited(code: 0), milliseconds: 1_500)
    #expect(
      try sentences("e", in: history)
        == "e waits for 1 of its 2 needs: c, which is waiting too."
        + " Root cause: a, which was interrupted."
        + " No engine drives the run, so nothing progresses.")
    #expect(
      try sentences("b", in: history, isHeld: true)
        == "b waits for its need: a, which runs, for 1.5s now.")
  }

  @Test func aReadyStepNamesWhatTakesTheSlots() throws {
    // Intents run ahead by as many as there are slots.
    var history = try History(WorkflowDefinition("a", "b", "c", "d", "e"), jobs: 2)
    history.launch("a")
    history.launch("b")
    history.pass(milliseconds: 2_000)
    #expect(
      try sentences("c", in: history, isHeld: true)
        == "c is scheduled and waits for a slot: all 2 are taken, by a and b."
        + " It is the next to start.")
    #expect(
      try sentences("e", in: history, isHeld: true)
        == "e is ready since 02:19:03.000 (2s) and waits for a slot: all 2 are taken, by a and b."
        + " 2 steps go first: more depends on them, or they come earlier in the definition.")
  }

  /// A step that waits is never told that a slot is free.
  @Test func whatIsAboutToStartIsNotSaidToWaitForASlot() throws {
    let history = try History(WorkflowDefinition("a", "b", "c"), jobs: 1)
    #expect(
      try sentences("a", in: history, isHeld: true)
        == "a is being started: attempt 1 is scheduled.")
    #expect(
      try sentences("c", in: history, isHeld: true).hasSuffix(
        "waits for a slot: the only one is taken, by a. 2 steps go first: more depends on them, or"
          + " they come earlier in the definition."))
  }

  @Test func whatLacksSpaceSaysSo() throws {
    let history = try History(WorkflowDefinition("a", "b", "c"), jobs: 1)
    func text(_ step: Int) throws -> String? {
      Explainer(try history.view(isHeld: true, lacking: .space))?.sentences(ofStep: step).first
    }
    #expect(try text(0) == "a is scheduled and waits for disk space.")
    #expect(try text(2)?.hasSuffix("and waits for disk space.") == true)
  }

  @Test func aTimeoutThatIsNotKeptIsSaid() throws {
    var history = try History(
      WorkflowDefinition("a", settings: StepSettings(timeoutMilliseconds: 2_000)))
    history.launch("a")
    history.pass(milliseconds: 2_900)
    #expect(try sentences("a", in: history, isHeld: true).hasSuffix("It is stopped after 2s."))
    history.pass(milliseconds: 200)
    #expect(
      try sentences("a", in: history, isHeld: true).contains(
        "It should have been stopped after 2s, and its monitor does not act"))
    var text = ""
    StatusPrinter(
      try history.read(), runID: "r", isHeld: true, engineProcessID: 1, now: history.wall
    ).printText(to: &text)
    #expect(text.contains("past its timeout of 2s: its monitor does not act"), "\(text)")
  }

  @Test func aPauseAfterAnInterruptionIsNamed() throws {
    var history = try History(WorkflowDefinition("a"), jobs: 1)
    history.launch("a")
    history.pass(milliseconds: 10)
    history.interrupt("a")
    #expect(
      try sentences("a", in: history, isHeld: true).contains(
        "and waits for the end of a pause after an interruption."))
  }

  @Test func aLaterRoundCountsItsOwnRetries() throws {
    var history = try History(WorkflowDefinition("a", settings: Self.retrying(2)))
    history.run("a", .exited(code: 75), milliseconds: 200)
    history.pass(milliseconds: 1_000)
    history.run("a", .exited(code: 75), milliseconds: 200)
    try history.reopen()
    history.run("a", .exited(code: 75), milliseconds: 200)
    #expect(
      try sentences("a", in: history).contains(
        " before retry 1 of 1: attempt 3 failed: exit code 75 after 200ms. "))
  }

  @Test func aStepThatBacksOffSaysUntilWhenAndWhy() throws {
    var history = try History(WorkflowDefinition("a", settings: Self.retrying(3)))
    history.run("a", .exited(code: 75), milliseconds: 200)
    history.pass(milliseconds: 400)
    #expect(
      try sentences("a", in: history, isHeld: true)
        == "a backs off until 02:19:04.200 (in 600ms) before retry 1 of 2:"
        + " attempt 1 failed: exit code 75 after 200ms.")
    #expect(
      try sentences("a", in: history)
        == "a backs off until 02:19:04.200 before retry 1 of 2: attempt 1 failed: exit code 75"
        + " after 200ms. No engine drives the run, so nothing progresses.")
  }

  // MARK: Under way

  @Test func aStepThatRunsSaysSinceWhenAndUntilWhenAtTheLatest() throws {
    var history = try History(
      WorkflowDefinition("a", settings: StepSettings(timeoutMilliseconds: 30_000)))
    history.launch("a")
    history.pass(milliseconds: 12_000)
    #expect(
      try sentences("a", in: history, isHeld: true)
        == "a runs since 02:19:03.000, for 12s. It is stopped after 30s.")
    #expect(
      try sentences("a", in: history)
        == "Attempt 1 of a was running since 02:19:03.000 when the history ended."
        + " No engine drives the run, so its outcome is not recorded; flow status checks"
        + " the process.")
    history.passDeadline("a")
    history.pass(milliseconds: 100)
    #expect(
      try sentences("a", in: history, isHeld: true)
        == "a passed its limit of 30s and is being stopped since 02:19:15.000:"
        + " it has 10s before it is killed.")
  }

  @Test func aStepThatIsStoppedForTheRunSaysWhy() throws {
    var history = try History(WorkflowDefinition("a"))
    history.launch("a")
    history.cancel()
    #expect(
      try sentences("a", in: history, isHeld: true)
        == "a is being stopped since 02:19:03.000, because the run is: a cancel was requested."
        + " Its processes got SIGTERM; it has 10s before it is killed.")
    history.cancel(force: true)
    #expect(
      try sentences("a", in: history, isHeld: true).hasSuffix("It was sent SIGKILL without grace."))
  }

  // MARK: Ends

  @Test func successAfterFailuresIsSaid() throws {
    var history = try History(WorkflowDefinition("a", settings: Self.retrying(3)))
    history.run("a", .exited(code: 1), milliseconds: 20)
    history.pass(milliseconds: 1_000)
    history.run("a", .exited(code: 0), milliseconds: 1_200)
    #expect(
      try sentences("a", in: history) == "a succeeded in 1.2s, after 1 earlier attempt.")
  }

  @Test(
    arguments: [
      (retrying(1), .exited(code: 2), "It has one attempt: its retry policy allows no more."),
      (
        retrying(3, on: [.signal, .timeout]), .exited(code: 2),
        "Its retry policy retries on signal, timeout, not on exit."
      ),
      (
        retrying(3, exitCodes: [74, 75]), .exited(code: 2),
        "Its retry policy retries on exit codes 74, 75, not on 2."
      ),
      (
        retrying(3, on: .exit), .signalled(signal: 11),
        "Its retry policy retries on exit, not on signal."
      ),
    ] as [(StepSettings, AttemptEnd.Result, String)])
  func aFailureSaysWhyItIsForGood(
    settings: StepSettings, result: AttemptEnd.Result, reason: String
  ) throws {
    var history = try History(WorkflowDefinition("a", settings: settings))
    history.run("a", result, milliseconds: 20)
    #expect(try sentences("a", in: history).hasSuffix(" after 20ms. \(reason)"))
  }

  @Test func attemptsThatAreUsedUpAreCounted() throws {
    var settings = Self.retrying(2)
    settings.allowFailure = true
    var history = try History(WorkflowDefinition("a", settings: settings))
    history.run("a", .exited(code: 2), milliseconds: 20)
    history.pass(milliseconds: 1_000)
    history.run("a", .exited(code: 3), milliseconds: 20)
    #expect(
      try sentences("a", in: history)
        == "a failed: exit code 3 after 20ms."
        + " Its retry policy allows 2 attempts, and all are used."
        + " It is allowed to fail: its dependents still run.")
  }

  @Test func aChainOfSkippedStepsLeadsToTheFailure() throws {
    var history = try History(WorkflowDefinition("a", "b: a", "c: b", "d: c"))
    history.run("a", .signalled(signal: 9), milliseconds: 20)
    #expect(
      try sentences("d", in: history)
        == "d was skipped: it needs c, which needs b, which needs a, which failed: signal 9 (SIGKILL) after 20ms."
    )
    #expect(
      try sentences("b", in: history)
        == "b was skipped: it needs a, which failed: signal 9 (SIGKILL) after 20ms.")
  }

  @Test func aLongChainIsCutInItsMiddle() throws {
    let steps = (0..<200).map { index in
      StepDefinition(
        id: "s\(index)", command: .shell("true"), needs: index == 0 ? [] : [Int32(index) - 1])
    }
    var history = try History(WorkflowDefinition(name: "w", steps: steps))
    history.run("s0", .exited(code: 1), milliseconds: 1)
    let text = try sentences("s199", in: history)
    #expect(text.hasPrefix("s199 was skipped: it needs s198, which needs s197"))
    #expect(text.contains(" … ") && text.hasSuffix("s0, which failed: exit code 1 after 1ms."))
    #expect(text.count < 400)
  }

  @Test func whatACancelStoppedSaysSo() throws {
    var history = try History(
      WorkflowDefinition("a", "b", "c: a", settings: Self.retrying(2)))
    history.run("b", .exited(code: 1), milliseconds: 20)
    history.launch("a")
    history.cancel()
    history.end("a", .signalled(signal: 15), .stop, milliseconds: 30)
    let since = "The run was stopping since 02:19:03.020: a cancel was requested."
    #expect(
      try sentences("a", in: history)
        == "a was stopped while it ran: cancelled after 30ms. \(since)")
    #expect(
      try sentences("b", in: history)
        == "b was cancelled while it backed off: attempt 1 had failed: exit code 1 after 20ms."
        + " \(since)")
    #expect(
      try sentences("c", in: history)
        == "c was skipped: the run was stopping before it could start. \(since)")
  }

  @Test func failFastNamesTheStep() throws {
    var history = try History(WorkflowDefinition("a", "b", failFast: true))
    history.launch("a")
    history.run("b", .exited(code: 1), milliseconds: 20)
    history.end("a", .signalled(signal: 15), .stop, milliseconds: 30)
    #expect(
      try sentences("a", in: history).hasSuffix(
        ": step b failed, and the workflow says failFast."))
  }

  @Test func anAttemptThatWasStoppedByAStrangerIsNoCancelOfTheRun() throws {
    var history = try History(WorkflowDefinition("a"))
    history.launch("a")
    history.end("a", .signalled(signal: 15), .stop, milliseconds: 30)
    #expect(
      try sentences("a", in: history)
        == "a was cancelled: attempt 1 was stopped by another process than the engine.")
  }

  // MARK: Losses

  @Test func aLossThatMayNotBeRunAgainFails() throws {
    var history = try History(WorkflowDefinition("a", settings: StepSettings(onLost: .fail)))
    history.launch("a")
    try history.restart()
    #expect(
      try sentences("a", in: history)
        == "a failed: lost, its outcome is unknown."
        + " Its onLost is \"fail\", so it is not rerun.")
  }

  @Test func tooManyLossesAreCounted() throws {
    var history = try History(WorkflowDefinition("a"))
    for _ in 0..<4 {
      history.launch("a")
      try history.restart()
    }
    #expect(
      try sentences("a", in: history)
        == "a failed: lost, its outcome is unknown."
        + " It was lost 4 times; a step is rerun at most 3 times.")
  }

  @Test(
    arguments: [
      (
        0,
        "a succeeded: an attempt was lost, and the probe says that its work was done."
      ),
      (
        3,
        "the probe of a failed: exit code 3 after 5ms. A probe must exit with 0 (the work was"
          + " done) or 1 (it was not); any other result is inconclusive."
      ),
    ] as [(UInt8, String)])
  func theAnswerOfAProbeIsSaid(code: UInt8, text: String) throws {
    var history = try History(
      WorkflowDefinition(
        "a", settings: StepSettings(onLost: .probe, probe: .shell("test -e done"))))
    history.launch("a")
    try history.restart()
    history.run("a", .exited(code: code), milliseconds: 5)
    #expect(try sentences("a", in: history) == text)
  }
}
