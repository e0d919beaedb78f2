/// Finds simpler schedules that fail in the same way, until it finds none.
///
/// As in Hypothesis, the work is done on the choices, and not on the world that they make: a
/// schedule is simpler if it has fewer choices that are not zero, or earlier or smaller ones. What
/// a pass tries is run; what still fails is kept.
package struct Shrinker {
  /// How much may be tried. Work is counted and not timed, so that a failure is always shrunk the
  /// same way.
  package struct Budget: Sendable {
    /// How many worlds may be run.
    package var runs = 20_000
    /// How many choices may be made in them, which is what a world costs. Worlds that never end
    /// make the most; this many take about ten seconds.
    package var choices = 10_000_000

    package init() {}
  }

  package struct Attempt: Equatable, Sendable {
    package let isFailure: Bool
    /// The choices that were made, as far as the world went.
    package let schedule: ChoiceSchedule
    /// How many those were, zeros included.
    package let choices: Int

    package init(isFailure: Bool, _ schedule: ChoiceSchedule, choices: Int) {
      self.isFailure = isFailure
      self.schedule = schedule
      self.choices = choices
    }

    package init(isFailure: Bool, _ recording: ChoiceRecording) {
      self.init(isFailure: isFailure, recording.schedule, choices: recording.total)
    }
  }

  /// Makes an attempt where a broken precondition does no harm: it is not the failure that is being
  /// shrunk.
  package typealias Isolation = (() -> Attempt) -> Attempt

  /// The simplest that is known.
  package private(set) var schedule: ChoiceSchedule
  /// How many worlds were run.
  package private(set) var runs = 0

  /// Pairs are tried only up to this many choices: a hundred have five thousand pairs.
  private static let mostChoices = 100

  private let budget: Budget
  private let attempt: (ChoiceSchedule) -> Attempt
  private var choices = 0
  /// Schedules that need no second try.
  private var tried: Set<ChoiceSchedule> = []

  /// - Parameters:
  ///   - failing: a schedule that is known to fail.
  ///   - attempt: runs a world with a schedule. The same schedule must always give the same result.
  package init(
    _ failing: ChoiceSchedule, _ budget: Budget = Budget(),
    attempt: @escaping (ChoiceSchedule) -> Attempt
  ) {
    schedule = failing
    self.budget = budget
    self.attempt = attempt
  }

  package var isExhausted: Bool { runs >= budget.runs || choices >= budget.choices }

  package mutating func shrink() {
    var before: ChoiceSchedule
    repeat {
      before = schedule
      removeSites()
      removeChunks()
      lowerValues()
      moveTails()
      // The passes that follow take many runs a choice: only where the others find nothing more.
      if schedule < before || schedule.count > Self.mostChoices { continue }
      removePairs()
      moveSingles()
      if schedule < before { continue }
      lowerAndMove()
    } while schedule < before && !isExhausted
  }

  // MARK: For the passes

  /// Tries a schedule, and keeps it if it is simpler and fails.
  mutating func consider(_ candidate: ChoiceSchedule) -> Bool {
    guard candidate < schedule, let attempt = run(candidate) else { return false }
    // A world may end before it makes all choices of its schedule, and may lower some to what it
    // allows.
    let made = attempt.schedule
    guard attempt.isFailure, made < schedule else { return false }
    schedule = made
    return true
  }

  /// The result of a schedule; nil if it was tried before, or if the budget is spent.
  mutating func run(_ candidate: ChoiceSchedule) -> Attempt? {
    guard !isExhausted, tried.insert(candidate).inserted else { return nil }
    runs += 1
    let result = attempt(candidate)
    choices += result.choices
    return result
  }
}
