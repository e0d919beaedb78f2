/// Drawing a node into a plan.
extension RoundPlan {
  /// How many items the largest list has.
  static let largeCount = 2_000
  /// What ids escape, what shells and parsers know, and what looks like something else.
  private static let keys = [
    "a", "b", "c", "d/e", "f@1", "50%", "--x", "ü", "k+l", "m=1", "%2F", "t0",
  ]

  /// Makes a step the node of the round, or the round one of many items.
  ///
  /// - Parameter mayBeLarge: whether the disk has room for so many attempts.
  mutating func drawNode(mayBeLarge: Bool) {
    // Other dice: what rounds without a node do stays what it was.
    var dice = Dice(seed: ~seed)
    guard dice.happens(30) else { return }
    if mayBeLarge, dice.happens(4) { return drawLarge(&dice) }
    let place = dice.below(steps.count)
    steps[place].node = NodePlan(over: .literal(Self.drawList(&dice, mayRepeat: false)))
    if place > 0, dice.happens(75) { drawSource(&dice, of: place) }
    for need in steps[place].needs where !steps[need].hasList && dice.happens(50) {
      steps[need].allowFailure = true
    }
    steps[place].node?.drawRules(&dice)
    if dice.happens(40) {
      steps[place].node?.chain = Self.drawChain(&dice)
    } else {
      steps[place].drawGroups(&dice)
    }
  }

  private mutating func drawSource(_ dice: inout Dice, of place: Int) {
    let source = dice.within(max(0, place - 4)...place - 1)
    if !steps[place].needs.contains(source) {
      steps[place].needs = (steps[place].needs + [source]).sorted()
    }
    steps[place].node?.source = .step(source)
    // Without its success there is no list.
    steps[source].allowFailure = false
    if steps[source].program == .missing { steps[source].program = .direct }
    let stirs = source > 0 && dice.happens(60)
    if stirs || dice.happens(70) { steps[source].alwaysSucceeds() }
    steps[source].drawLists(&dice, areEqual: !stirs && dice.happens(50))
    guard stirs else { return }
    // What it needs fails and may, so that the next round begins there, and may come to another list.
    let stirrer = dice.within(max(0, source - 4)...source - 1)
    if !steps[source].needs.contains(stirrer) {
      steps[source].needs = (steps[source].needs + [stirrer]).sorted()
    }
    steps[stirrer].allowFailure = true
    steps[stirrer].retry = RetryPlan()
    steps[stirrer].behaviours = [
      Behaviour([.exit(code: 1)]),
      Behaviour([.goOn(milliseconds: dice.scaled(1, 50)), .exit(code: 0)]),
    ]
  }

  /// A fast command for each of so many items that kills come amid them, and into what makes them.
  private mutating func drawLarge(_ dice: inout Dice) {
    let items = (0..<Self.largeCount).map { "i\($0)" }
    var source = StepPlan(id: "s0", behaviours: [Behaviour([.list(items), .exit(code: 0)])])
    source.probe = source.behaviours[0]
    source.onLost = dice.pick([.rerun, .probe])
    var node = StepPlan(id: "s1")
    node.needs = [0]
    node.node = NodePlan(over: .step(0))
    node.node?.most = Self.largeCount
    node.node?.tolerance = dice.pick([nil, nil, .percent(10), .count(50)])
    let fast = [Behaviour([.exit(code: 0)])]
    node.groups = Array(repeating: fast, count: dice.within(6...40))
    if dice.happens(50) { node.groups[0] = [Behaviour([.exit(code: 1)])] + fast }
    node.retry.maxAttempts = dice.within(1...2)
    node.retry.initialDelay = dice.pick([0, 20])
    var last = StepPlan(id: "s2", behaviours: fast)
    last.needs = [1]
    steps = [source, node, last]
    for place in steps.indices { steps[place].killGrace = 300 }
    jobs = dice.within(4...8)
    timeout = nil
    hasSmallDisk = false
    limitsProcesses = false
  }

  fileprivate static func drawList(_ dice: inout Dice, mayRepeat: Bool) -> [String] {
    var keys = Self.keys
    let (few, many) = (dice.within(2...3), dice.within(4...7))
    var list: [String] = []
    for _ in 0..<dice.weighted([(8, 0), (12, 1), (30, few), (50, many)]) {
      list.append(keys.remove(at: dice.below(keys.count)))
    }
    if mayRepeat, dice.happens(6), let first = list.first { list.append(first) }
    return list
  }

  private static func drawChain(_ dice: inout Dice) -> [StepPlan] {
    (0..<dice.within(2...3)).map { place in
      let needShare = dice.pick([50, 100])
      var step = StepPlan.draw(&dice, index: place, needShare: needShare)
      step.id = "t\(place)"
      step.drawGroups(&dice)
      return step
    }
  }
}

extension NodePlan {
  fileprivate mutating func drawRules(_ dice: inout Dice) {
    jobs = dice.pick([nil, nil, 1, 2, 3])
    tolerance = dice.pick([nil, nil, .count(0), .count(1), .count(2), .percent(34), .percent(50)])
    whenEmpty = dice.pick(WhenEmpty.allCases)
    if case .step = source, dice.happens(5) { most = 3 }
  }
}

extension StepPlan {
  /// Nothing but the torture keeps it from that.
  fileprivate mutating func alwaysSucceeds() {
    behaviours = behaviours.map {
      Behaviour($0.acts.dropLast().filter { $0 != .stopSelf } + [.exit(code: 0)])
    }
    timeout = nil
  }

  /// Lists by attempt.
  fileprivate mutating func drawLists(_ dice: inout Dice, areEqual: Bool) {
    let common = areEqual ? RoundPlan.drawList(&dice, mayRepeat: true) : nil
    behaviours = behaviours.map {
      $0.listing(common ?? RoundPlan.drawList(&dice, mayRepeat: true))
    }
    probe = probe.listing(common ?? RoundPlan.drawList(&dice, mayRepeat: true))
  }

  /// Behaviours for items, which are many, and so are short.
  fileprivate mutating func drawGroups(_ dice: inout Dice) {
    retry.maxAttempts = min(retry.maxAttempts, 3)
    groups = (0..<dice.within(1...4)).map { _ in
      (0..<dice.within(1...3)).map { _ in
        Behaviour(
          Behaviour.draw(&dice, mayStop: timeout != nil).acts.map { act in
            guard case .goOn(let milliseconds) = act else { return act }
            return .goOn(milliseconds: min(milliseconds, 120))
          })
      }
    }
  }
}
