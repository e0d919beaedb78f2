/// A workflow and the disturbances of its run. Both follow from the seed alone, so that a round can be
/// repeated; the exact times depend on the machine.
package struct RoundPlan: Equatable, Sendable {
  package struct Beat: Equatable, Sendable {
    /// Whether it first waits, for a limited time, until a step writes into the ledger.
    package let awaitsStep: Bool
    package let pauseMicroseconds: Int
    package let disturbance: Disturbance
  }

  package var seed: UInt64
  package var mode: KillMode
  package var jobs = 1
  package var failFast = false
  package var timeout: Int?
  package var steps: [StepPlan] {
    didSet { places = Self.places(of: steps) }
  }
  /// By id, the place of each step.
  private var places: [String: Int]
  package var beats: [Beat] = []
  /// Whether the run's home is on its own small disk.
  package var hasSmallDisk = false
  /// Whether the round belongs to a user of its own, who may be out of processes.
  package var limitsProcesses = false
  /// The file system of the run's home, if the power is cut.
  package var image: ImagePlan?
  package var isDetached = false
  /// Whether engines print JSON.
  package var printsEvents = true
  /// The disturbances of a second round, in which failed steps rerun. Nil for none.
  package var beatsAgain: [Beat]?
  /// What a run of the same workflow comes to before this one; nil for no such run.
  package var outcomeBefore: String?

  package init(seed: UInt64, mode: KillMode, steps: [StepPlan]) {
    self.seed = seed
    self.mode = mode
    self.steps = steps
    places = Self.places(of: steps)
  }

  private static func places(of steps: [StepPlan]) -> [String: Int] {
    Dictionary(steps.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  package func step(_ id: String) -> StepPlan? { places[id].map { steps[$0] } }
}

extension RoundPlan {
  /// - Parameters:
  ///   - mode: nil if the seed chooses it.
  ///   - mayLimit: whether the round may belong to a user of its own.
  ///   - cutsPower: whether the run's home is on a disk whose power is cut.
  static func draw(
    seed: UInt64, _ mode: KillMode?, mayMount: Bool, mayLimit: Bool, cutsPower: Bool = false
  ) -> RoundPlan {
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
    let wantsLimits = dice.happens(10)
    plan.limitsProcesses = wantsLimits && mayLimit && !wantsSmallDisk
    plan.isDetached = dice.happens(15)
    plan.printsEvents = dice.happens(75)
    if cutsPower {
      plan.image = .draw(&dice)
      // An observer outside of the disk knows what the run said.
      plan.printsEvents = true
      plan.isDetached = false
      plan.hasSmallDisk = false
      plan.limitsProcesses = false
    }
    plan.drawNode(mayBeLarge: !cutsPower)
    plan.beats = drawBeats(&dice, plan, count: dice.within(2...24), isRunning: true)
    if dice.happens(plan.node == nil ? 15 : 60), !cutsPower {
      plan.beatsAgain = drawBeats(&dice, plan, count: dice.within(0...8), isRunning: true)
    }
    if dice.happens(30) { plan.drawFinally(&dice, needShare: needShare) }
    if dice.happens(35) { plan.drawOutputs(&dice) }
    if dice.happens(30) { plan.drawRollbacks(&dice) }
    if dice.happens(30) { plan.drawNotices(&dice) }
    plan.drawRules()
    return plan
  }

  private mutating func drawOutputs(_ dice: inout Dice) {
    for index in steps.indices where steps[index].node == nil && dice.happens(60) {
      steps[index].hasOutput = true
      steps[index].behaviours = steps[index].behaviours.map { $0.puttingOut(&dice) }
      steps[index].probe = steps[index].probe.puttingOut(&dice)
    }
  }

  private mutating func drawRollbacks(_ dice: inout Dice) {
    for own in steps where !own.isFinally && own.node == nil && dice.happens(60) {
      var step = StepPlan.draw(&dice, index: 0, needShare: 0)
      step.id = "\(own.id)/onFailure"
      step.rolledBack = own.id
      step.timeout = step.timeout ?? 5_000
      steps.append(step)
    }
  }

  private mutating func drawNotices(_ dice: inout Dice) {
    for number in 1...dice.within(1...3) {
      var step = StepPlan.draw(&dice, index: 0, needShare: 0)
      step.id = "notify/\(number)"
      step.notice = dice.pick([
        ["failed", "cancelled"], ["succeeded"], ["succeeded", "failed", "cancelled"],
      ])
      step.timeout = step.timeout ?? 5_000
      step.allowFailure = false
      step.onLost = .rerun
      steps.append(step)
    }
  }

  private mutating func drawFinally(_ dice: inout Dice, needShare: Int) {
    let first = steps.count
    for index in 0..<dice.within(1...3) {
      var step = StepPlan.draw(&dice, index: index, needShare: needShare)
      step.id = "f\(index)"
      step.needs = step.needs.map { first + $0 }
      step.isFinally = true
      // Without one it has the default of such steps.
      step.timeout = step.timeout ?? 5_000
      steps.append(step)
    }
  }

  private static func drawBeats(
    _ dice: inout Dice, _ plan: RoundPlan, count: Int, isRunning: Bool
  ) -> [Beat] {
    var isRunning = isRunning
    return (0..<count).map { _ in
      let disturbance = Disturbance.draw(&dice, plan, isRunning: isRunning)
      isRunning = disturbance.leavesEngine(isRunning)
      // An engine needs some milliseconds to start and take over a run: some kills come within them.
      let pause = dice.happens(30) ? dice.scaled(100, 10_000) : dice.scaled(5_000, 150_000)
      return Beat(
        awaitsStep: dice.happens(60), pauseMicroseconds: pause, disturbance: disturbance)
    }
  }
}
