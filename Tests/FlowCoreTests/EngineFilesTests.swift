import FlowCore
import Testing

/// Files that steps declare: published in an attempt of its own, after the command and before the step ends.
@Suite struct EngineFilesTests {
  /// `a` makes a file, `b` needs it, `c` needs nothing.
  private static func workflow(
    _ settings: StepSettings = StepSettings(), failFast: Bool = false
  ) -> WorkflowDefinition {
    var workflow = WorkflowDefinition.of(
      "a", "b < a", "c", with: ["a": settings], failFast: failFast)
    var extras = StepExtras(outputs: [StepOutput(name: "count", type: .int)])
    extras.files = ["out/x"]
    workflow.give(extras, toStep: 0)
    return workflow
  }

  @Test func whatACommandHasMadeIsPublishedBeforeItsStepSucceeds() throws {
    var run = try EngineHarness(Self.workflow())
    #expect(
      run.end("a") == ["commit: ended a#1, publish a#1, schedule a#2", "publication a#2"])
    #expect(run.phase("a") == .starting && run.phase("b") == .waiting(unmetNeeds: 1))
    #expect(run.end("a").first == "commit: ended a#2, a succeeded, schedule b#1")
  }

  @Test func aCommandThatFailsPublishesNothing() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a", .exit(1))
    #expect(run.phase("a") == .failed)
  }

  /// With one slot, `c` waits until the files of `a` are in place.
  @Test func aPublicationHasTheSlotOfItsCommand() throws {
    var run = try EngineHarness(Self.workflow(), jobs: 1, commitsAtOnce: false)
    run.completeCommit()
    #expect(run.end("a") == ["commit: ended a#1, publish a#1, schedule a#2"])
    #expect(run.running.isEmpty)
    #expect(run.completeCommit() == ["publication a#2"])
    run.end("a")
    #expect(run.running == [AttemptID(step: 2, number: 1)])
  }

  @Test func filesThatAreNotAsDeclaredAreAFailureOfTheirOwnKind() throws {
    for (kinds, isRetried) in [(FailureKinds.all, true), (.output, true), (.exit, false)] {
      let settings = StepSettings(
        retry: RetryPolicy(
          maxAttempts: 2, initialDelayMilliseconds: 1_000, jitter: .none, on: kinds))
      var run = try EngineHarness(Self.workflow(settings))
      let attempt = run.attempt("a")
      run.wakeUp([
        .outputsPublished(attempt, [OutputPart(output: 0, bytes: Array("3".utf8))]),
        .attemptEnded(attempt, .success),
      ])
      #expect(run.state.outputs.attempt(ofStep: 0) == 1)
      run.end("a", .exit(1))
      #expect(run.phase("a") == (isRetried ? .backingOff : .failed))
      // What it had put out counts for nothing.
      #expect(run.state.outputs.attempt(ofStep: 0) == nil)
      // The command runs again, and not the publication.
      if isRetried { #expect(run.pass(milliseconds: 1_000).last == "launch a#3") }
    }
  }

  @Test func aPublicationThatIsLostIsDoneAgainHoweverOften() throws {
    var run = try EngineHarness(Self.workflow(StepSettings(onLost: .fail)))
    run.end("a")
    for number in 2...9 {
      #expect(
        run.end("a", .lost) == [
          "commit: ended a#\(number), publish a#\(number), schedule a#\(number + 1)",
          "publication a#\(number + 1)",
        ])
    }
    run.end("a")
    #expect(run.phase("a") == .succeeded)
    #expect(run.state.steps[0].losses == 0)
  }

  /// It may have put some files in place, and not all. What kills each of ten is no accident.
  @Test func aPublicationThatIsKilledIsCompletedTenTimesAtMost() throws {
    var run = try EngineHarness(Self.workflow(StepSettings(onLost: .fail)))
    run.end("a")
    for number in 2...10 {
      #expect(run.end("a", .signal(9)).last == "publication a#\(number + 1)")
    }
    run.end("a", .signal(9))
    #expect(run.phase("a") == .failed)
  }

  @Test func aPublicationThatIsKilledWithGraceIsCompletedToo() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a")
    #expect(run.end("a", .signal(15)).last == "publication a#3")
    run.end("a")
    #expect(run.phase("a") == .succeeded && run.state.steps[0].failures == 0)
  }

  /// What a command has left in its stage is not synced.
  @Test func inAnotherBootAPublicationIsOnlyCompleted() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a")
    #expect(run.crash(boot: "another").contains("completion a#3"))
    run.end("a")
    #expect(run.phase("a") == .succeeded)
  }

  /// Also where the command's end becomes known only there.
  @Test func inAnotherBootAnEndThatIsFoundIsOnlyCompleted() throws {
    var run = try EngineHarness(Self.workflow())
    let effects = run.crash(found: ["a": .ended(.success)], boot: "another")
    #expect(effects.contains("completion a#2"))
  }

  @Test(arguments: [
    (OnLost.rerun, PublicationCode.nothingPrepared), (.rerun, PublicationCode.isGone),
    (.fail, PublicationCode.nothingPrepared), (.probe, PublicationCode.isGone),
  ])
  func whereNothingIsLeftTheCommandCountsAsLost(onLost: OnLost, code: UInt8) throws {
    let settings = StepSettings(onLost: onLost, probe: onLost == .probe ? .shell("true") : nil)
    var run = try EngineHarness(Self.workflow(settings))
    run.end("a")
    run.crash(boot: "another")
    let effects = run.end("a", .exit(code))
    // A probe could say that the work was done, and its files are not there.
    #expect(run.phase("a") == (onLost == .rerun ? .starting : .failed))
    if onLost == .rerun { #expect(effects.last == "launch a#4") }
  }

  @Test func aCommandWhoseFilesAreGoneRunsAgainThreeTimesAtMost() throws {
    var run = try EngineHarness(Self.workflow())
    for time in 1...4 {
      run.end("a")
      #expect(run.phase("a") == .starting)
      run.end("a", .exit(PublicationCode.isGone))
      #expect(run.phase("a") == (time < 4 ? .starting : .failed))
    }
  }

  @Test func aProbeThatSaysDoneLeadsToAPublication() throws {
    var run = try EngineHarness(
      Self.workflow(StepSettings(onLost: .probe, probe: .shell("true"))))
    run.end("a", .lost)
    #expect(run.end("a").last == "publication a#3")
    #expect(run.state.maker(ofStep: 0) == 1)
  }

  // MARK: Stops

  @Test func aPublicationThatHasBegunEndsBeforeTheRunDoes() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a")
    #expect(run.cancel().contains("stop a#2"))
    run.end("c", .exit(1, cause: .stop))
    // It had begun to put files in place, and does not let itself be stopped.
    run.end("a", .exit(0, cause: .stop))
    #expect(run.phase("a") == .succeeded && run.phase("b") == .skipped)
    #expect(run.outcome == .cancelled)
  }

  @Test func aPublicationThatLetsItselfBeStoppedIsCancelled() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a")
    run.cancel()
    run.end("a", .signal(15, cause: .stop))
    #expect(run.phase("a") == .cancelled)
  }

  /// The command has succeeded before the cancel came.
  @Test func whatWaitsToBePublishedIsPublishedThoughTheRunStops() throws {
    var run = try EngineHarness(Self.workflow(), commitsAtOnce: false)
    run.completeCommit()
    let attempt = run.attempt("a")
    run.wakeUp([
      .attemptEnded(attempt, .success), .cancelRequested(CancelRequest(id: 1, force: false)),
    ])
    run.commitsAtOnce = true
    run.completeCommit()
    #expect(run.running.contains(AttemptID(step: 0, number: 2)))
    run.end("c", .exit(1, cause: .stop))
    run.end("a")
    #expect(run.phase("a") == .succeeded && run.outcome == .cancelled)
  }

  @Test func aPublicationThatIsLostWhileTheRunStopsIsDoneAgain() throws {
    var run = try EngineHarness(Self.workflow())
    run.end("a")
    run.cancel(force: true)
    let effects = run.crash(found: ["c": .ended(.signal(9, cause: .force))])
    #expect(effects.contains("publication a#3"))
    run.end("a")
    #expect(run.phase("a") == .succeeded && run.outcome == .cancelled)
  }

  // MARK: Children

  /// `jobs` of a node counts a child from its command to its end.
  @Test func aChildHasItsPlaceAmongItsSiblingsUntilItsFilesAreInPlace() throws {
    var workflow = WorkflowDefinition.of("n")
    var extras = StepExtras()
    extras.forEach = ForEach(over: .literal(["x", "y"]), jobs: 1)
    extras.files = ["${item}"]
    workflow.give(extras, toStep: 0)
    workflow.hasTemplates = true
    var run = try EngineHarness(workflow)
    #expect(run.running == [AttemptID(step: 1, number: 1)])
    run.wakeUp([.attemptEnded(AttemptID(step: 1, number: 1), .success)])
    #expect(run.running == [AttemptID(step: 1, number: 2)])
    run.wakeUp([.attemptEnded(AttemptID(step: 1, number: 2), .success)])
    #expect(run.running == [AttemptID(step: 2, number: 1)])
  }
}
