import FlowCore
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowCommands

@Suite struct StatusPrinterTests {
  private static let runID = "nightly-20261121T021903-7f3a"

  private func text(
    _ history: History, engine: Int32? = nil, lacking: Shortages = [],
    abandoned: [Int32: AbandonedAttempt]? = nil
  ) throws -> String {
    var output = ""
    try printer(history, engine, lacking, abandoned).printText(to: &output)
    return output
  }

  private func json(
    _ history: History, engine: Int32? = nil, lacking: Shortages = [],
    abandoned: [Int32: AbandonedAttempt]? = nil
  ) throws -> String {
    var output = ""
    try printer(history, engine, lacking, abandoned).printJSON(to: &output)
    return output
  }

  private func printer(
    _ history: History, _ engine: Int32?, _ lacking: Shortages,
    _ abandoned: [Int32: AbandonedAttempt]?
  ) throws -> StatusPrinter {
    StatusPrinter(
      try history.read(), runID: Self.runID, isHeld: engine != nil, engineProcessID: engine,
      lacking: lacking, abandoned: abandoned, now: history.wall)
  }

  @Test func aRunThatWaitsForRoomSaysSo() throws {
    let history = try History(WorkflowDefinition("a"))
    #expect(
      try text(history, engine: 42, lacking: .space).hasPrefix(
        "run \(Self.runID): ▶ running, waiting for disk space (engine: process 42)\n"))
    #expect(
      try json(history, engine: 42, lacking: .space).contains(
        #""enginePid":42,"waitingFor":"room","startedAt""#))
    #expect(try !json(history, engine: 42).contains("waitingFor"))
  }

  private static let enoent = LaunchFailure(operation: .execute, errno: 2)

  /// One step fails, one is skipped for it, one cannot be started, one succeeds.
  private func finished() throws -> History {
    var history = try History(
      WorkflowDefinition("fetch", "build: fetch", "test: build", "foo", "ship: test"))
    history.run("fetch", .exited(code: 0), milliseconds: 1_234)
    history.end("foo", .launchFailed(Self.enoent))
    history.run("build", .exited(code: 2), milliseconds: 187_000)
    return history
  }

  @Test func aFinishedRun() throws {
    #expect(
      try text(finished()) == """
        run nightly-20261121T021903-7f3a: ✗ failed
        workflow "nightly", started 2026-11-21T02:19:03.000Z, took 3m08s
        5 steps: 1 succeeded, 2 failed, 2 skipped

        STEP   STATE        ATTEMPTS  RESULT       DURATION  NOTE
        fetch  ✓ succeeded  1         exit 0       1.2s
        build  ✗ failed     1         exit 2       3m07s
        test   – skipped                                     needs build, which failed
        foo    ✗ failed     1         not started            cannot execute "make": no such program \
        in PATH (ENOENT)
        ship   – skipped                                     needs test, which was skipped

        """)
  }

  @Test func aFinishedRunAsJSON() throws {
    #expect(
      try json(finished()) == """
        {"runId":"nightly-20261121T021903-7f3a","name":"nightly","state":"failed","enginePid":null,\
        "startedAt":"2026-11-21T02:19:03.000Z","finishedAt":"2026-11-21T02:22:11.234Z","steps":[\
        {"id":"fetch","state":"succeeded","attempts":[{"attempt":1,"outcome":"exited","exitCode":0,\
        "signal":null,"startedAt":"2026-11-21T02:19:03.000Z","durationMs":1234}]},\
        {"id":"build","state":"failed","attempts":[{"attempt":1,"outcome":"exited","exitCode":2,\
        "signal":null,"startedAt":"2026-11-21T02:19:04.234Z","durationMs":187000}]},\
        {"id":"test","state":"skipped","skip":{"reason":"need","need":"build"},"attempts":[]},\
        {"id":"foo","state":"failed","attempts":[{"attempt":1,"outcome":"launchFailed",\
        "exitCode":null,"signal":null,"startedAt":"2026-11-21T02:19:04.234Z","durationMs":0}]},\
        {"id":"ship","state":"skipped","skip":{"reason":"need","need":"test"},"attempts":[]}]}

        """)
  }

  @Test func whatWasMeasuredIsShown() throws {
    var history = try History(WorkflowDefinition("a", "b", "c"))
    history.launch("a")
    history.pass(milliseconds: 2_000)
    history.end(
      "a", .exited(code: 0), milliseconds: 2_000, cpuMilliseconds: 1_500,
      peakMemoryKibibytes: 12_800, stragglers: 2)
    history.end("b", .launchFailed(Self.enoent))
    #expect(
      try text(history, engine: 42).hasSuffix(
        """
        STEP  STATE        ATTEMPTS  RESULT       DURATION  CPU   MEMORY    NOTE
        a     ✓ succeeded  1         exit 0       2s        1.5s  12.5 MiB  2 stragglers killed
        b     ✗ failed     1         not started                            cannot execute "make": no such \
        program in PATH (ENOENT)
        c     ▶ starting

        """))
    #expect(
      try json(history, engine: 42).contains(
        #""durationMs":2000,"cpuMs":1500,"peakMemoryKiB":12800,"stragglers":2}]"#))
    #expect(try json(history, engine: 42).contains(#""durationMs":0}]"#))
  }

  /// In every state that a step of a run under way can have.
  private func underWay() throws -> History {
    let settings = StepSettings(retry: RetryPolicy(maxAttempts: 2, jitter: .none))
    var history = try History(
      WorkflowDefinition("a", "b", "c", "d: a", "e", "f", settings: settings), jobs: 2)
    history.run("b", .signalled(signal: 11), milliseconds: 20)
    history.run("c", .exited(code: 0), milliseconds: 20)
    history.launch("a")
    history.launch("e")
    history.passDeadline("e")
    history.pass(milliseconds: 500)
    return history
  }

  @Test func aRunUnderWay() throws {
    #expect(
      try text(underWay(), engine: 4711) == """
        run nightly-20261121T021903-7f3a: ▶ running (engine: process 4711)
        workflow "nightly", started 2026-11-21T02:19:03.000Z, running for 540ms
        1 of 6 steps done: 1 waiting, 1 ready, 1 running, 1 stopping, 1 backing off, 1 succeeded

        STEP  STATE          ATTEMPTS  RESULT   DURATION  NOTE
        a     ▶ running      1                  500ms
        b     ↻ backing off  1         SIGSEGV  20ms
        c     ✓ succeeded    1         exit 0   20ms
        d     · waiting
        e     ■ stopping     1                  500ms
        f     ○ ready

        """)
  }

  /// The engine makes intents durable ahead of their slots.
  @Test func noMoreStepsStartThanThereAreSlots() throws {
    var history = try History(WorkflowDefinition("a", "b", "c", "d", "e", "f", "g", "h"), jobs: 4)
    #expect(try text(history, engine: 1).contains("0 of 8 steps done: 4 ready, 4 starting\n"))
    history.launch("a")
    history.pass(milliseconds: 1_000)
    #expect(
      try text(history, engine: 1).contains("0 of 8 steps done: 4 ready, 3 starting, 1 running\n"))
  }

  /// Each round has its own time and numbers its own retries.
  @Test func aRunThatWasReopened() throws {
    let retry = RetryPolicy(maxAttempts: 2, initialDelayMilliseconds: 1_000, jitter: .none)
    var history = try History(WorkflowDefinition("a", settings: StepSettings(retry: retry)))
    history.run("a", .exited(code: 1), milliseconds: 2_000)
    history.pass(milliseconds: 1_000)
    history.run("a", .exited(code: 1), milliseconds: 2_000)
    history.elapse(milliseconds: 3_600_000)
    try history.reopen()
    history.run("a", .exited(code: 1), milliseconds: 500)
    #expect(
      try text(history, engine: 42).contains(
        ", running for 500ms in round 2 (5.5s in all rounds)\n"))
    var progress = ProgressPrinter()
    let lines = history.events.compactMap { progress.line(for: $0, in: history.state) }
    #expect(lines.count { $0.hasSuffix("; retry 1 of 1 in 1s\n") } == 2, "\(lines)")
    history.pass(milliseconds: 1_000)
    history.run("a", .exited(code: 0), milliseconds: 500)
    #expect(try text(history).contains(", took 2s in round 2 (7s in all rounds)\n"))
    #expect(try text(history).contains("1 step: 1 succeeded\n"))
    #expect(
      try json(history).contains(#""rounds":2,"roundStartedAt":"2026-11-21T03:19:08.000Z""#))
    let row = RunRow(try history.read(), runID: "one", isHeld: false, now: history.wall)
    #expect(row.durationMicroseconds == 2_000_000 && row.totalMicroseconds == 7_000_000)
    var list = ""
    ListPrinter.printText([.run(row)], to: &list)
    #expect(list.contains("  2s of 7s  1 succeeded\n"), "\(list)")
  }

  @Test func aRunThatNoEngineDrivesDoesNotPretendToRun() throws {
    var history = try underWay()
    let text = try text(history)
    #expect(
      text == """
        run nightly-20261121T021903-7f3a: ? interrupted, no engine drives it; its processes may still be running
        workflow "nightly", started 2026-11-21T02:19:03.000Z, last event after 40ms
        1 of 6 steps done: 1 waiting, 1 backing off, 1 succeeded, 3 interrupted

        STEP  STATE          ATTEMPTS  RESULT   DURATION  NOTE
        a     ? interrupted  1                            outcome of attempt 1 unknown
        b     ↻ backing off  1         SIGSEGV  20ms
        c     ✓ succeeded    1         exit 0   20ms
        d     · waiting
        e     ? interrupted  1                            outcome of attempt 1 unknown
        f     ? interrupted                               outcome of attempt 1 unknown

        """)
    // Nor does it grow older.
    history.pass(milliseconds: 100)
    #expect(try self.text(history) == text)
  }

  @Test func whatAnInterruptedRunHasLeftRunningIsShown() throws {
    var history = try History(WorkflowDefinition("a", "b", "c", "d", "e"))
    for step in ["a", "b", "c", "d", "e"] { history.launch(step) }
    let end = AttemptEnd(
      result: .exited(code: 3), cause: .byItself, durationMicroseconds: 5)
    let abandoned: [Int32: AbandonedAttempt] = [
      0: .runs(processID: 4711), 1: .ended(end), 2: .notStarted, 3: .lost, 4: .runs(processID: nil),
    ]
    let text = try text(history, abandoned: abandoned)
    #expect(
      text.hasPrefix(
        "run \(Self.runID): ? interrupted, no engine drives it; 2 attempts still run\n"))
    #expect(
      text.hasSuffix(
        """
        STEP  STATE          ATTEMPTS  RESULT  DURATION  NOTE
        a     ? interrupted                              attempt 1 still runs as process 4711
        b     ? interrupted                              attempt 1 has ended (exit 3), not yet recorded
        c     ? interrupted                              attempt 1 was not started
        d     ? interrupted                              outcome of attempt 1 unknown
        e     ? interrupted                              attempt 1 still runs

        """))
    let json = try json(history, abandoned: abandoned)
    for member in [
      #"{"attempt":1,"state":"running","pid":4711}"#,
      #"{"attempt":1,"state":"ended","outcome":"exited","exitCode":3,"signal":null}"#,
      #"{"attempt":1,"state":"notStarted"}"#, #"{"attempt":1,"state":"lost"}"#,
      #"{"attempt":1,"state":"running","pid":null}"#,
    ] { #expect(json.contains(#""state":"interrupted","abandoned":\#(member),"attempts""#)) }

    #expect(
      try self.text(history, abandoned: [0: .notStarted, 1: .ended(end)])
        .contains("; no attempt still runs\n"))
    #expect(try self.text(history, abandoned: [:]).contains("; no attempt still runs\n"))
  }

  /// Its monitor was killed, and what it watched over may go on.
  @Test func ofALostAttemptNobodyKnowsWhetherItStillRuns() throws {
    var history = try History(WorkflowDefinition("a", "b"))
    for step in ["a", "b"] { history.launch(step) }
    #expect(
      try text(history, abandoned: [0: .lost, 1: .notStarted])
        .contains("; its processes may still be running\n"))
    #expect(
      try text(history, abandoned: [0: .lost, 1: .runs(processID: 4711)])
        .contains("; 1 attempt still runs\n"))
  }

  @Test func ofARecordThatCannotBeReadStatusSaysWhy() throws {
    var history = try History(WorkflowDefinition("a"))
    history.launch("a")
    let abandoned = [
      Int32(0): AbandonedAttempt.unknown(StorageError(.open, "/r/a@1.rec", .tooManyOpenFiles))
    ]
    let text = try text(history, abandoned: abandoned)
    #expect(text.contains("; its processes may still be running\n"))
    #expect(
      text.contains(
        "state of attempt 1 unknown: cannot open /r/a@1.rec: too many open files"))
    #expect(
      try json(history, abandoned: abandoned).contains(
        #""abandoned":{"attempt":1,"state":"unknown","error":"cannot open /r/a@1.rec: "#))
  }

  @Test func anInterruptedRunAsJSON() throws {
    var history = try History(WorkflowDefinition("a", "b"), jobs: 1)
    history.launch("a")
    history.pass(milliseconds: 500)
    #expect(
      try json(history) == """
        {"runId":"nightly-20261121T021903-7f3a","name":"nightly","state":"interrupted",\
        "enginePid":null,"startedAt":"2026-11-21T02:19:03.000Z","finishedAt":null,"steps":[\
        {"id":"a","state":"interrupted","attempts":[{"attempt":1,"outcome":null,"exitCode":null,\
        "signal":null,"startedAt":"2026-11-21T02:19:03.000Z","durationMs":null}]},\
        {"id":"b","state":"interrupted","attempts":[]}]}

        """)
    #expect(
      try json(history, engine: 42) == """
        {"runId":"nightly-20261121T021903-7f3a","name":"nightly","state":"running",\
        "enginePid":42,"startedAt":"2026-11-21T02:19:03.000Z","finishedAt":null,"steps":[\
        {"id":"a","state":"running","attempts":[{"attempt":1,"outcome":null,"exitCode":null,\
        "signal":null,"startedAt":"2026-11-21T02:19:03.000Z","durationMs":null}]},\
        {"id":"b","state":"ready","attempts":[]}]}

        """)
  }

  @Test func aCancelledRun() throws {
    var history = try History(WorkflowDefinition("a", "b: a"))
    history.launch("a")
    history.pass(milliseconds: 1_000)
    history.cancel()
    #expect(
      try text(history, engine: 42).hasPrefix(
        "run nightly-20261121T021903-7f3a: ■ stopping, a cancel was requested "
          + "(engine: process 42)\n"))
    history.end("a", .signalled(signal: 15), .stop, milliseconds: 1_000)
    #expect(
      try text(history) == """
        run nightly-20261121T021903-7f3a: ⊘ cancelled, a cancel was requested
        workflow "nightly", started 2026-11-21T02:19:03.000Z, took 1s
        2 steps: 1 skipped, 1 cancelled

        STEP  STATE        ATTEMPTS  RESULT     DURATION  NOTE
        a     ⊘ cancelled  1         cancelled  1s
        b     – skipped                                   the run stopped before

        """)
  }

  @Test func aRunOfOneStepThatTimesOutAndMayFail() throws {
    var history = try History(
      WorkflowDefinition("a", settings: StepSettings(timeoutMilliseconds: 10, allowFailure: true)))
    history.launch("a")
    history.pass(milliseconds: 10)
    history.passDeadline("a")
    history.end("a", .exited(code: 0), .deadline, milliseconds: 10)
    #expect(
      try text(history) == """
        run nightly-20261121T021903-7f3a: ✓ succeeded
        workflow "nightly", started 2026-11-21T02:19:03.000Z, took 10ms
        1 step: 1 failed (allowed)

        STEP  STATE     ATTEMPTS  RESULT     DURATION  NOTE
        a     ✗ failed  1         timed out  10ms      failure allowed

        """)
  }

  @Test func whyARunFailedIsSaid() throws {
    var history = try History(WorkflowDefinition("a", "b", failFast: true))
    history.launch("b")
    history.run("a", .exited(code: 1), milliseconds: 1)
    history.end("b", .signalled(signal: 15), .stop)
    #expect(
      try text(history).hasPrefix(
        "run nightly-20261121T021903-7f3a: ✗ failed, step a failed, and the workflow says failFast"
      ))

    // The cancel comes when nothing is left that it could stop.
    history = try History(WorkflowDefinition("a", "b"))
    history.run("a", .exited(code: 1), milliseconds: 1)
    history.launch("b")
    history.cancel()
    history.end("b", .exited(code: 0), .byItself)
    #expect(try text(history).hasPrefix("run nightly-20261121T021903-7f3a: ✗ failed\n"))
  }

  @Test func aLostAttemptHasNoDuration() throws {
    var history = try History(
      WorkflowDefinition("a", settings: StepSettings(onLost: .fail)))
    history.launch("a")
    history.pass(milliseconds: 200)
    try history.restart()
    #expect(
      try text(history).hasSuffix(
        """
        STEP  STATE     ATTEMPTS  RESULT  DURATION  NOTE
        a     ✗ failed  1         lost

        """))
  }

  @Test func foreignTextCannotTouchTheTerminal() throws {
    var definition = WorkflowDefinition("a", "b")
    definition.name = "\u{1B}]0;x\u{7}"
    definition.steps[0].command = .program(["\u{1B}[2J"])
    definition.steps[1].id = "b\u{1B}[31m"
    var history = try History(definition)
    history.end("a", .launchFailed(Self.enoent))
    let text = try text(history)
    #expect(text.contains("workflow \"\\u{1B}]0;x\\u{7}\""))
    #expect(text.contains("cannot execute \"\\u{1B}[2J\""))
    #expect(text.contains("\nb\\u{1B}[31m  "))
    #expect(!text.unicodeScalars.contains("\u{1B}"))
    #expect(try !json(history).unicodeScalars.contains("\u{1B}"))
  }

  @Test func aRunWhoseDefinitionIsIncomplete() throws {
    try expectNoSteps(RunHistory(keeping: .allAttempts), startedAt: "null")
    var history = RunHistory(keeping: .allAttempts)
    try history.apply(finished().events[0])
    try expectNoSteps(history, startedAt: "\"2026-11-21T02:19:03.000Z\"")
  }

  private func expectNoSteps(_ history: RunHistory, startedAt: String) throws {
    let printer = StatusPrinter(
      history, runID: Self.runID, isHeld: false, engineProcessID: nil, now: History.start)
    var text = ""
    printer.printText(to: &text)
    #expect(
      text
        == "run nightly-20261121T021903-7f3a: ? interrupted, no engine drives it; its processes may still be running\n"
    )
    var json = ""
    printer.printJSON(to: &json)
    #expect(
      json == """
        {"runId":"nightly-20261121T021903-7f3a","name":null,"state":"interrupted",\
        "enginePid":null,"startedAt":\(startedAt),"finishedAt":null,"steps":[]}

        """)
  }

  @Test(
    arguments: [
      (
        .createOutput, 28, "cannot create the file for its output: no space left on device (ENOSPC)"
      ),
      (.changeDirectory, 2, "cannot change to folder \"sub\": no such file or directory (ENOENT)"),
      (.execute, 13, "cannot execute \"make\": permission denied (EACCES)"),
    ] as [(LaunchFailure.Operation, Int32, String)])
  func launchFailuresSayWhatFailedOnWhatAndWhy(
    operation: LaunchFailure.Operation, errno: Int32, text: String
  ) {
    let wording = StepWording(
      WorkflowDefinition("a", settings: StepSettings(workingDirectory: "sub")))
    #expect(wording.text(LaunchFailure(operation: operation, errno: errno), ofStep: 0) == text)
  }

  @Test func aFailedLaunchWithoutFolderOrProgramNamesTheDefaults() {
    var definition = WorkflowDefinition("a")
    definition.steps[0].command = .shell("exit")
    let wording = StepWording(definition)
    #expect(
      wording.text(LaunchFailure(operation: .changeDirectory, errno: 20), ofStep: 0)
        == "cannot change to the definition's folder: not a directory (ENOTDIR)")
    #expect(
      wording.text(LaunchFailure(operation: .execute, errno: 2), ofStep: 0)
        == "cannot execute \"/bin/sh\": no such file or directory (ENOENT)")
  }

  @Test(
    arguments: [
      (1, "signal 1 (SIGHUP)"), (9, "signal 9 (SIGKILL)"), (11, "signal 11 (SIGSEGV)"),
      (15, "signal 15 (SIGTERM)"), (31, "signal 31 (SIGSYS)"), (0, "signal 0"), (32, "signal 32"),
      (64, "signal 64"),
    ] as [(UInt8, String)])
  func signalsHaveTheirNames(signal: UInt8, text: String) {
    #expect(EventWording.text(signal: signal) == text)
  }
}

@Suite struct StatusesTests {
  @Test(
    arguments: [
      (nil, true, .running), (nil, false, .interrupted), (.running, true, .running),
      (.running, false, .interrupted), (.stopping(.cancelled), true, .stopping),
      (.stopping(.cancelled), false, .interrupted), (.finished(.succeeded), false, .succeeded),
      (.finished(.failed), true, .failed), (.finished(.cancelled), false, .cancelled),
    ] as [(RunState.Phase?, Bool, RunStatus)])
  func onlyAHeldRunIsUnderWay(phase: RunState.Phase?, isHeld: Bool, status: RunStatus) {
    #expect(RunStatus(phase, isHeld: isHeld) == status)
  }

  @Test(
    arguments: [
      (.waiting(unmetNeeds: 1), .waiting, .waiting), (.ready, .ready, .ready),
      (.starting, .starting, .interrupted), (.running, .running, .interrupted),
      (.stopping, .stopping, .interrupted), (.ended(.succeeded), .running, .running),
      (.backingOff, .backingOff, .backingOff), (.doomed, .waiting, .waiting),
      (.succeeded, .succeeded, .succeeded), (.failed, .failed, .failed),
      (.skipped, .skipped, .skipped), (.cancelled, .cancelled, .cancelled),
    ] as [(StepLifecycle.Phase, StepStatus, StepStatus)])
  func onlyOpenAttemptsAreInterrupted(
    phase: StepLifecycle.Phase, driven: StepStatus, interrupted: StepStatus
  ) {
    #expect(StepStatus(phase, in: .running) == driven)
    #expect(StepStatus(phase, in: .stopping) == driven)
    #expect(StepStatus(phase, in: .interrupted) == interrupted)
  }

  @Test func everyStatusCanBeToldWithoutColour() {
    #expect(Set(StepStatus.allCases.map(\.word)).count == StepStatus.allCases.count)
    for status in StepStatus.allCases { #expect(status.glyph.unicodeScalars.count == 1) }
    for status in RunStatus.allCases { #expect(status.glyph.unicodeScalars.count == 1) }
  }
}
