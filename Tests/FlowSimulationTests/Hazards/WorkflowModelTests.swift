import FlowCore
import Testing

@testable import FlowSimulation

struct WorkflowModelTests {
  private static func behaviours(
    _ command: WorkflowModel.Command, from choices: any ChoiceSource = SeededChoices(seed: 3),
    count: Int = 20_000
  ) -> [CommandBehaviour] {
    let model = WorkflowModel(commands: [command], probes: [.init()])
    return (0..<count).map { _ in model.command(ofStep: 0, from: choices) }
  }

  @Test func whereAllChoicesAreZeroACommandSucceedsAfterTheShortestTime() {
    let command = WorkflowModel.Command(
      microseconds: 7...9_000, failing: 40_000, crashing: 20_000, hanging: 20_000,
      unlaunchable: 19_999)
    let quiet = ReplayedChoices(.empty)
    for behaviour in Self.behaviours(command, from: quiet, count: 3) {
      #expect(behaviour.durationMicroseconds == 7)
      #expect(behaviour.fault == nil)
      #expect(!behaviour.ignoresTermination)
    }
  }

  @Test func ratesAreKept() {
    let behaviours = Self.behaviours(
      WorkflowModel.Command(
        microseconds: 100...200, failing: 10_000, exitCode: 9, crashing: 5_000, hanging: 20_000,
        unlaunchable: 1_000))
    var counts = [Int](repeating: 0, count: 5)
    for behaviour in behaviours {
      switch behaviour.ending {
      case .result(.exited(code: 0)): counts[0] += 1
      case .result(.exited(code: 9)): counts[1] += 1
      case .result(.signalled(signal: 11)): counts[2] += 1
      case .never: counts[3] += 1
      case .result(.launchFailed): counts[4] += 1
      case .result: Issue.record("an ending that no rate is of")
      }
    }
    for (count, share) in zip(counts, [640, 100, 50, 200, 10]) {
      #expect(abs(count - behaviours.count * share / 1_000) < 250, "\(counts)")
    }
    #expect(Set(behaviours.map(\.durationMicroseconds)) == Set(100...200))
  }

  @Test func whatIsCertainTakesNoChoice() {
    let choices = RecordingChoices(SeededChoices(seed: 3))
    _ = Self.behaviours(WorkflowModel.Command(microseconds: 5...5), from: choices, count: 10)
    #expect(choices.recording.total == 0)
  }

  @Test(arguments: [(true, 0), (false, 1)] as [(Bool, UInt8)])
  func aProbeAnswersTheTruth(happened: Bool, code: UInt8) {
    let command = WorkflowModel.Command(failing: 50_000, exitCode: 1)
    let model = WorkflowModel(commands: [.init()], probes: [command])
    let choices = SeededChoices(seed: 3)
    for _ in 0..<200 {
      let behaviour = model.probe(ofStep: 0, happened: happened, from: choices)
      guard case .result(.exited(let found)) = behaviour.ending else {
        Issue.record("a probe that does not exit")
        continue
      }
      // A probe that fails gives no answer, whatever the exit code of the step's failures is.
      #expect(found == code || found == 2)
    }
  }

  private static func workflow(
    _ settings: StepSettings, _ command: WorkflowModel.Command, _ choices: any ChoiceSource
  ) -> ModelledWorkflow {
    let step = StepDefinition(id: "s", command: .shell("x"))
    return ModelledWorkflow(
      WorkflowDefinition(name: "n", steps: [step, step], settings: [settings]),
      WorkflowModel(commands: [command, command], probes: [.init(), .init()]), from: choices)
  }

  @Test func somebodyKillsWhatHangsWhereNoTimeoutDoes() {
    let command = WorkflowModel.Command(microseconds: 1...1, hanging: 100_000)
    let choices = ReplayedChoices(.empty)
    var patient = Self.workflow(StepSettings(), command, choices)
    var limited = Self.workflow(StepSettings(timeoutMilliseconds: 5), command, choices)
    // More commands than are planned.
    for _ in 0..<9 {
      let behaviour = patient.nextCommand(ofStep: 0, from: choices)
      #expect(behaviour.durationMicroseconds == 86_400_000_000)
      guard case .result(.signalled(signal: 9)) = behaviour.ending,
        case .never = limited.nextCommand(ofStep: 0, from: choices).ending
      else {
        Issue.record("it is killed where a timeout is, or hangs for ever where none is")
        continue
      }
    }
  }

  /// A change that makes one step run more often changes nothing for the others.
  @Test func whatAStepDoesDoesNotDependOnTheOthers() {
    let command = WorkflowModel.Command(microseconds: 0...1_000_000)
    let (one, other) = (SeededChoices(seed: 4), SeededChoices(seed: 4))
    var alone = Self.workflow(StepSettings(), command, one)
    var beside = Self.workflow(StepSettings(), command, other)
    for _ in 0..<4 {
      _ = beside.nextCommand(ofStep: 0, from: other)
      _ = beside.nextProbe(ofStep: 0, happened: false, from: other)
      #expect(
        alone.nextCommand(ofStep: 1, from: one).durationMicroseconds
          == beside.nextCommand(ofStep: 1, from: other).durationMicroseconds)
    }
  }

  @Test(arguments: [(1, 86_400_000_000), (100_000_000_000, 1_000_000_000_000)] as [(Int64, Int64)])
  func patienceLastsLongerThanAnyCommand(longest: Int64, patience: Int64) {
    let model = WorkflowModel(
      commands: [.init(microseconds: 0...longest)], probes: [.init(microseconds: 0...1)])
    #expect(model.patienceMicroseconds == patience)
  }
}
