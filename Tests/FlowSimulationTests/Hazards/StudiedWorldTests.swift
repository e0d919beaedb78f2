import FlowCore
import Testing

@testable import FlowSimulation

/// Worlds in which a user's workflow runs as a model says.
struct StudiedWorldTests {
  private static let minute: Int64 = 60_000_000

  /// Steps in a chain, each of which takes a minute.
  private static func subject(
    _ count: Int = 3, _ settings: StepSettings = StepSettings(),
    command: WorkflowModel.Command = .init(microseconds: minute...minute)
  ) -> HazardStudy.Subject {
    let steps = (0..<count).map { index in
      StepDefinition(
        id: "s\(index)", command: .shell("x"), needs: index == 0 ? [] : [Int32(index - 1)])
    }
    return HazardStudy.Subject(
      WorkflowDefinition(name: "n", steps: steps, settings: [settings]), jobs: 2,
      WorkflowModel(
        commands: Array(repeating: command, count: count),
        probes: Array(repeating: .init(), count: count)))
  }

  private static func answer(
    _ subject: HazardStudy.Subject, seed: UInt64 = 1, span: Int64?,
    _ options: SimulationOptions = SimulationOptions(), _ choices: (any ChoiceSource)? = nil,
    _ trace: Trace = Trace()
  ) -> HazardStudy.Answer {
    Simulation.answer(
      .init(subject: subject, seed: seed, faultyMicroseconds: span), options,
      choices ?? SeededChoices(seed: seed), trace)
  }

  /// Misfortunes as planned, and nothing else.
  private final class Planned: ChoiceSource {
    private var misfortunes: [Int]

    /// - Parameter misfortunes: what is chosen, in the order of the choices.
    init(_ misfortunes: [Int]) {
      self.misfortunes = misfortunes
    }

    func choose(_ site: ChoiceSite, below count: Int) -> Int {
      guard site == .misfortune, !misfortunes.isEmpty else { return 0 }
      return min(misfortunes.removeFirst(), count - 1)
    }

    func weigh(_ site: ChoiceSite, perMille chances: Int) -> Bool {
      choose(site, below: 2) == 1
    }
  }

  private static func fate(
    _ subject: HazardStudy.Subject, _ misfortunes: [Int]
  ) throws -> WorldFate {
    let answer = answer(subject, span: 4 * minute, SimulationOptions(), Planned(misfortunes))
    #expect(answer.report.violation == nil)
    return try #require(answer.fate)
  }

  @Test func withoutFaultsARunTakesAsLongAsItsCommands() throws {
    let fate = try #require(Self.answer(Self.subject(), span: nil).fate)
    #expect(fate.outcome == .succeeded)
    #expect(fate.steps.isEmpty)
    #expect(fate.causes == CauseCounts())
    #expect((3 * Self.minute...3 * Self.minute + 100_000).contains(fate.microseconds))
  }

  /// The second step, after half a minute.
  private static let inSecond = Int(minute) * 3 / 2

  @Test func aPowerLossWhileAStepRunsIsSeenAsSuch() throws {
    let fate = try Self.fate(Self.subject(), [1, Self.inSecond])
    #expect(fate.outcome == .succeeded)
    var step = StepFate(step: 1)
    step.repetitions = [.init(.powerLoss, hadSucceeded: false)]
    step.losses = 1
    #expect(fate.steps.count == 1)
    step.lostMicroseconds = fate.steps.first?.lostMicroseconds ?? 0
    #expect(fate.steps == [step])
    #expect(abs(step.lostMicroseconds - Self.minute / 2) < 100_000)
    #expect(fate.causes[.powerLoss] == 1)
    #expect(fate.causes.total == 1)
  }

  /// A killed engine loses no work: its attempts survive it.
  @Test func aKilledEngineLosesNothing() throws {
    let fate = try Self.fate(Self.subject(), [0, 0, 1, Self.inSecond])
    #expect(fate.outcome == .succeeded)
    #expect(fate.steps.isEmpty)
    #expect(fate.causes[.engineKilled] == 1)
    #expect(fate.survivors == 1)
    #expect(fate.microseconds < 3 * Self.minute + 1_000_000)
  }

  @Test func aKilledMonitorLosesItsAttempt() throws {
    let fate = try Self.fate(Self.subject(), [0, 0, 0, 0, 1, Self.inSecond])
    #expect(fate.outcome == .succeeded)
    #expect(
      fate.steps.map(\.repetitions) == [[.init(.monitorKilled, hadSucceeded: false)]])
    #expect(fate.causes[.monitorKilled] == 1)
  }

  @Test func whatIsNotToRunAgainFailsWhenItIsLost() throws {
    let fate = try Self.fate(Self.subject(3, StepSettings(onLost: .fail)), [1, Self.inSecond])
    #expect(fate.outcome == .failed)
    #expect(fate.steps.map(\.step) == [1])
    #expect(fate.steps.first?.failure == .loss)
    #expect(fate.steps.first?.repetitions == [])
  }

  @Test func aProbeKnowsWhetherTheWorkWasDone() throws {
    let settings = StepSettings(onLost: .probe, probe: .shell("p"))
    let fate = try Self.fate(Self.subject(3, settings), [1, Self.inSecond])
    #expect(fate.outcome == .succeeded)
    // It was not.
    #expect(fate.steps.map(\.repetitions) == [[.init(.powerLoss, hadSucceeded: false)]])
  }

  @Test func whatHangsWithoutATimeoutIsKilledAfterADay() throws {
    let hanging = WorkflowModel.Command(hanging: 100_000)
    let fate = try #require(Self.answer(Self.subject(1, command: hanging), span: nil).fate)
    #expect(fate.outcome == .failed)
    #expect(fate.steps.first?.hangs == 1)
    #expect(fate.steps.first?.failure == .command)
    #expect(fate.microseconds >= 86_400_000_000)
    let limited = Self.subject(1, StepSettings(timeoutMilliseconds: 5_000), command: hanging)
    let stopped = try #require(Self.answer(limited, span: nil).fate)
    #expect(stopped.steps.first?.hangs == 0)
    #expect(stopped.microseconds < 6_000_000)
  }

  @Test func aWorldIsAlwaysTheSame() {
    for seed in 1...20 as ClosedRange<UInt64> {
      let options = SimulationOptions.draw(from: SeededChoices(seed: seed))
      let first = Self.answer(Self.subject(), seed: seed, span: Self.minute, options)
      #expect(Self.answer(Self.subject(), seed: seed, span: Self.minute, options) == first)
      // As where a failure is run again with the options that were printed.
      let again = Self.answer(
        Self.subject(), seed: seed, span: Self.minute, first.report.options)
      #expect(again == first)
    }
  }

  /// With any model and any fault, every property holds.
  @Test func everyPropertyHoldsInStudiedWorlds() {
    let command = WorkflowModel.Command(
      microseconds: 0...Self.minute, failing: 10_000, crashing: 3_000, hanging: 2_000,
      unlaunchable: 2_000)
    let settings = StepSettings(
      timeoutMilliseconds: 90_000, retry: RetryPolicy(maxAttempts: 2), onLost: .rerun)
    var causes = CauseCounts()
    for seed in 1...300 as ClosedRange<UInt64> {
      let choices = SeededChoices(seed: seed)
      let answer = Self.answer(
        Self.subject(4, settings, command: command), seed: seed, span: 5 * Self.minute,
        .draw(from: choices), choices)
      #expect(answer.report.violation == nil, "seed \(seed)")
      if let fate = answer.fate { causes.add(fate.causes) }
    }
    for cause in HazardCause.allCases where cause != .other {
      #expect(causes[cause] > 0, "no \(cause)")
    }
    #expect(causes[.other] == 0)
  }
}
