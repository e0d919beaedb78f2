import FlowCore
import Testing

/// A success is provisional until what its command has written is on the disk.
@Suite struct EngineWorkTests {
  private static let ioError: Int32 = 5

  private func run(_ workflow: WorkflowDefinition, jobs: Int = 2) throws -> EngineHarness {
    try EngineHarness(workflow, jobs: jobs, syncsWork: true)
  }

  /// Of such steps the ends are taken back that a power loss may have made false.
  private func rerunning(_ steps: String...) -> WorkflowDefinition {
    var settings = StepSettings()
    settings.onLost = .rerun
    return .of(steps, each: settings)
  }

  // MARK: Syncs

  @Test func aRunEndsWhenItsWorkIsSynced() throws {
    var run = try run(.of("a"))
    #expect(run.end("a") == ["sync the work", "commit: ended a#1, a succeeded"])
    #expect(run.outcome == nil)
    #expect(
      run.workSynced() == [
        "commit: work up to event 6 is on the disk, run succeeded", "finish: succeeded",
      ])
  }

  @Test func aRunThatDoesNotWantThatDoesNotWait() throws {
    var run = try EngineHarness(.of("a"))
    run.end("a")
    #expect(run.outcome == .succeeded)
  }

  /// A failed one's, too: its successes count in the next round.
  @Test func whateverItComesTo() throws {
    var run = try run(.of("a", "b"))
    run.end("a")
    #expect(run.end("b", .exit(1)).contains("sync the work"))
    #expect(run.outcome == nil)
    run.workSynced()
    #expect(run.outcome == .failed)
  }

  @Test func aFailureAloneLeavesNothingToSync() throws {
    var run = try run(.of("a"))
    run.end("a", .exit(1))
    #expect(run.outcome == .failed)
  }

  @Test func meanwhileItIsSyncedFiveSecondsAfterASuccess() throws {
    var run = try run(.of("a", "b", "c < a"))
    #expect(!run.end("a").contains("sync the work"))
    #expect(run.phase("c") == .starting)
    #expect(!run.pass(milliseconds: 4_999).contains("sync the work"))
    #expect(run.pass(milliseconds: 1) == ["sync the work"])
    // One at a time, however long it takes.
    run.end("b")
    #expect(!run.pass(milliseconds: 60_000).contains("sync the work"))
    run.workSynced()
    #expect(run.pass(milliseconds: 5_000).contains("sync the work"))
    // It began after all that has succeeded.
    run.workSynced()
    #expect(!run.pass(milliseconds: 60_000).contains("sync the work"))
  }

  @Test func aSyncCoversWhatHadSucceededBeforeIt() throws {
    var run = try run(.of("a", "b"))
    run.end("a")
    run.pass(milliseconds: 5_000)
    #expect(run.isSyncingWork)
    run.end("b")
    #expect(run.workSynced().contains("sync the work"))
    #expect(run.outcome == nil)
    run.workSynced()
    #expect(run.outcome == .succeeded)
  }

  @Test func beforeTheStepsOfFinallyAndAfterThem() throws {
    var run = try run(WorkflowDefinition.of("a", "end").finally())
    run.end("a")
    #expect(run.state.phase == .running)
    run.workSynced()
    #expect(run.state.phase == .concluding(.succeeded))
    run.end("end")
    #expect(run.outcome == nil)
    run.workSynced()
    #expect(run.outcome == .succeeded)
  }

  @Test func aCancelThatComesMeanwhileChangesNothing() throws {
    var run = try run(.of("a"))
    run.end("a")
    run.cancel()
    #expect(run.outcome == nil)
    run.workSynced()
    #expect(run.outcome == .succeeded)
  }

  // MARK: Syncs that fail

  @Test func aSyncThatFailsFailsTheRun() throws {
    var run = try run(.of("a", "b", "c < b"))
    run.end("a")
    run.pass(milliseconds: 5_000)
    let effects = run.workSynced(failure: Self.ioError)
    #expect(effects.last == "stop b#1")
    #expect(
      run.history.contains("work up to event 7 may be lost: cannot write it to the disk: error 5"))
    run.end("b", .exit(0, cause: .stop))
    #expect(run.outcome == .failed)
    #expect(!run.isSyncingWork)
    // What had succeeded runs again, since no later sync tells of it.
    run.reopen()
    #expect(run.phase("a") == .starting)
    run.end("a")
    run.end("b")
    run.end("c")
    run.workSynced()
    #expect(run.outcome == .succeeded)
  }

  @Test func alsoTheLastOne() throws {
    var run = try run(.of("a", "b < a"))
    run.end("a")
    run.end("b")
    run.workSynced(failure: Self.ioError)
    #expect(run.outcome == .failed)
    #expect(run.state.canReopen)
    run.reopen()
    #expect(run.phase("a") == .starting)
    #expect(run.phase("b") == .waiting(unmetNeeds: 1))
  }

  @Test func whatDoesNotRunAgainKeepsTheRunFromSuccess() throws {
    var run = try run(.of("a", "b"))
    run.end("a")
    run.end("b")
    run.workSynced(failure: Self.ioError)
    run.reopen(scope: .only(StepSet([0])))
    run.end("a")
    run.workSynced()
    #expect(run.outcome == .failed)
    run.reopen()
    #expect(run.phase("a") == .succeeded)
    #expect(run.phase("b") == .starting)
    run.end("b")
    run.workSynced()
    #expect(run.outcome == .succeeded)
  }

  // MARK: Power losses

  @Test func withinABootNothingIsLost() throws {
    var run = try run(rerunning("a"))
    run.end("a")
    #expect(run.crash(losingCommit: false).contains("sync the work"))
    run.workSynced()
    #expect(run.outcome == .succeeded)
  }

  @Test func aSuccessThatNoSyncHasCoveredIsTakenBack() throws {
    var run = try run(rerunning("a", "b < a"))
    run.end("a")
    run.crash(losingCommit: false, found: ["b": .neverLaunched], boot: "next")
    #expect(run.history.contains("stopping: work lost"))
    // Another round follows in the same commit.
    #expect(run.history.suffix(4).prefix(3) == ["b skipped", "run failed", "reopened"])
    #expect(run.outcome == nil)
    #expect(run.phase("a") == .starting)
    #expect(run.phase("b") == .waiting(unmetNeeds: 1))
    run.end("a")
    run.end("b")
    run.workSynced()
    #expect(run.outcome == .succeeded)
  }

  @Test func whatASyncHasCoveredStays() throws {
    var run = try run(rerunning("a", "b < a"))
    run.end("a")
    run.pass(milliseconds: 5_000)
    run.workSynced()
    run.pass(milliseconds: 100)
    run.crash(losingCommit: false, found: ["b": .neverLaunched], boot: "next")
    #expect(run.phase("a") == .succeeded)
    #expect(run.phase("b") == .starting)
  }

  /// The history said that it was lost, and that it stays so.
  @Test func aStepThatMayNotRunAgainKeepsItsEnd() throws {
    var settings = StepSettings()
    settings.onLost = .fail
    var run = try run(.of("a", "b", each: settings))
    run.end("a")
    run.crash(losingCommit: false, found: ["b": .ended(.success)], boot: "next")
    #expect(run.history.contains { $0.hasPrefix("a#1 found without its work") })
    #expect(run.phase("a") == .succeeded)
    #expect(run.outcome == .succeeded)
  }

  /// Its record survived, which says nothing of what else it has written.
  @Test func alsoAnEndThatIsFoundInTheNextBoot() throws {
    var run = try run(rerunning("a"))
    run.crash(found: ["a": .ended(.success)], boot: "next")
    #expect(run.history.contains("stopping: work lost"))
    #expect(run.phase("a") == .starting)
    #expect(run.attempt("a").number == 2)
  }

  /// The end of a run that was stopped anyway.
  @Test func aCancelledRunStaysCancelled() throws {
    var run = try run(rerunning("a", "b"))
    run.end("a")
    run.cancel()
    run.crash(losingCommit: false, found: ["b": .ended(.exit(0, cause: .stop))], boot: "next")
    #expect(run.outcome == .cancelled)
    run.reopen()
    #expect(run.phase("a") == .starting)
  }

  /// They run at the end of the round that follows, and know nothing of the one that was given up.
  @Test func finallyAndNoticesWaitForTheNextRound() throws {
    var run = try run(rerunning("a", "b < a", "end").finally())
    run.end("a")
    run.crash(losingCommit: false, found: ["b": .neverLaunched], boot: "next")
    #expect(run.phase("end") == .waiting(unmetNeeds: 1))
    run.end("a")
    run.end("b")
    run.workSynced()
    run.end("end")
    run.workSynced()
    #expect(run.outcome == .succeeded)
    #expect(run.history.count { $0 == "schedule end#1" } == 1)
  }

  /// Nothing runs it again but a person.
  @Test func whatHasFailedStaysSo() throws {
    var run = try run(rerunning("a", "bad", "b < bad", "c"))
    run.end("bad", .exit(1))
    run.end("a")
    run.crash(losingCommit: false, found: ["c": .neverLaunched], boot: "next")
    #expect(run.phase("bad") == .failed)
    #expect(run.phase("b") == .skipped)
    run.end("a")
    run.end("c")
    run.workSynced()
    #expect(run.outcome == .failed)
  }
}
