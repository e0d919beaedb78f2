import FlowCore
import Testing

@testable import FlowCommands

@Suite struct StepTimesTests {
  private func spans(
    _ step: Int, _ run: RunHistory, now: Int64 = 0
  ) -> [String] {
    run.spans(ofStep: step, now: now).map {
      "\($0.kind.rawValue) \($0.from / 1_000)-\($0.until / 1_000)"
    }
  }

  private static let retrying = StepSettings(
    retry: RetryPolicy(maxAttempts: 3, multiplierThousandths: 1_000, jitter: .none))

  @Test func timesLeaveNoHoles() throws {
    var history = try History(WorkflowDefinition("a", "b: a", settings: Self.retrying), jobs: 1)
    history.run("a", .exited(code: 1), milliseconds: 100)
    history.pass(milliseconds: 1_000)
    history.run("a", .exited(code: 0), milliseconds: 200)
    history.pass(milliseconds: 50)
    history.run("b", .exited(code: 0), milliseconds: 300)
    let run = try history.read(keeping: .times)
    #expect(
      spans(0, run) == ["running 0-100", "backingOff 100-1100", "running 1100-1300"])
    #expect(spans(1, run) == ["waiting 0-1300", "queued 1300-1350", "running 1350-1650"])
    for step in 0...1 {
      let times = run.times(ofStep: step, now: 0)
      #expect(times.total == run.settledAt(step: step)?.elapsed)
    }
  }

  @Test func theTimeOfAnUnfinishedStepGoesUpToNow() throws {
    var history = try History(WorkflowDefinition("a", "b", "c: a"), jobs: 1)
    history.launch("a")
    history.pass(milliseconds: 500)
    let run = try history.read(keeping: .times)
    #expect(spans(0, run, now: 700_000) == ["running 0-700"])
    #expect(spans(1, run, now: 700_000) == ["queued 0-700"])
    #expect(spans(2, run, now: 700_000) == ["waiting 0-700"])
  }

  @Test func timeGoesOnByTheWallClockWhereTheMachineWasStartedAnew() throws {
    var history = try History(WorkflowDefinition("a", "b"), jobs: 2)
    history.launch("a")
    history.run("b", .exited(code: 0), milliseconds: 1_000)
    history.elapse(milliseconds: 60_000)
    try history.restart(boot: "boot-2")
    let run = try history.read(keeping: .times)
    #expect(run.last?.elapsed == 61_000_000)
    #expect(run.lives.map(\.engine.life) == [1, 2])
    #expect(run.lives.map(\.until.elapsed) == [1_000_000, 61_000_000])
    let times = run.times(ofStep: 0, now: 61_000_000)
    #expect(times[.running] == 1_000_000 && times[.undriven] == 60_000_000)
  }

  @Test func timeNeverGoesBack() throws {
    var history = try History(WorkflowDefinition("a", "b"))
    history.launch("a")
    history.run("b", .exited(code: 0), milliseconds: 1_000)
    // The wall clock was set back while the machine was off.
    history.elapse(milliseconds: -30_000)
    try history.restart(boot: "boot-2")
    let run = try history.read(keeping: .times)
    #expect(run.last?.elapsed == 1_000_000)
    let earlier = Moment(
      monotonic: Instant(microseconds: -5), wall: WallTime(microseconds: 0))
    #expect(run.time.point(of: earlier, bootID: "boot-2").elapsed == 1_000_000)
    #expect(run.time.point(of: earlier, bootID: "boot-3").elapsed == 1_000_000)
  }

  @Test func aSurvivorGoesOnFromItsLaunch() throws {
    var history = try History(WorkflowDefinition("a"))
    history.launch("a")
    history.pass(milliseconds: 1_000)
    history.elapse(milliseconds: 500)
    try history.restart(found: ["a": .running(processID: 101, forMicroseconds: 1_500_000)])
    history.pass(milliseconds: 500)
    history.end("a", .exited(code: 0), milliseconds: 2_000)
    let run = try history.read(keeping: .times)
    let attempt = try #require(run.lastAttempt(ofStep: 0))
    #expect(attempt.survivedTo == 2 && attempt.launchedAt?.elapsed == 0)
    #expect(spans(0, run) == ["running 0-2000"])
    #expect(run.times(ofStep: 0, now: 0)[.undriven] == 0)
  }

  @Test func betweenTwoRoundsAStepRests() throws {
    var history = try History(WorkflowDefinition("a", "b: a"), jobs: 1)
    history.run("a", .exited(code: 1), milliseconds: 100)
    history.elapse(milliseconds: 10_000)
    try history.reopen()
    history.run("a", .exited(code: 0), milliseconds: 200)
    history.run("b", .exited(code: 0), milliseconds: 50)
    let run = try history.read(keeping: .times)
    #expect(run.rounds.map(\.outcome) == [.failed, .succeeded])
    #expect(
      spans(0, run) == ["running 0-100", "resting 100-10100", "running 10100-10300"])
    #expect(
      spans(1, run)
        == ["waiting 0-100", "resting 100-10100", "waiting 10100-10300", "running 10300-10350"])
    #expect(run.times(ofStep: 1, now: 0)[.undriven] == 0)
  }

  @Test func anAttemptThatWasGivenUpIsNone() throws {
    var history = try History(WorkflowDefinition("a", "b"), jobs: 1)
    history.launch("a")
    history.pass(milliseconds: 100)
    history.cancel()
    history.end("a", .signalled(signal: 15), .stop, milliseconds: 100)
    let run = try history.read(keeping: .times)
    #expect(run.attempts(ofStep: 1) == [])
    #expect(run.allAttempts.map(\.id) == [AttemptID(step: 0, number: 1)])
    #expect(run.wasStopped(step: 0) && run.wasStopped(step: 1))
    #expect(run.stopping?.reason == .cancelled)
  }

  @Test func theLastNeedIsTheOneThatEndedLast() throws {
    var history = try History(WorkflowDefinition("a", "b", "c", "d: a b c", "e"))
    history.run("b", .exited(code: 0), milliseconds: 10)
    #expect(try history.read(keeping: .times).lastNeed(ofStep: 3) == nil)
    history.run("c", .exited(code: 0), milliseconds: 10)
    history.run("a", .exited(code: 0), milliseconds: 10)
    #expect(try history.read(keeping: .times).lastNeed(ofStep: 3)?.step == 0)
    #expect(try history.read(keeping: .times).lastNeed(ofStep: 4) == nil)
  }
}
