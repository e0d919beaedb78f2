import FlowCore
import Testing

@testable import FlowSimulation

struct RecordedWorldTests {
  private static func recipe(
    _ settings: String..., run: @escaping WorldRunner = { Simulation.run(seed: $0, $1, $2, $3) }
  ) throws -> WorldRecipe {
    let settings = settings.map { setting in
      let parts = setting.split(separator: "=")
      return SimulationOptions.Setting(String(parts[0]), String(parts[1]))
    }
    return try WorldRecipe(settings, run: run)
  }

  // MARK: Recipes

  @Test(arguments: [1, 7, 922, 1_001] as [UInt64])
  func aSeedItsRecordingAndItsTraceAreOneWorld(seed: UInt64) throws {
    let recipe = try Self.recipe("steps=3", "readPerMille=0")
    let report = recipe.run(seed: seed)
    let (recorded, recording) = recipe.record(seed: seed)
    #expect(recorded == report)
    let world = RecordedWorld(report, recording.schedule)
    let read = try TraceText.world(from: Array(TraceText.of(world).utf8))
    #expect(read == world)
    #expect(recipe.replay(read) == report)
  }

  @Test func whatIsSetByHandCountsMoreThanWhatIsDrawn() throws {
    let report = try Self.recipe("steps=2", "steps=5", "isCancelled=true").run(seed: 3)
    var options = SimulationOptions.draw(from: SeededChoices(seed: 3))
    options.steps = 5
    options.isCancelled = true
    #expect(report.options == options)
  }

  /// A property that does not hold: that a run needs only one life of its engine.
  private static func impatient(
    seed: UInt64, options: SimulationOptions, choices: any ChoiceSource, trace: Trace
  ) -> Simulation.Report {
    let report = Simulation.run(seed: seed, options, choices, trace)
    return report.lives == 1
      ? report : report.with(Violation(.live, "the engine lived \(report.lives) times"))
  }

  @Test func aFailureIsShrunkToWhatItTakes() throws {
    // Nothing else ends a life.
    let recipe = try Self.recipe(
      "cleanerPerMille=0", "storageErrorPerMille=0", "forkFailurePerMille=0", "readErrorPerMille=0",
      "hostilePerMille=0", "maxReopenings=0", run: Self.impatient)
    let seed = try #require((1...100).first { recipe.run(seed: $0).violation != nil })
    let shrunk = recipe.shrink(seed: seed, .live)
    // Deaths are turned on, and the first chance is taken.
    #expect(shrunk.choicesAfter == 2)
    #expect(shrunk.choicesBefore > 10)
    #expect(shrunk.world.options.steps == 1)
    #expect(shrunk.world.options.crashPerMille == 5)
    #expect(shrunk.world.schedule == ChoiceSchedule([.init(.crash, 0, 1)]))
    #expect(shrunk.world.property == .live)
    let again = recipe.replay(shrunk.world)
    #expect(again.violation == Violation(.live, "the engine lived 2 times"))
    #expect(again.traceHash == shrunk.world.traceHash)
  }

  // MARK: Options

  @Test func everyOptionHasItsKey() {
    let options = SimulationOptions.quiet
    let names = Mirror(reflecting: options).children.compactMap(\.label)
    #expect(SimulationOptions.keys.map(\.name).sorted() == names.sorted())
  }

  @Test func printedOptionsCanBeSetAgain() throws {
    let drawn = SimulationOptions.draw(from: SeededChoices(seed: 8))
    var options = SimulationOptions()
    for word in drawn.description.split(separator: " ") {
      let parts = word.split(separator: "=")
      try options.apply(.init(String(parts[0]), String(parts[1])))
    }
    #expect(options == drawn)
  }

  @Test(arguments: [
    ("steps", "0"), ("steps", "x"), ("steps", ""), ("crashPerMille", "1001"),
    ("isCancelled", "1"), ("powerLossPercent", "-1"),
  ])
  func badValuesAreRefused(name: String, value: String) {
    var options = SimulationOptions()
    #expect { try options.apply(.init(name, value)) } throws: { error in
      guard case .invalid(name, value, _)? = error as? SimulationOptions.SettingError else {
        return false
      }
      return options == SimulationOptions()
    }
  }

  @Test func anUnknownOptionIsRefused() {
    #expect(throws: SimulationOptions.SettingError.unknown(name: "step")) {
      try Self.recipe("step=1")
    }
  }

  // MARK: Recordings

  @Test func theFirstDifferenceOfRecordingsIsNamed() {
    func recording(_ values: Int...) -> ChoiceRecording {
      let choices = RecordingChoices(SeededChoices(seed: 1))
      for value in values { _ = choices.choose(value > 5 ? .crash : .echo, below: value) }
      return choices.recording
    }
    let one = recording(3, 9, 4)
    #expect(one.firstDifference(from: one) == nil)
    let longer = recording(3, 9, 4, 7)
    let last = ChoiceLine(
      site: "crash", index: 1, value: longer[.crash][1].value, count: 7)
    #expect(longer.firstDifference(from: one) == .init(position: 3, one: last, other: nil))
    #expect(one.firstDifference(from: longer) == .init(position: 3, one: nil, other: last))
    let other = recording(3, 8, 4).firstDifference(from: one)
    #expect(other?.position == 1)
    #expect(other?.one?.count == 8)
    #expect(other?.other?.count == 9)
  }
}

extension Simulation.Report {
  func with(_ violation: Violation) -> Self {
    Self(
      seed: seed, options: options, violation: violation, outcome: outcome, traceHash: traceHash,
      events: events, launches: launches, lives: lives,
      simulatedMicroseconds: simulatedMicroseconds, coverage: coverage)
  }
}
