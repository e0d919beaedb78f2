import FlowCore
import Testing

/// Steps with `cache`: their attempts say whether a former result was used.
@Suite struct EngineCacheTests {
  private static let hit = CacheLook.hit(run: "before", attempt: 3)
  private static let miss = CacheLook.miss(CacheMiss(.input, "src/a.c", count: 1, of: 3))

  /// `a` is cached, and `b` needs it.
  private static func workflow(
    files: [String] = ["out/x"], caches: Bool = true, _ settings: StepSettings = StepSettings()
  ) -> WorkflowDefinition {
    var workflow = WorkflowDefinition.of("a", "b < a", with: ["a": settings])
    var extras = StepExtras()
    extras.files = files
    extras.inputs = ["src/**"]
    extras.caches = caches
    workflow.give(extras, toStep: 0)
    return workflow
  }

  private static func end(_ code: UInt8 = 0, look: CacheLook?) -> AttemptEnd {
    var end = AttemptEnd.exit(code)
    end.look = look
    return end
  }

  @Test func whereAFormerResultIsUsedNothingIsPublished() throws {
    var run = try EngineHarness(Self.workflow())
    #expect(
      run.end("a", Self.end(look: Self.hit)).first == "commit: ended a#1, a succeeded, schedule b#1"
    )
  }

  @Test func whatHasRunIsPublishedAndItsResultKeptEvenWithoutFiles() throws {
    for files in [["out/x"], []] {
      var run = try EngineHarness(Self.workflow(files: files))
      #expect(
        run.end("a", Self.end(look: Self.miss)) == [
          "commit: ended a#1, publish a#1, schedule a#2", "publication a#2",
        ])
      #expect(run.end("a").first == "commit: ended a#2, a succeeded, schedule b#1")
    }
  }

  /// It was killed, or told to stop, after it had found a result.
  @Test func aFormerResultIsNotUsedByAnAttemptThatWasEnded() throws {
    var killed = Self.end(look: Self.hit)
    killed.result = .signalled(signal: 9)
    var run = try EngineHarness(Self.workflow())
    run.end("a", killed)
    #expect(run.phase("a") == .failed)
  }

  @Test func aMissingInputIsAFailureToLaunch() throws {
    for (kinds, isRetried) in [(FailureKinds.launch, true), (.exit, false), (.output, false)] {
      let settings = StepSettings(
        retry: RetryPolicy(
          maxAttempts: 2, initialDelayMilliseconds: 1_000, jitter: .none, on: kinds))
      var run = try EngineHarness(Self.workflow(caches: false, settings))
      var end = AttemptEnd.exit(1)
      end.refusal = OutputRefusal(.noInput, "src/a.c")
      run.end("a", end)
      #expect(run.phase("a") == (isRetried ? .backingOff : .failed))
    }
  }

  @Test func onlyTheCommandOfACachedStepLooks() throws {
    let run = try EngineHarness(Self.workflow(caches: false))
    var state = run.state
    let event = Event(
      sequence: state.lastSequence + 1, moment: state.lastMoment, startsWakeUp: true,
      body: .attemptEnded(run.attempt("a"), Self.end(look: Self.hit)))
    #expect(throws: HistoryError.self) { try state.apply(event) }
  }

  /// Its files may have been put back by hand, and not be on the disk.
  @Test func whatWasUsedAgainIsNotSyncedByAPublication() throws {
    var settings = StepSettings()
    settings.onLost = .rerun
    for look in [Self.hit, Self.miss] {
      var run = try EngineHarness(Self.workflow(settings), syncsWork: true)
      run.end("a", Self.end(look: look))
      if look == Self.miss { run.end("a") }
      run.crash(losingCommit: false, found: ["b": .neverLaunched], boot: "next")
      #expect(run.history.contains("stopping: work lost") == (look == Self.hit))
    }
  }

  @Test func whyItRanIsToldInWords() {
    let misses: [(CacheMiss, String)] = [
      (CacheMiss(.noResult), "it has no earlier result"),
      (CacheMiss(.command), "the command changed"),
      (CacheMiss(.variable, "MODE"), "the variable MODE changed"),
      (CacheMiss(.value, "scan.files"), "scan.files changed"),
      (CacheMiss(.input, "a.csv", count: 3, of: 812), "a.csv changed (3 of 812 inputs)"),
      (CacheMiss(.input, "a.csv", count: 1, of: 1), "a.csv changed"),
      (CacheMiss(.newInput, "b.csv", count: 1, of: 2), "b.csv is new (1 of 2 inputs)"),
      (CacheMiss(.files, "out/a"), "out/a is not what this step made"),
    ]
    for (miss, text) in misses { #expect(miss.description == text) }
  }
}
