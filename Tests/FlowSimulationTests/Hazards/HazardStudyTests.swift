import FlowCore
import Testing

@testable import FlowSimulation

/// The worlds that a study asks for, and what it concludes from their answers.
struct HazardStudyTests {
  private static func subject(_ settings: StepSettings...) -> HazardStudy.Subject {
    let steps = settings.indices.map { index in
      StepDefinition(id: "s\(index)", command: .shell("x"), settingsIndex: Int32(index))
    }
    let command = WorkflowModel.Command(microseconds: 0...90_000_000)
    return HazardStudy.Subject(
      WorkflowDefinition(name: "n", steps: steps, settings: settings), jobs: 2,
      WorkflowModel(
        commands: Array(repeating: command, count: steps.count),
        probes: Array(repeating: command, count: steps.count)))
  }

  /// Worlds whose fates a test defines, and which remember their questions.
  private final class Worlds {
    var asked: [HazardStudy.Question] = []
    let fate: (HazardStudy.Question) -> StepFate?

    init(_ fate: @escaping (HazardStudy.Question) -> StepFate?) {
      self.fate = fate
    }

    static let report = Simulation.run(seed: 1)

    func live(
      _ question: HazardStudy.Question, _ options: SimulationOptions,
      _ choices: any ChoiceSource, _ trace: Trace
    ) -> HazardStudy.Answer {
      asked.append(question)
      let step = question.faultyMicroseconds == nil ? nil : fate(question)
      return .init(
        Self.report,
        WorldFate(
          outcome: step?.failure == nil ? .succeeded : .failed, microseconds: 8_000_000,
          steps: step.map { [$0] } ?? []))
    }
  }

  @Test func harmlessWorkflowsNeedNoChange() throws {
    let worlds = Worlds { _ in nil }
    let report = try HazardStudy(Self.subject(StepSettings()), seeds: 5...14, live: worlds.live)
      .run()
    #expect(report.changes.isEmpty)
    #expect(report.ranked.isEmpty)
    #expect(report.quiet.worlds == 10)
    // How long the run takes is learned in worlds of its own.
    let quiet = worlds.asked.filter { $0.faultyMicroseconds == nil }
    #expect(quiet.map(\.seed) == Array(1...20) + Array(5...14))
    let faulty = worlds.asked.filter { $0.faultyMicroseconds != nil }
    #expect(faulty.map(\.seed) == Array(5...14))
    #expect(faulty.allSatisfy { $0.faultyMicroseconds == 12_000_000 })
  }

  /// The same seeds each time, and one change at a time.
  @Test func changesAreTriedInTheSameWorlds() throws {
    let worlds = Worlds { question in
      let settings = question.subject.definition.settings(ofStep: 1)
      if settings.onLost == .probe { return nil }
      var fate = StepFate(step: 1)
      if settings.onLost == .fail {
        fate.failure = .loss
      } else if question.seed % 2 == 0 {
        fate.repetitions = [.init(.powerLoss, hadSucceeded: true)]
      }
      return fate == StepFate(step: 1) ? nil : fate
    }
    let subject = Self.subject(StepSettings(), StepSettings())
    let report = try HazardStudy(subject, seeds: 1...40, live: worlds.live).run()
    #expect(
      report.changes.map(\.change)
        == [DefinitionChange(step: 1, .onLost(.probe)), DefinitionChange(step: 1, .onLost(.fail))])
    #expect(report.changes.map { $0.before.steps[1].worldsRepeated } == [20, 20])
    #expect(report.changes.map { $0.after.steps[1].worldsRepeated } == [0, 0])
    #expect(report.changes.map { $0.after.count(.succeeded) } == [40, 0])
    let spans = Set(worlds.asked.compactMap(\.faultyMicroseconds))
    #expect(spans.count == 1)
    let changed = worlds.asked.filter { $0.subject != subject }
    #expect(changed.map(\.seed) == Array(1...40) + Array(1...40))
    // The other step stays as it was, and the new probe is right at once.
    #expect(changed.allSatisfy { $0.subject.definition.settings(ofStep: 0) == StepSettings() })
    #expect(changed[0].subject.model.probes[1] == WorkflowModel.Command())
    #expect(changed[0].subject.definition.settings(ofStep: 1).probe != nil)
  }

  @Test func aWorldThatBreaksEndsTheStudy() {
    let study = HazardStudy(Self.subject(StepSettings()), seeds: 1...9) { question, _, _, _ in
      let isBroken = question.seed == 3 && question.faultyMicroseconds != nil
      return .init(
        Worlds.report, isBroken ? nil : WorldFate(outcome: .succeeded, microseconds: 1))
    }
    do throws(HazardStudy.Broken) {
      _ = try study.run()
      Issue.record("nothing broke")
    } catch {
      #expect(error.report == Worlds.report)
      #expect(error.question.seed == 3)
      #expect(error.question.faultyMicroseconds != nil)
      #expect(error.change == nil)
    }
  }

  @Test(arguments: [
    (0, 1_000, 0, 0), (1, 1_000, 1, 1_000), (4, 1_000, 4, 1_000), (5, 1_000, 5, 800),
    (40, 1_000, 40, 100), (41, 1_000, 40, 100), (9, 10, 4, 10), (3, 1, 3, 1), (5, 1, 4, 1),
  ])
  func aBudgetIsSplitOverTheChanges(candidates: Int, worlds: Int, tried: Int, each: Int) {
    let changes = (0..<candidates).map { DefinitionChange(step: $0, .onLost(.fail)) }
    let plan = HazardStudy.plan(changes, worlds: worlds)
    #expect(plan.changes == Array(changes.prefix(tried)))
    #expect(plan.worlds == each)
  }

  // MARK: What could help

  private static func candidates(
    _ settings: StepSettings, _ change: (inout StepFate) -> Void
  ) -> [DefinitionChange.Kind] {
    var fate = StepFate(step: 0)
    change(&fate)
    var ledger = HazardLedger()
    ledger.add(WorldFate(outcome: .succeeded, microseconds: 1, steps: [fate]))
    let subject = subject(settings)
    return DefinitionChange.candidates(
      for: ledger.tally(stepCount: 1).steps[0], subject.definition, subject.model
    ).map(\.kind)
  }

  @Test func whatCouldHelpDependsOnWhatBefellTheStep() {
    let plain = StepSettings()
    #expect(Self.candidates(plain) { $0.losses = 1 } == [])
    #expect(
      Self.candidates(plain) { $0.repetitions = [.init(.disk, hadSucceeded: true)] }
        == [.onLost(.probe), .onLost(.fail)])
    #expect(
      Self.candidates(plain) { $0.repetitions = [.init(.disk, hadSucceeded: false)] }
        == [.onLost(.fail)])
    #expect(
      Self.candidates(StepSettings(onLost: .fail)) { $0.failure = .loss }
        == [.onLost(.probe), .onLost(.rerun)])
    let probing = StepSettings(onLost: .probe, probe: .shell("p"))
    #expect(Self.candidates(probing) { $0.repetitions = [.init(.disk, hadSucceeded: false)] } == [])
    // It takes at most 90 s.
    #expect(Self.candidates(plain) { $0.hangs = 1 } == [.timeout(milliseconds: 240_000)])
    #expect(Self.candidates(plain) { $0.failure = .command } == [.retry(maxAttempts: 3)])
    #expect(Self.candidates(StepSettings(allowFailure: true)) { $0.failure = .command } == [])
  }

  @Test func aChangeIsForItsStepAlone() {
    var definition = Self.subject(StepSettings()).definition
    definition.steps.append(StepDefinition(id: "t", command: .shell("x")))
    DefinitionChange(step: 1, .retry(maxAttempts: 4)).apply(to: &definition)
    #expect(definition.settings(ofStep: 0) == StepSettings())
    #expect(definition.settings(ofStep: 1).retry == RetryPolicy(maxAttempts: 4))
    DefinitionChange(step: 1, .timeout(milliseconds: 60_000)).apply(to: &definition)
    #expect(definition.settings(ofStep: 1).timeoutMilliseconds == 60_000)
    #expect(definition.settings(ofStep: 1).retry.maxAttempts == 4)
  }
}
