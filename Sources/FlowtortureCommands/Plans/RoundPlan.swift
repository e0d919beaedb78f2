/// One run and what is done to it. It follows from the seed alone, so that a round can be had again;
/// what happens when is the machine's.
package struct RoundPlan: Equatable, Sendable {
  package struct Beat: Equatable, Sendable {
    package let pauseMicroseconds: Int
    package let disturbance: Disturbance
  }

  package var seed: UInt64
  package var mode: KillMode
  package var jobs = 1
  package var failFast = false
  package var timeout: Int?
  package var steps: [StepPlan]
  package var beats: [Beat] = []
  /// Whether the run's home is on a disk of its own that can be filled.
  package var hasSmallDisk = false
  package var isDetached = false
  /// Whether what an engine prints is JSON.
  package var printsEvents = true
  /// Whether what did not succeed runs once more, and how that is disturbed.
  package var beatsAgain: [Beat]?

  package init(seed: UInt64, mode: KillMode, steps: [StepPlan]) {
    self.seed = seed
    self.mode = mode
    self.steps = steps
  }

  package func step(_ id: String) -> StepPlan? { steps.first { $0.id == id } }
}

extension RoundPlan {
  /// - Parameter mode: nil for one that the seed chooses.
  static func draw(seed: UInt64, _ mode: KillMode?, mayMount: Bool) -> RoundPlan {
    var dice = Dice(seed: seed)
    let drawn: KillMode = dice.happens(60) ? .engine : .all
    var plan = RoundPlan(seed: seed, mode: mode ?? drawn, steps: [])
    plan.jobs = dice.within(1...4)
    plan.failFast = dice.happens(15)
    let timeout = dice.scaled(200, 3_000)
    if dice.happens(8) { plan.timeout = timeout }
    let needShare = dice.pick([5, 20, 50, 90])
    for index in 0..<dice.within(1...10) {
      plan.steps.append(.draw(&dice, index: index, needShare: needShare))
    }
    let wantsSmallDisk = dice.happens(8)
    plan.hasSmallDisk = wantsSmallDisk && mayMount
    plan.isDetached = dice.happens(15)
    plan.printsEvents = dice.happens(75)
    plan.beats = drawBeats(&dice, plan, count: dice.within(2...24), isRunning: true)
    if dice.happens(15) {
      plan.beatsAgain = drawBeats(&dice, plan, count: dice.within(0...8), isRunning: true)
    }
    return plan
  }

  private static func drawBeats(
    _ dice: inout Dice, _ plan: RoundPlan, count: Int, isRunning: Bool
  ) -> [Beat] {
    var isRunning = isRunning
    return (0..<count).map { _ in
      let disturbance = Disturbance.draw(
        &dice, plan.mode, isRunning: isRunning, smallDisk: plan.hasSmallDisk)
      isRunning = disturbance.leavesEngine(isRunning)
      // An engine needs some milliseconds to start and to take a run over: it is met in that, too.
      let pause = dice.happens(30) ? dice.scaled(100, 10_000) : dice.scaled(5_000, 150_000)
      return Beat(pauseMicroseconds: pause, disturbance: disturbance)
    }
  }
}
