package import FlowCore

/// How a run went in one world.
package struct WorldFate: Equatable, Sendable {
  package let outcome: RunOutcome
  /// From the creation of the run to its end.
  package let microseconds: Int64
  /// The steps that something happened to, in the order of the definition.
  package let steps: [StepFate]
  /// Mishaps of the machine and its processes, by cause.
  package let causes: CauseCounts
  /// How many attempts went on while no engine lived, and were found running by the next.
  package let survivors: Int
  /// Whether the run came to the end of its own `timeout`.
  package let isTimedOut: Bool

  package init(
    outcome: RunOutcome, microseconds: Int64, steps: [StepFate] = [],
    causes: CauseCounts = CauseCounts(), survivors: Int = 0, isTimedOut: Bool = false
  ) {
    self.outcome = outcome
    self.microseconds = microseconds
    self.steps = steps
    self.causes = causes
    self.survivors = survivors
    self.isTimedOut = isTimedOut
  }
}

/// How a step went in one world.
package struct StepFate: Equatable, Sendable {
  /// A start of its command after a lost one, with the cause of the loss.
  package struct Repetition: Equatable, Sendable {
    package let cause: HazardCause
    /// Whether the lost command had succeeded.
    package let hadSucceeded: Bool

    package init(_ cause: HazardCause, hadSucceeded: Bool) {
      self.cause = cause
      self.hadSucceeded = hadSucceeded
    }
  }

  package enum Failure: Sendable {
    /// Its command failed for good.
    case command
    /// It was lost, and not run again.
    case loss
  }

  package let step: Int
  package var repetitions: [Repetition] = []
  /// How many of its attempts had started and were lost.
  package var losses = 0
  /// How long attempts ran whose work was lost.
  package var lostMicroseconds: Int64 = 0
  /// How often its command hung until it was killed.
  package var hangs = 0
  /// How often it was tried again after it had failed, as its `retry` has it.
  package var retries = 0
  /// Nil where it did not fail.
  package var failure: Failure?
  /// Whether it failed because it was lost, though its command had succeeded.
  package var failedThoughDone = false

  package init(step: Int) {
    self.step = step
  }

  var isUneventful: Bool { self == StepFate(step: step) }
}

/// A count for each cause.
package struct CauseCounts: Equatable, Sendable {
  /// By raw value.
  private var counts = [Int](repeating: 0, count: HazardCause.allCases.count)

  package init() {}

  package subscript(cause: HazardCause) -> Int {
    get { counts[Int(cause.rawValue)] }
    set { counts[Int(cause.rawValue)] = newValue }
  }

  package var total: Int { counts.reduce(0, +) }

  /// Those that occurred, the most frequent first.
  package var ranked: [(cause: HazardCause, count: Int)] {
    HazardCause.allCases.map { ($0, self[$0]) }.filter { $0.1 > 0 }
      .enumerated().sorted { ($1.element.1, $0.offset) < ($0.element.1, $1.offset) }
      .map(\.element)
  }

  package mutating func add(_ other: CauseCounts) {
    for index in counts.indices { counts[index] += other.counts[index] }
  }
}
