import FlowCore
import FlowSystem
import Testing

@testable import FlowCommands

extension History {
  /// The same once all that was recorded is durable: what nothing waits for takes a moment.
  func settled() -> History {
    var history = self
    history.pass(milliseconds: 200)
    return history
  }

  /// The run as a live view knows it, told all events so far.
  func live() throws -> LiveRun {
    let events = settled().events
    var replay = Replay()
    var live: LiveRun?
    for event in events {
      if live == nil {
        try replay.apply(event)
        live = replay.state.map { LiveRun($0, startedAt: History.start) }
      } else {
        try live?.apply(event)
      }
    }
    return try #require(live)
  }

  func frame(
    columns: Int = 80, rows: Int = 24, isNamed: Bool = false, printed: [String: String] = [:]
  ) throws -> String {
    let run = try live()
    let view = LiveView(
      run, at: now, in: Terminal.Size(columns: columns, rows: rows), isNamed: isNamed
    ) { attempt in printed[run.state.definition.steps[Int(attempt.step)].id] ?? "" }
    let lines = view.frame().lines
    #expect(lines.count < max(rows, 1))
    #expect(lines.allSatisfy { $0.width < max(columns, 1) })
    return lines.map(\.plain).joined(separator: "\n")
  }
}

@Suite struct LiveViewTests {
  /// Two run, one of them is being stopped; one backs off, one waits for a slot, two for others.
  private func busy() throws -> History {
    let settings = StepSettings(
      timeoutMilliseconds: 60_000, killGraceMilliseconds: 10_000,
      retry: RetryPolicy(maxAttempts: 3, initialDelayMilliseconds: 90_000, jitter: .none))
    var history = try History(
      WorkflowDefinition(
        "fetch", "build", "docs", "slow", "test: build docs", "release: fetch build docs slow test",
        settings: settings), jobs: 3)
    history.launch("build")
    history.launch("fetch")
    history.launch("docs")
    history.pass(milliseconds: 4_000)
    history.end("docs", .exited(code: 75), milliseconds: 4_000)
    history.pass(milliseconds: 56_000)
    history.passDeadline("build")
    history.pass(milliseconds: 3_500)
    return history
  }

  @Test func aFrameSaysAllThatGoesOn() throws {
    #expect(
      try busy().frame(printed: ["fetch": "42% of 1.2 GB", "build": "linking"]) == """
        ▶ running 1m03s  nightly
        ░░░░░░░░░░░░░░░░░░░ 0 of 6 done, 1 running, 1 stopping, 1 backing off, 1 ready
        ■ build     1m03s  timed out, killed in 7s  linking
        ▶ fetch     1m03s  42% of 1.2 GB
        ↻ docs     in 31s  backing off before retry 1 of 2  exit code 75 after 4s
        ○ 1 ready, waiting for one of 3 slots: slow
        · test             waits for build and docs
        · release          waits for fetch, build, docs and 2 more
        """)
  }

  @Test func aNarrowFrameKeepsWhatMattersMost() throws {
    #expect(
      try busy().frame(columns: 40, rows: 10, isNamed: true, printed: ["fetch": "日本語のログ出力"])
        == """
        ▶ running 1m03s  nightly  ░░░░░░░░░░
        0 of 6 done, 1 running, 1 stopping
        ■ build     1m03s  timed out, killed i…
        ▶ fetch     1m03s  日本語のログ出力
        ↻ docs     in 31s  backing off before …
        ○ 1 ready, waiting for one of 3 slots:…
        · test             waits for build and…
        · release          waits for fetch, bu…
        """)
  }

  @Test func aLowFrameSharesItsRows() throws {
    #expect(
      try busy().frame(columns: 60, rows: 6) == """
        ▶ running 1m03s  nightly  ░░░░░░░░░░
        0 of 6 done, 1 running, 1 stopping, 1 backing off, 1 ready
        ■ build   1m03s  timed out, killed in 7s
        ↻ docs   in 31s  backing off before retry 1 of 2  exit cod…
        ○ 1 ready, waiting for one of 3 slots: slow
        """)
    #expect(
      try busy().frame(columns: 20, rows: 3) == """
        ▶ running 0/6 1m03s
        ■ build   1m03s  t…
        """)
  }

  @Test(arguments: [(80, 1), (1, 24), (1, 1), (2, 2), (3, 50), (0, 0), (500, 200)])
  func everySizeIsKept(columns: Int, rows: Int) throws {
    // What `frame` checks is that it fits.
    _ = try busy().frame(columns: columns, rows: rows, printed: ["fetch": "日本語"])
  }

  @Test func aRunThatStopsSaysWhy() throws {
    var history = try busy()
    history.cancel()
    history.pass(milliseconds: 1_000)
    #expect(
      try history.frame() == """
        ■ stopping 1m04s, a cancel was requested  nightly
        █████████░░░░░░░░░░ 3 of 6 done, 3 stopping, 2 skipped, 1 cancelled
        ■ build   1m04s  timed out, killed in 6s
        ■ fetch   1m04s  stopping, killed in 9s
        ■ slow       1s  stopping, killed in 9s
        """)
    history.cancel(force: true)
    #expect(try history.frame().contains("■ fetch   1m04s  being killed"))
  }

  @Test func whatWasPrintedStaysOnItsLine() throws {
    var history = try History(WorkflowDefinition("build"))
    history.launch("build")
    let frame = try history.frame(
      columns: 30, printed: ["build": String(repeating: "🎉", count: 99)])
    #expect(frame.split(separator: "\n").last == "▶ build      0s  🎉🎉🎉🎉🎉…")
  }

  @Test func thingsThatDoNotFitAreCounted() throws {
    let ids = (1...40).map { "shard-\($0)" }
    var history = try History(
      WorkflowDefinition(
        name: "nightly",
        steps: ids.map { StepDefinition(id: $0, command: .program(["make"]), needs: []) } + [
          StepDefinition(id: "merge", command: .program(["make"]), needs: Array(0..<40))
        ], settings: [StepSettings()]), jobs: 40)
    for id in ids { history.launch(id) }
    #expect(
      try history.frame(rows: 8) == """
        ▶ running 0s  nightly
        ░░░░░░░░░░░░░░░░░░░ 0 of 41 done, 40 running, 1 waiting
        ▶ shard-1      0s
        ▶ shard-2      0s
        ▶ shard-3      0s
          … and 37 more running
        · merge            waits for shard-1, shard-2, shard-3 and 37 more
        """)
  }

  @Test func theBarShowsWhatIsDoneAndWhatFailed() throws {
    var history = try History(WorkflowDefinition("a", "b", "c", "d", "e: a"), jobs: 2)
    history.run("a", .exited(code: 1), milliseconds: 10)
    history.run("b", .exited(code: 0), milliseconds: 10)
    #expect(
      try history.frame() == """
        ▶ running 0s  nightly
        ███████████░░░░░░░░ 3 of 5 done, 1 failed, 2 ready, 1 skipped
        ✗ a    10ms  failed
        ✓ b    10ms  succeeded
        ○ 2 ready, waiting for one of 2 slots: c, d
        """)
  }
}
