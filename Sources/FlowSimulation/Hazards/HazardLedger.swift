package import FlowCore

/// How a run went in many worlds, world after world.
package struct HazardLedger: Equatable, Sendable {
  package private(set) var fates: [WorldFate] = []

  package init() {}

  package mutating func add(_ fate: WorldFate) {
    fates.append(fate)
  }

  /// The sums of the first worlds, or of all where there are fewer.
  ///
  /// - Parameter stepCount: of the definition.
  package func tally(ofFirst worlds: Int = .max, stepCount: Int) -> HazardTally {
    var tally = HazardTally(stepCount: stepCount)
    let first = fates.prefix(worlds)
    for fate in first { tally.add(fate) }
    tally.times = RunTimes(first.map(\.microseconds))
    return tally
  }
}

/// How a run went in a number of worlds.
package struct HazardTally: Equatable, Sendable {
  package private(set) var worlds = 0
  package private(set) var outcomes = [Int](repeating: 0, count: RunOutcome.allCases.count)
  package fileprivate(set) var times = RunTimes([])
  /// Of all worlds together.
  package private(set) var causes = CauseCounts()
  package private(set) var survivors = 0
  /// In how many worlds the run came to the end of its own `timeout`.
  package private(set) var worldsTimedOut = 0
  /// In the order of the definition.
  package private(set) var steps: [StepTally]

  init(stepCount: Int) {
    steps = (0..<stepCount).map(StepTally.init)
  }

  package func count(_ outcome: RunOutcome) -> Int { outcomes[Int(outcome.rawValue)] }

  /// Lost work of all worlds and steps together.
  package var lostMicroseconds: Int64 { steps.reduce(0) { $0 + $1.lostMicroseconds } }

  fileprivate mutating func add(_ fate: WorldFate) {
    worlds += 1
    outcomes[Int(fate.outcome.rawValue)] += 1
    causes.add(fate.causes)
    survivors += fate.survivors
    if fate.isTimedOut { worldsTimedOut += 1 }
    for step in fate.steps { steps[step.step].add(step) }
  }
}

/// How long runs take, in microseconds; all zero where there were none.
package struct RunTimes: Equatable, Sendable {
  package let median: Int64
  /// No more than one in twenty takes longer.
  package let percentile95: Int64
  package let worst: Int64

  package init(_ microseconds: [Int64]) {
    let sorted = microseconds.sorted()
    func least(reaching percent: Int) -> Int64 {
      // The nearest rank: the smallest value that this share of the values does not exceed.
      sorted.isEmpty ? 0 : sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
    }
    median = least(reaching: 50)
    percentile95 = least(reaching: 95)
    worst = sorted.last ?? 0
  }
}

/// How a step went in a number of worlds.
package struct StepTally: Equatable, Sendable {
  /// Its index in the definition.
  package let step: Int
  /// In how many worlds its command was started again after it was lost.
  package private(set) var worldsRepeated = 0
  /// In how many of these, at least once, after it had succeeded.
  package private(set) var worldsRepeatedAfterSuccess = 0
  /// In how many, at least once, after it had been cut short or had failed.
  package private(set) var worldsRepeatedHalfDone = 0
  /// By what, repetition by repetition.
  package private(set) var repetitions = CauseCounts()
  package private(set) var worldsLost = 0
  package private(set) var lostMicroseconds: Int64 = 0
  /// In one world.
  package private(set) var mostLostMicroseconds: Int64 = 0
  package private(set) var worldsHung = 0
  package private(set) var worldsFailed = 0
  /// In how many of these because it was lost.
  package private(set) var worldsFailedByLoss = 0
  /// In how many of these though its command had succeeded.
  package private(set) var worldsFailedThoughDone = 0
  /// In how many worlds it was tried again after it had failed.
  package private(set) var worldsRetried = 0

  init(step: Int) {
    self.step = step
  }

  package var worldsFailedByCommand: Int { worldsFailed - worldsFailedByLoss }

  /// Whether there is nothing to say of it.
  package var isHarmless: Bool { self == StepTally(step: step) }

  fileprivate mutating func add(_ fate: StepFate) {
    if !fate.repetitions.isEmpty { worldsRepeated += 1 }
    if fate.repetitions.contains(where: \.hadSucceeded) { worldsRepeatedAfterSuccess += 1 }
    if fate.repetitions.contains(where: { !$0.hadSucceeded }) { worldsRepeatedHalfDone += 1 }
    for repetition in fate.repetitions { repetitions[repetition.cause] += 1 }
    if fate.losses > 0 { worldsLost += 1 }
    lostMicroseconds += fate.lostMicroseconds
    mostLostMicroseconds = max(mostLostMicroseconds, fate.lostMicroseconds)
    if fate.hangs > 0 { worldsHung += 1 }
    if fate.retries > 0 { worldsRetried += 1 }
    if fate.failedThoughDone { worldsFailedThoughDone += 1 }
    switch fate.failure {
    case nil: break
    case .command: worldsFailed += 1
    case .loss:
      worldsFailed += 1
      worldsFailedByLoss += 1
    }
  }

  /// Whether it is worse than another: what was done twice weighs most, then what stops the run.
  package static func isWorse(_ left: StepTally, _ right: StepTally) -> Bool {
    let (one, other) = (left.gravity, right.gravity)
    return one == other ? left.step < right.step : other.lexicographicallyPrecedes(one)
  }

  private var gravity: [Int64] {
    [
      Int64(worldsRepeatedAfterSuccess), Int64(worldsRepeated), Int64(worldsFailedByLoss),
      Int64(worldsHung), Int64(worldsFailed), lostMicroseconds, Int64(worldsLost),
      Int64(worldsRetried),
    ]
  }
}
