import FlowCore
import Testing

@testable import FlowSimulation

struct ChoiceTests {
  /// Only zeros.
  private let none = ReplayedChoices(.empty)

  private func schedule(_ entries: (ChoiceSite, Int, Int)...) -> ChoiceSchedule {
    ChoiceSchedule(entries.map { .init($0.0, $0.1, $0.2) })
  }

  // MARK: Zero

  @Test(arguments: [1, 500, 999])
  func whatIsNotCertainDoesNotHappenAtZero(chances: Int) {
    #expect(!none.happens(.crash, perMille: chances))
    #expect(none.happens(.crash, perMille: 1_000))
  }

  @Test func aThousandChancesAreSpreadEvenly() {
    let choices = SeededChoices(seed: 9)
    let count = (0..<10_000).count { _ in choices.happens(.crash, perMille: 250) }
    #expect((2_350...2_650).contains(count))
  }

  @Test func theWorldWithoutChoicesIsOneQuietStep() {
    let options = SimulationOptions.draw(from: none)
    #expect(options.steps == 1)
    let (workflow, jobs) = RandomWorkflow.draw(from: none, options)
    #expect(jobs == 1)
    #expect(workflow.steps.map(\.needs) == [[]])
    #expect(workflow.settings == [StepSettings()])
    #expect(!workflow.failFast && workflow.timeoutMilliseconds == nil)
  }

  /// Whatever is turned on: if every single choice is zero, nothing goes wrong.
  @Test func optionsAloneDoNoHarm() {
    var options = SimulationOptions.draw(from: ReplayedChoices(worstOptions))
    // They need no choice to happen.
    options.isCancelled = false
    options.requests = 0
    options.powerLossPercent = 50
    let report = Simulation.run(seed: 1, options, ReplayedChoices(.empty))
    #expect(report.violation == nil)
    #expect(report.outcome == .succeeded)
    #expect(report.lives == 1)
    #expect(report.launches == options.steps)
    for fault in Fault.allCases { #expect(report.coverage.count(fault) == 0, "\(fault)") }
  }

  private var worstOptions: ChoiceSchedule {
    ChoiceSchedule((0..<32).map { .init(.options, $0, 1_000) })
  }

  // MARK: Recording and replay

  @Test(arguments: [1, 7, 922, 1_001] as [UInt64])
  func whatWasRecordedMakesTheSameWorld(seed: UInt64) {
    let recorder = RecordingChoices(SeededChoices(seed: seed))
    let recorded = Simulation.run(seed: seed, .draw(from: recorder), recorder)
    #expect(recorded == Simulation.run(seed: seed))
    let again = RecordingChoices(ReplayedChoices(recorder.recording.schedule))
    let replayed = Simulation.run(seed: seed, .draw(from: again), again)
    #expect(replayed == recorded)
    #expect(again.recording == recorder.recording)
  }

  @Test func aRecordingHasEveryChoice() {
    let recorder = RecordingChoices(ReplayedChoices(schedule((.crash, 1, 1), (.echo, 0, 7))))
    _ = recorder.happens(.crash, perMille: 1)
    _ = recorder.happens(.crash, perMille: 1)
    _ = recorder.happens(.crash, perMille: 0)
    _ = recorder.choose(.echo, below: 5)
    #expect(
      recorder.recording[.crash] == [.init(count: 2, value: 0), .init(count: 2, value: 1)])
    #expect(recorder.recording[.echo] == [.init(count: 5, value: 4)])
    #expect(recorder.recording[.cancel] == [])
    #expect(recorder.recording.total == 3)
    #expect(recorder.recording.schedule == schedule((.crash, 1, 1), (.echo, 0, 4)))
  }

  @Test func whatAScheduleDoesNotNameIsZero() {
    let choices = ReplayedChoices(schedule((.crash, 2, 3), (.crash, 4, 9)))
    #expect((0..<6).map { _ in choices.choose(.crash, below: 10) } == [0, 0, 3, 0, 9, 0])
    #expect(choices.choose(.echo, below: 10) == 0)
  }

  @Test func aValueThatIsTooLargeIsMadeToFit() {
    let choices = ReplayedChoices(schedule((.crash, 0, 9), (.crash, 1, 9)))
    #expect(choices.choose(.crash, below: 4) == 3)
    #expect(choices.choose(.crash, below: 1) == 0)
  }

  // MARK: Schedules

  @Test func schedulesAreOrderedAndNameAChoiceOnce() {
    let made = schedule((.echo, 3, 1), (.crash, 5, 1), (.crash, 0, 2), (.crash, 5, 4))
    #expect(made.entries.map(\.value) == [2, 4, 1])
    #expect(made == schedule((.crash, 0, 2), (.crash, 5, 4), (.echo, 3, 1)))
    #expect(made.count == 3)
  }

  @Test func fewerThenEarlierThenSmallerIsSimpler() {
    let simplest = [
      schedule(),
      schedule((.options, 9, 9)),
      schedule((.crash, 1, 1)),
      schedule((.crash, 1, 2)),
      schedule((.crash, 2, 1)),
      schedule((.echo, 0, 1)),
      schedule((.crash, 1, 1), (.echo, 0, 1)),
    ]
    for (index, one) in simplest.enumerated() {
      for other in simplest[(index + 1)...] {
        #expect(one < other)
        #expect(!(other < one))
      }
      #expect(!(one < one))
    }
  }

  // MARK: Bytes

  @Test func bytesAreTakenAsTheyAreNeeded() {
    let choices = ByteChoices([5, 0x34, 0x12, 255, 255])
    #expect(choices.choose(.crash, below: 1) == 0)
    #expect(choices.choose(.crash, below: 10) == 5)
    #expect(choices.choose(.crash, below: 65_536) == 0x1234)
    #expect(choices.happens(.crash, perMille: 5))
    #expect(choices.choose(.crash, below: 10) == 5)
    #expect(choices.choose(.crash, below: 10) == 0)
    #expect(!choices.happens(.crash, perMille: 999))
  }
}
