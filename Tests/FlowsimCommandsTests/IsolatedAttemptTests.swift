import FlowSimulation
import Testing

@testable import FlowsimCommands

struct IsolatedAttemptTests {
  @Test func aFailureIsToldWithItsChoices() throws {
    let schedule = ChoiceSchedule(
      ChoiceSite.allCases.enumerated().map { .init($1, $0 * 1_000, $0 + 1) })
    let failure = Shrinker.Attempt(isFailure: true, schedule, choices: 123_456)
    #expect(try IsolatedAttempt.decode(IsolatedAttempt.encode(failure)) == failure)
  }

  @Test func ofWhatHoldsOnlyItsCostIsTold() throws {
    let schedule = ChoiceSchedule([.init(.options, 0, 1)])
    let attempt = Shrinker.Attempt(isFailure: false, schedule, choices: 5)
    #expect(
      try IsolatedAttempt.decode(IsolatedAttempt.encode(attempt))
        == Shrinker.Attempt(isFailure: false, .empty, choices: 5))
  }

  /// All worlds that the shrinker tries.
  @Test func aFailureIsShrunkInIsolation() {
    let console = Console()
    console.run = WrongBelief.noReruns
    var attempts = 0
    console.isolated = { attempt in
      attempts += 1
      return attempt()
    }
    #expect(console.flowsim("--seed", "1", "--runs", "1000") == 1)
    #expect(attempts > 10)
    #expect(console.output.contains("after \(attempts) others"))
  }

  /// As where some of them break preconditions.
  @Test func whatComesToNoEndIsNoFailure() {
    let console = Console()
    console.run = WrongBelief.noReruns
    console.isolated = { _ in Shrinker.Attempt(isFailure: false, .empty, choices: 0) }
    #expect(console.flowsim("--seed", "1", "--runs", "1000") == 1)
    #expect(console.output.contains("fails: again"))
    #expect(console.files.count == 1)
  }
}
