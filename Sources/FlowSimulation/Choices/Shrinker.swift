/// Finds a simpler schedule that fails in the same way, until it finds none.
///
/// As in Hypothesis, all work is done on the choices, and none on the world that they make: whatever
/// the world is, a schedule is simpler if it has fewer choices that are not zero, or earlier or
/// smaller ones. What a pass tries is run; what still fails is kept.
package struct Shrinker {
  /// How much may be tried. Work is counted and not timed, so that a failure is always shrunk alike.
  package struct Budget: Sendable {
    /// How many worlds may be run.
    package var runs = 20_000
    /// How many choices may be made in them: what a world costs goes by that. Worlds that never end
    /// take the most; with this they take about ten seconds.
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

  /// Makes an attempt where it harms nobody: one that breaks a precondition is no failure of the kind
  /// that is looked for.
  package typealias Isolation = (() -> Attempt) -> Attempt

  /// The simplest that is known.
  package private(set) var schedule: ChoiceSchedule
  /// How many worlds were run.
  package private(set) var runs = 0

  /// Of more choices than this, not each is tried with each: a hundred have five thousand pairs.
  private static let mostChoices = 100

  private let budget: Budget
  private let attempt: (ChoiceSchedule) -> Attempt
  private var choices = 0
  /// What needs no second try.
  private var tried: Set<ChoiceSchedule> = []

  /// - Parameters:
  ///   - failing: what is known to fail.
  ///   - attempt: runs a world with a schedule. Must say the same of the same schedule.
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
      // What follows takes many runs a choice: only for what is as simple as it gets without.
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
    // A world may not come to all choices of its schedule, and may cut some to what it allows.
    let made = attempt.schedule
    guard attempt.isFailure, made < schedule else { return false }
    schedule = made
    return true
  }

  /// What comes of a schedule; nil if it was tried before, or if nothing more may be tried.
  mutating func run(_ candidate: ChoiceSchedule) -> Attempt? {
    guard !isExhausted, tried.insert(candidate).inserted else { return nil }
    runs += 1
    let result = attempt(candidate)
    choices += result.choices
    return result
  }
}
