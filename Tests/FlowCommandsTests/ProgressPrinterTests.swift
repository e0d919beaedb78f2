import FlowCore
import Testing

@testable import FlowCommands

@Suite struct ProgressPrinterTests {
  /// All lines of a history, told with its last state: the engine may be that far ahead.
  private func lines(_ history: History) -> String {
    var printer = ProgressPrinter()
    return history.events.compactMap { printer.line(for: $0, in: history.state) }.joined()
  }

  @Test func aRunThatSucceeds() throws {
    var history = try History(WorkflowDefinition("build", "test: build"))
    history.run("build", .exited(code: 0), milliseconds: 1_250)
    history.run("test", .exited(code: 0), milliseconds: 20)
    #expect(
      lines(history) == """
        run nightly-20261121T021903-7f3a
        build started
        build succeeded in 1.2s
        test started
        test succeeded in 20ms
        run succeeded in 1.2s: 2 succeeded

        """)
  }

  @Test func aStepIsTriedAgainUntilItHasFailed() throws {
    let retry = RetryPolicy(maxAttempts: 3, initialDelayMilliseconds: 4_000, jitter: .none)
    var history = try History(
      WorkflowDefinition("build", "test: build", settings: StepSettings(retry: retry)))
    history.run("build", .exited(code: 2), milliseconds: 100)
    history.pass(milliseconds: 4_000)
    history.run("build", .signalled(signal: 11), milliseconds: 100)
    history.pass(milliseconds: 8_000)
    history.end("build", .launchFailed(LaunchFailure(operation: .execute, errno: 13)))
    #expect(
      lines(history) == """
        run nightly-20261121T021903-7f3a
        build started
        build failed: exit code 2 after 100ms; retry 1 of 2 in 4s
        build started (attempt 2)
        build failed: signal 11 (SIGSEGV) after 100ms; retry 2 of 2 in 8s
        build failed: cannot execute "make": permission denied (EACCES)
        test skipped: needs build, which failed
        run failed in 12.2s: 1 failed, 1 skipped

        """)
  }

  @Test func aStepTimesOutAndMayFail() throws {
    var history = try History(
      WorkflowDefinition(
        "build", settings: StepSettings(timeoutMilliseconds: 10_000, allowFailure: true)))
    history.launch("build")
    history.pass(milliseconds: 10_000)
    history.passDeadline("build")
    history.pass(milliseconds: 500)
    history.end("build", .signalled(signal: 15), .deadline, milliseconds: 10_500)
    #expect(
      lines(history) == """
        run nightly-20261121T021903-7f3a
        build started
        build timed out after 10s; stopping
        build failed (allowed): timed out after 10.5s
        run succeeded in 10.5s: 1 failed (allowed)

        """)
  }

  @Test func aRunIsCancelled() throws {
    var history = try History(WorkflowDefinition("build", "test: build", "docs"), jobs: 1)
    history.launch("build")
    history.cancel()
    history.cancel(force: true)
    history.end("build", .signalled(signal: 9), .force, milliseconds: 5)
    #expect(
      lines(history) == """
        run nightly-20261121T021903-7f3a
        build started
        cancel requested
        run is stopping: a cancel was requested
        test skipped: the run is stopping
        docs skipped: the run is stopping
        cancel requested, by force
        build cancelled
        run cancelled in 0ms: 2 skipped, 1 cancelled

        """)
  }

  /// Only where it was pressed it can be pressed again.
  @Test func ctrlCIsAnsweredWithWhatItCanDo() throws {
    var history = try History(WorkflowDefinition("build"))
    history.launch("build")
    history.cancel()
    var printer = ProgressPrinter()
    printer.interrupts = [17]
    let lines = history.events.compactMap { printer.line(for: $0, in: history.state) }
    #expect(lines.contains("cancel requested; press Ctrl-C again to kill running steps\n"))
  }

  @Test func aLostAttemptIsToldApart() throws {
    let settings = StepSettings(retry: RetryPolicy(maxAttempts: 2, jitter: .none))
    var history = try History(WorkflowDefinition("build", settings: settings))
    history.launch("build")
    history.pass(milliseconds: 200)
    try history.restart()
    history.run("build", .exited(code: 1), milliseconds: 10)
    #expect(
      lines(history) == """
        run nightly-20261121T021903-7f3a
        build started
        taken over by process 43
        build lost: the outcome of attempt 1 is unknown; it runs again, so its work may be done twice
        build started (attempt 2)
        build failed: exit code 1 after 10ms; retry 1 of 1 in 1s

        """)
  }

  /// The rounds of a forged history can end at any time.
  @Test func roundsThatTookLongerThanCanBeCounted() throws {
    let retry = RetryPolicy(maxAttempts: 1)
    var history = try History(WorkflowDefinition("a", settings: StepSettings(retry: retry)))
    history.run("a", .exited(code: 1), milliseconds: 500)
    try history.reopen()
    history.run("a", .exited(code: 1), milliseconds: 500)
    try history.reopen()
    history.run("a", .exited(code: 0), milliseconds: 500)
    var progress = ProgressPrinter()
    var read = RunHistory(keeping: .times)
    var lines: [String] = []
    for event in history.events {
      var forged = event
      let isEnd = event.body.kind == .runFinished
      forged.moment.wall = WallTime(microseconds: isEnd ? .max : .min)
      try read.apply(forged)
      lines += progress.line(for: forged, in: history.state).map { [$0] } ?? []
    }
    #expect(read.totalMicroseconds(until: WallTime(microseconds: .max)) == .max)
    #expect(lines.last?.hasPrefix("run succeeded in 2562047788h00m (2562047788h00m in all") == true)
  }

  @Test func failFastIsSaid() throws {
    var history = try History(WorkflowDefinition("build", "docs", failFast: true))
    history.launch("docs")
    history.run("build", .exited(code: 1), milliseconds: 10)
    #expect(
      lines(history).hasSuffix(
        """
        build failed: exit code 1 after 10ms
        run is stopping: step build failed, and the workflow says failFast

        """))
  }

  @Test func aLaterLifeKnowsWhenTheRunBegan() throws {
    var history = try History(WorkflowDefinition("build"))
    history.run("build", .exited(code: 0), milliseconds: 3_000)
    var printer = ProgressPrinter(startedAt: History.start)
    let last = try #require(history.events.last)
    #expect(printer.line(for: last, in: history.state) == "run succeeded in 3s: 1 succeeded\n")
  }
}
