import Testing

@testable import FlowSimulation

/// The shrinker by itself, where a failure is only a condition on the choices.
struct ShrinkerTests {
  private typealias Entry = ChoiceSchedule.Entry

  /// - Parameters:
  ///   - counts: how many choices a world makes at which site, and among how many.
  ///   - fails: told what was chosen.
  private func shrink(
    _ failing: ChoiceSchedule, _ budget: Shrinker.Budget = Shrinker.Budget(),
    making counts: [(site: ChoiceSite, count: Int, below: Int)],
    _ fails: @escaping (ChoiceRecording) -> Bool
  ) -> Shrinker {
    var shrinker = Shrinker(failing, budget) { schedule in
      let choices = RecordingChoices(ReplayedChoices(schedule))
      for (site, count, below) in counts {
        for _ in 0..<count { _ = choices.choose(site, below: below) }
      }
      return .init(isFailure: fails(choices.recording), choices.recording)
    }
    shrinker.shrink()
    return shrinker
  }

  /// Everything that can be chosen is.
  private func everything(_ counts: [(site: ChoiceSite, count: Int, below: Int)]) -> ChoiceSchedule
  {
    ChoiceSchedule(
      counts.flatMap { site, count, below in
        (0..<count).map { Entry(site, $0, below - 1 - $0 % (below - 1)) }
      })
  }

  private func value(_ recording: ChoiceRecording, _ site: ChoiceSite, _ index: Int) -> Int {
    recording[site].indices.contains(index) ? recording[site][index].value : 0
  }

  private let counts: [(site: ChoiceSite, count: Int, below: Int)] = [
    (.options, 20, 10), (.workflow, 60, 100), (.crash, 200, 2), (.lostBytes, 10, 1_000),
  ]

  @Test func whatTheFailureDoesNotNeedGoes() {
    let shrinker = shrink(everything(counts), making: counts) { recording in
      value(recording, .options, 3) > 0 && value(recording, .lostBytes, 7) > 0
    }
    #expect(shrinker.schedule == ChoiceSchedule([Entry(.options, 3, 1), Entry(.lostBytes, 7, 1)]))
    #expect(shrinker.runs < 200)
  }

  @Test(arguments: [1, 2, 17, 500, 999])
  func valuesAreLoweredToTheBoundary(boundary: Int) {
    let shrinker = shrink(
      ChoiceSchedule([Entry(.lostBytes, 0, 999)]), making: counts
    ) { value($0, .lostBytes, 0) >= boundary }
    #expect(shrinker.schedule == ChoiceSchedule([Entry(.lostBytes, 0, boundary)]))
    #expect(shrinker.runs < 30)
  }

  @Test func whatMayHappenEarlierDoes() {
    let shrinker = shrink(
      ChoiceSchedule([Entry(.crash, 150, 1), Entry(.crash, 190, 1)]), making: counts
    ) { recording in
      let crashes = recording.schedule.entries.filter { $0.site == .crash }.map(\.index)
      return crashes.count == 2 && crashes[0] >= 7 && crashes[1] - crashes[0] >= 5
    }
    #expect(shrinker.schedule == ChoiceSchedule([Entry(.crash, 7, 1), Entry(.crash, 12, 1)]))
  }

  /// Neither choice can be removed alone.
  @Test func pairsGoTogether() {
    let shrinker = shrink(everything(counts), making: counts) { recording in
      (value(recording, .options, 1) > 0) == (value(recording, .workflow, 9) > 0)
        && value(recording, .crash, 0) == 1
    }
    #expect(shrinker.schedule == ChoiceSchedule([Entry(.crash, 0, 1)]))
  }

  /// With less to do, the same moment comes earlier: one becomes smaller only if the other moves.
  @Test func aChoiceIsLoweredWhileAnotherMoves() {
    let failing = ChoiceSchedule([Entry(.options, 0, 9), Entry(.crash, 90, 1)])
    let shrinker = shrink(failing, making: counts) { recording in
      value(recording, .crash, value(recording, .options, 0) * 10) == 1
    }
    #expect(shrinker.schedule == ChoiceSchedule([Entry(.crash, 0, 1)]))
  }

  @Test func choicesThatAreNeverMadeAreDropped() {
    let failing = ChoiceSchedule([Entry(.crash, 5, 1), Entry(.crash, 5_000, 1)])
    let shrinker = shrink(failing, making: counts) { value($0, .crash, 5) == 1 }
    #expect(shrinker.schedule == ChoiceSchedule([Entry(.crash, 5, 1)]))
  }

  @Test(arguments: [5, 290])
  func whatFailsOnlyAsItIsStays(count: Int) {
    let failing = ChoiceSchedule(Array(everything(counts).entries.suffix(count)))
    let shrinker = shrink(failing, making: counts) { $0.schedule == failing }
    #expect(shrinker.schedule == failing)
    #expect(!shrinker.isExhausted)
  }

  @Test(arguments: [1, 10, 100])
  func noMoreWorldsAreRunThanTheBudgetAllows(runs: Int) {
    let isFailure: (ChoiceRecording) -> Bool = { $0.schedule.count >= 100 }
    var budget = Shrinker.Budget()
    budget.runs = runs
    let shrinker = shrink(everything(counts), budget, making: counts, isFailure)
    #expect(shrinker.runs == runs)
    budget = Shrinker.Budget()
    budget.choices = 290 * runs
    #expect(shrink(everything(counts), budget, making: counts, isFailure).runs == runs)
  }
}
