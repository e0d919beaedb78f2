import FlowCommandLine

/// Starters of one group of runs, all at once, and what is done to their processes. Follows from the seed
/// alone.
package struct StarterPlan: Equatable, Sendable {
  package enum OnConflict: String, CaseIterable, Sendable {
    case fail, skip, queue, resume, replace
  }

  package struct Starter: Equatable, Sendable {
    package let onConflict: OnConflict
    /// Whether the workflow names the group, and not the command line.
    package let isOfWorkflow: Bool
    package let delayMicroseconds: Int
  }

  package enum Disturbance: Equatable, Sendable {
    /// SIGKILL to one of the living processes of `flow`, or to all of this kind.
    case killEngine(share: Int?)
    case killLauncher(share: Int?)
    case killMonitor(share: Int?)
    /// All of flow; `steps` too.
    case killAll(steps: Bool)
    case terminateAll(Shutdown)
    /// Resumes one of the unfinished runs.
    case restart(share: Int)
    case restartAll
    case cancel(share: Int, force: Bool)
    /// One more starter.
    case start(OnConflict)
    case pause(share: Int, milliseconds: Int)
  }

  package struct Beat: Equatable, Sendable {
    package let pauseMicroseconds: Int
    package let disturbance: Disturbance
  }

  package var seed: UInt64
  package var steps: RoundPlan
  package var starters: [Starter] = []
  package var beats: [Beat] = []

  static let group = "g"
  static let starterCount = 10

  static func draw(seed: UInt64) -> StarterPlan {
    var dice = Dice(seed: seed)
    var steps = RoundPlan(seed: seed, mode: .all, steps: [])
    for index in 0..<dice.within(1...3) { steps.steps.append(drawStep(&dice, index)) }
    var plan = StarterPlan(seed: seed, steps: steps)
    // Of one kind, or of any.
    let only = dice.happens(50) ? dice.pick(OnConflict.allCases) : nil
    let isStaggered = dice.happens(30)
    for _ in 0..<starterCount {
      let drawn = dice.pick(OnConflict.allCases)
      plan.starters.append(
        Starter(
          onConflict: only ?? drawn, isOfWorkflow: dice.happens(50),
          delayMicroseconds: isStaggered ? dice.scaled(100, 100_000) : 0))
    }
    plan.beats = (0..<dice.within(3...20)).map { _ in
      let pause = dice.happens(30) ? dice.scaled(100, 10_000) : dice.scaled(5_000, 150_000)
      return Beat(pauseMicroseconds: pause, disturbance: .draw(&dice))
    }
    return plan
  }

  /// A step whose processes hold the lock of the group. One of another run that starts meanwhile finds it
  /// held.
  private static func drawStep(_ dice: inout Dice, _ index: Int) -> StepPlan {
    var step = StepPlan.draw(&dice, index: index, needShare: 0)
    step.needs = index > 0 ? [index - 1] : []
    step.keepsStragglers = false
    step.program = step.program == .missing ? .direct : step.program
    // Without its environment, a process whose monitor and launcher were killed is found by nobody.
    func holding(_ behaviour: Behaviour) -> Behaviour {
      Behaviour(
        [.hold]
          + behaviour.acts.map { act in
            guard case .child(let flags, let milliseconds) = act else { return act }
            return .child(flags: flags.filter { $0 != "e" }, milliseconds: milliseconds)
          })
    }
    step.behaviours = step.behaviours.map(holding)
    step.probe = holding(step.probe)
    return step
  }

  /// The workflow's file; one of two names the group.
  func text(_ words: WorkflowText, namesGroup: Bool) -> String {
    words.text(steps, group: namesGroup ? Self.group : nil)
  }
}

extension StarterPlan.Disturbance {
  fileprivate static func draw(_ dice: inout Dice) -> Self {
    let share = dice.happens(70) ? dice.below(1_000) : nil
    let one = dice.below(1_000)
    return dice.weighted([
      (30, .killEngine(share: share)), (8, .killLauncher(share: share)),
      (8, .killMonitor(share: share)), (8, .killAll(steps: false)), (8, .killAll(steps: true)),
      (4, .terminateAll(.draw(&dice))), (20, .restart(share: one)), (6, .restartAll),
      (4, .cancel(share: one, force: dice.happens(30))),
      (10, .start(dice.pick(StarterPlan.OnConflict.allCases))),
      (4, .pause(share: one, milliseconds: dice.scaled(1, 200))),
    ])
  }
}
