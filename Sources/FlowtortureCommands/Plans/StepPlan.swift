/// A step of a drawn workflow. All times are milliseconds.
package struct StepPlan: Equatable, Sendable {
  package enum Program: Equatable, Sendable {
    /// The step program itself.
    case direct
    /// A shell that runs the step program as its child.
    case shell
    /// A program that does not exist.
    case missing
  }

  package enum OnLost: String, Sendable {
    case rerun, fail, probe
  }

  package var id: String
  package var needs: [Int] = []
  /// Of needs of which another end is wanted than that they are done.
  package var wanted: [Int: NeededEnd] = [:]
  /// What it says with `when`.
  package var condition: ConditionPlan?
  /// What it asks, if it runs nothing.
  package var question: QuestionPlan?
  /// Whether it belongs to `finally`.
  package var isFinally = false
  /// The step that it rolls back.
  package var rolledBack: String?
  /// The ends of the run of which it tells, if it belongs to `notify`.
  package var notice: [String]?
  /// After how many milliseconds it tells that the run is not over; then it tells of no ends.
  package var slow: Int?
  /// Whether it declares the output `value`.
  package var hasOutput = false
  /// Whether it declares the output `list`.
  package var hasList: Bool { probe.list != nil }
  /// What it says with `forEach`.
  package var node: NodePlan?
  /// What it runs for, if a node runs it.
  package var child: ChildPlan?
  package var program = Program.direct
  /// By attempt. The last one also applies to all later attempts.
  package var behaviours: [Behaviour]
  /// Others in their place, of which the item chooses; none where it runs for none.
  package var groups: [[Behaviour]] = []
  package var timeout: Int?
  package var killGrace = 10_000
  package var retry = RetryPlan()
  package var allowFailure = false
  package var onLost = OnLost.rerun
  package var probe = Behaviour([])
  package var keepsStragglers = false

  package init(id: String, behaviours: [Behaviour] = [Behaviour([])]) {
    self.id = id
    self.behaviours = behaviours
  }

  /// Whether it is one of the steps that people name.
  package var isOwn: Bool { rolledBack == nil && notice == nil }

  /// How a step that it needs is to end.
  package func wanted(from need: Int) -> NeededEnd { wanted[need] ?? .done }

  /// - Parameter attempt: from 1.
  package func behaviour(ofAttempt attempt: Int) -> Behaviour {
    behaviours[min(max(attempt, 1), behaviours.count) - 1]
  }
}

extension StepPlan {
  func behaviours(forItem item: String) -> [Behaviour] {
    if groups.isEmpty { return behaviours }
    return groups[item.utf8.reduce(0) { $0 + Int($1) } % groups.count]
  }
}

/// When a failed attempt is retried.
package struct RetryPlan: Equatable, Sendable {
  package var maxAttempts = 1
  package var initialDelay = 1_000
  package var multiplier = 2
  package var maxDelay = 300_000
  package var hasJitter = true
  /// Of `exit`, `signal`, `timeout` and `launch`.
  package var on = ["exit", "signal", "timeout", "launch"]
  /// Nil means all except zero.
  package var exitCodes: [Int]?

  package init() {}

  /// The longest delay after so many failures.
  package func longestDelay(afterFailures failures: Int) -> Int {
    var delay = min(initialDelay, maxDelay)
    for _ in 1..<max(failures, 1) where delay < maxDelay {
      delay = min(delay * multiplier, maxDelay)
    }
    return delay
  }

  package func covers(_ kind: String, exitCode: Int?) -> Bool {
    // All four that are drawn stand for all there are.
    if kind == "output" { return on.count == 4 }
    guard on.contains(kind) else { return false }
    guard kind == "exit", let exitCodes, let exitCode else { return true }
    return exitCodes.contains(exitCode)
  }
}

extension StepPlan {
  static func draw(_ dice: inout Dice, index: Int, needShare: Int) -> StepPlan {
    var step = StepPlan(id: "s\(index)")
    for other in max(0, index - 4)..<index where dice.happens(needShare) {
      step.needs.append(other)
    }
    step.program = dice.weighted([(75, .direct), (20, .shell), (5, .missing)])
    if dice.happens(40) { step.timeout = dice.scaled(20, 500) }
    step.killGrace = dice.pick([0, 20, 100, 300])
    if dice.happens(50) { step.retry = .draw(&dice) }
    step.allowFailure = dice.happens(30)
    step.onLost = dice.weighted([(60, .rerun), (15, .fail), (25, .probe)])
    step.keepsStragglers = dice.happens(8)
    let mayStop = step.timeout != nil
    step.behaviours = (0..<dice.within(1...4)).map { _ in .draw(&dice, mayStop: mayStop) }
    step.probe = Behaviour([
      .goOn(milliseconds: dice.scaled(1, 50)), .exit(code: dice.pick([0, 1, 1, 2])),
    ])
    return step
  }
}

extension RetryPlan {
  static func draw(_ dice: inout Dice) -> RetryPlan {
    var retry = RetryPlan()
    retry.maxAttempts = dice.within(2...4)
    retry.initialDelay = dice.pick([0, 1, 20, 80])
    retry.multiplier = dice.pick([1, 2])
    retry.maxDelay = dice.pick([30, 300_000])
    retry.hasJitter = dice.happens(50)
    if dice.happens(25) { retry.on = dice.pick([["exit"], ["exit", "timeout"], ["signal"]]) }
    if dice.happens(25) { retry.exitCodes = [1, 2] }
    return retry
  }
}
