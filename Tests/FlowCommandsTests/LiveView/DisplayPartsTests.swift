import FlowCore
import Testing

@testable import FlowCommands

@Suite struct FrameClockTests {
  private func at(_ milliseconds: Int64) -> Instant { Instant(microseconds: milliseconds * 1_000) }

  @Test func theFirstFrameIsDueAtOnce() {
    #expect(FrameClock(startingAt: at(500)).isDue(at: at(500)))
  }

  @Test func withoutNewsFramesTickWithTheSecondsOfTheRun() {
    var clock = FrameClock(startingAt: at(500))
    clock.drew(at: at(700))
    #expect(clock.next == at(1_500))
    clock.drew(at: at(1_502))
    #expect(clock.next == at(2_500))
  }

  @Test func newsAreShownTenTimesASecondAtMost() {
    var clock = FrameClock(startingAt: at(0))
    clock.drew(at: at(10))
    clock.somethingChanged()
    #expect(!clock.isDue(at: at(109)))
    #expect(clock.isDue(at: at(110)))
    clock.drew(at: at(400))
    #expect(!clock.isDue(at: at(900)))
    clock.somethingChanged()
    #expect(clock.isDue(at: at(900)))
  }
}

@Suite struct LineLimitTests {
  @Test func linesAreLeftOutWhileTheReaderPausesAndThatIsSaid() {
    var lines = LineLimit()
    let limit = LineLimit.limitByteCount
    #expect(lines.admit("one\n", pending: 0) == "one\n")
    #expect(lines.admit("two\n", pending: limit) == nil)
    #expect(lines.admit("three\n", pending: limit - 100) == nil)
    #expect(lines.admit("four\n", pending: 0) == "… 2 lines left out\nfour\n")
    #expect(lines.admit("five\n", pending: 0) == "five\n")
    #expect(lines.admit("six\n", pending: limit) == nil)
    #expect(lines.takeNotice() == "… 1 line left out\n")
    #expect(lines.takeNotice() == nil)
  }
}

@Suite struct LastingLinesTests {
  private func lasting(_ history: History) -> [String] {
    var lines = LastingLines()
    var progress = ProgressPrinter()
    for event in history.events {
      if let line = progress.line(for: event, in: history.state) {
        lines.add(event, line, in: history.state)
      }
    }
    return lines.takeAll().map(\.plain)
  }

  @Test func whatWentWrongStaysAboveTheView() throws {
    let retry = RetryPolicy(maxAttempts: 2, initialDelayMilliseconds: 4_000, jitter: .none)
    var history = try History(
      WorkflowDefinition("build", "test: build", "docs", settings: StepSettings(retry: retry)))
    history.run("docs", .exited(code: 0), milliseconds: 5)
    history.run("build", .exited(code: 2), milliseconds: 100)
    history.pass(milliseconds: 4_000)
    history.run("build", .exited(code: 2), milliseconds: 100)
    #expect(
      lasting(history) == [
        "run nightly-20261121T021903-7f3a",
        "↻ build failed: exit code 2 after 100ms; retry 1 of 1 in 4s",
        "✗ build failed: exit code 2 after 100ms",
        "run failed in 4.2s: 1 succeeded, 1 failed, 1 skipped",
      ])
  }

  @Test func ofManyLinesAtOnceTheLastAreShown() throws {
    let steps = (1...30).map {
      StepDefinition(id: "s\($0)", command: .program(["make"]), needs: [])
    }
    var history = try History(
      WorkflowDefinition(name: "many", steps: steps, settings: [StepSettings()]), jobs: 30)
    for step in steps { history.run(step.id, .exited(code: 1), milliseconds: 1) }
    let lines = lasting(history)
    #expect(lines.count == LastingLines.most + 1)
    #expect(lines.first == "… 12 lines left out")
    #expect(lines.dropLast().last == "✗ s30 failed: exit code 1 after 1ms")
  }
}
