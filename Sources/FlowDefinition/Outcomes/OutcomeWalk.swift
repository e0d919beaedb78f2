import FlowCore

/// Walks all ways in which a run can go: forward to count the ways to each state, and backward to count the
/// ways from each state to either end of the run.
struct OutcomeWalk {
  private static let leastStates = 16

  /// A step from a state to one of the next turn.
  struct Passage {
    let from: Int32
    let to: Int32
    /// An end, or the place of a value.
    let choice: UInt32
    /// Its place in `causes`.
    let cause: Int32
    /// Whether something goes otherwise than the definition expects.
    let isDeviation: Bool
  }

  /// What is known of each state of a turn.
  struct Forward {
    var counts: [UInt64] = []
    var deviations: [Int32] = []
    /// The passage by which it is reached with the fewest deviations.
    var best: [Int32] = []
  }

  struct Backward {
    var counts: [UInt64]
    /// Nil if that end of the run cannot be reached.
    var deviations: [Int32?]
    var best: [Int32]
  }

  let model: OutcomeModel
  private(set) var passages: [[Passage]] = []
  private(set) var forward: [Forward] = []
  /// By turn, with one for the end; of runs that succeed, and of runs that fail.
  private(set) var succeeding: [Backward] = []
  private(set) var failing: [Backward] = []
  private(set) var causes: [OutcomeCause] = []
  private(set) var isCut = false

  private var causePlaces: [OutcomeCause: Int32] = [:]
  private var conditions: [Int: OutcomeCondition] = [:]
  private let isFailFast: Bool

  /// What the cell of the run holds.
  private enum Flag {
    static let failed: UInt32 = 1
    /// A step was stopped, so that a failure must have come.
    static let stopped: UInt32 = 2
    /// A step of `finally` failed, or a rollback.
    static let spoiled: UInt32 = 4
  }

  /// - Parameter mostCells: of all states of all turns together; decides how many states are held in a turn; of more, those that need the fewest
  ///   deviations.
  init(_ model: OutcomeModel, mostCells: Int) {
    self.model = model
    isFailFast = model.definition.failFast
    _ = place(of: .none)
    for step in model.definition.steps.indices {
      if let condition = OutcomeCondition(ofStep: step, model) { conditions[step] = condition }
    }
    walkForward(
      limit: max(Self.leastStates, mostCells / max(1, model.turns.count) / (model.cellCount + 1)))
  }

  private mutating func place(of cause: OutcomeCause) -> Int32 {
    if let place = causePlaces[cause] { return place }
    causePlaces[cause] = Int32(causes.count)
    causes.append(cause)
    return Int32(causes.count - 1)
  }

  // MARK: Forward

  private mutating func walkForward(limit: Int) {
    // The cell of the run comes last.
    var states = [[UInt32](repeating: 0, count: model.cellCount + 1)]
    forward.append(Forward(counts: [1], deviations: [0], best: [-1]))
    for (index, turn) in model.turns.enumerated() {
      var layer = Layer()
      for (from, cells) in states.enumerated() {
        var rest = cells
        for cell in model.forgotten[index] { rest[cell] = 0 }
        for branch in branches(turn, cells, rest) {
          layer.add(branch, from: from, forward[index])
        }
      }
      if layer.keep(limit) { isCut = true }
      states = layer.states
      passages.append(layer.passages)
      forward.append(layer.forward)
    }
    walkBackward(states)
  }

  /// What comes of one turn.
  private struct Layer {
    var states: [[UInt32]] = []
    var passages: [Passage] = []
    var forward = Forward()
    private var places: [[UInt32]: Int32] = [:]

    mutating func add(_ branch: Branch, from: Int, _ before: Forward) {
      let deviations = before.deviations[from] + (branch.isDeviation ? 1 : 0)
      let passage = Int32(passages.count)
      let to: Int32
      if let known = places[branch.next] {
        to = known
        forward.counts[Int(to)] = forward.counts[Int(to)].addingAtMost(before.counts[from])
        if deviations < forward.deviations[Int(to)] {
          forward.deviations[Int(to)] = deviations
          forward.best[Int(to)] = passage
        }
      } else {
        to = Int32(states.count)
        places[branch.next] = to
        states.append(branch.next)
        forward.counts.append(before.counts[from])
        forward.deviations.append(deviations)
        forward.best.append(passage)
      }
      passages.append(
        Passage(
          from: Int32(from), to: to, choice: branch.choice, cause: branch.cause,
          isDeviation: branch.isDeviation))
    }

    /// - Returns: whether states were dropped.
    mutating func keep(_ limit: Int) -> Bool {
      if states.count <= limit { return false }
      let kept = states.indices.sorted {
        (forward.deviations[$0], $0) < (forward.deviations[$1], $1)
      }.prefix(limit).sorted()
      var moved = [Int32](repeating: -1, count: states.count)
      for (place, old) in kept.enumerated() { moved[old] = Int32(place) }
      var places = [Int32](repeating: -1, count: passages.count)
      var left: [Passage] = []
      for (place, passage) in passages.enumerated() where moved[Int(passage.to)] >= 0 {
        places[place] = Int32(left.count)
        left.append(
          Passage(
            from: passage.from, to: moved[Int(passage.to)], choice: passage.choice,
            cause: passage.cause, isDeviation: passage.isDeviation))
      }
      passages = left
      states = kept.map { states[$0] }
      forward = Forward(
        counts: kept.map { forward.counts[$0] }, deviations: kept.map { forward.deviations[$0] },
        best: kept.map { places[Int(forward.best[$0])] })
      return true
    }
  }

  /// One way on from a state.
  private struct Branch {
    var choice: UInt32
    var cause: Int32 = 0
    var isDeviation = false
    var next: [UInt32]
  }

  /// - Parameters:
  ///   - cells: what is remembered.
  ///   - rest: the same without what nothing reads any more.
  private mutating func branches(
    _ turn: OutcomeModel.Turn, _ cells: [UInt32], _ rest: [UInt32]
  ) -> [Branch] {
    func writing(_ choice: UInt32, to memory: OutcomeModel.Memory) -> [UInt32] {
      var next = rest
      if let cell = model.cell(memory) { next[cell] = choice }
      return next
    }
    switch turn {
    case .parameter(let place):
      // Where nothing is known of it, it has one value.
      let count = UInt32(max(1, model.values.all(of: .parameter(place)).count))
      return (0..<count).map {
        Branch(choice: $0, isDeviation: $0 > 0, next: writing($0, to: .parameter(place)))
      }
    case .output(let step, let place):
      let end = model.cell(.end(step: Int(step))).map { cells[$0] }
      guard end == OutcomeEnd.succeeded.rawValue else { return [Branch(choice: 0, next: rest)] }
      let count = UInt32(max(1, model.values.all(of: .output(step: step, place: place)).count))
      return (1...count).map {
        Branch(
          choice: $0, isDeviation: $0 > 1, next: writing($0, to: .output(step: step, place: place)))
      }
    case .end(let step):
      let needs = PendingNeeds(model.cell(.needs(ofStep: step)).map { cells[$0] } ?? 0)
      return ways(ofStep: step, needs, cells).map { way in
        var next = rest
        end(step, way, in: &next)
        return Branch(
          choice: way.end.rawValue, cause: way.cause, isDeviation: way.isDeviation, next: next)
      }
    }
  }

  private struct Way {
    let end: OutcomeEnd
    var time = OutcomeTime.before
    var cause: Int32 = 0
    var isDeviation = false
  }

  /// In which ways a step can end.
  private mutating func ways(
    ofStep step: Int, _ needs: PendingNeeds, _ cells: [UInt32]
  ) -> [Way] {
    if let own = model.definition.stepRolledBack(by: step) {
      let end = model.cell(.end(step: Int(own))).flatMap { OutcomeEnd(rawValue: cells[$0]) }
      if end == .failed || end == .stopped {
        return [Way(end: .succeeded), Way(end: .failed, isDeviation: true)]
      }
      return [Way(end: .skipped, cause: place(of: .need(own, (end ?? .skipped).result)))]
    }
    if let (place, end, time) = needs.blocked {
      let need = model.definition.steps[step].needs[place]
      return [Way(end: .skipped, time: time, cause: self.place(of: .need(need, end.result)))]
    }
    let stop = Way(end: .unbegun, time: .after, cause: place(of: .stop), isDeviation: true)
    if needs.latest == .after { return [stop] }
    if let refusal = conditions[step]?.refusal(cells) {
      return [Way(end: .refused, time: needs.latest, cause: place(of: refusal))]
    }
    // The failure that let it run has stopped the run.
    if needs.latest == .at { return [stop] }
    var ways = [Way(end: .succeeded)]
    let mayFail = model.definition.settings(ofStep: step).allowFailure
    if !isFailFast || model.definition.isFinally(step) {
      ways.append(Way(end: .failed, isDeviation: true))
    } else {
      ways.append(Way(end: .failed, time: mayFail ? .before : .at, isDeviation: true))
      ways.append(Way(end: .stopped, time: .after, cause: stop.cause, isDeviation: true))
      ways.append(stop)
    }
    return ways
  }

  /// Notes an end where it matters.
  private func end(_ step: Int, _ way: Way, in cells: inout [UInt32]) {
    let definition = model.definition
    let isFinally = definition.isFinally(step)
    let mayFail = definition.settings(ofStep: step).allowFailure
    if way.end == .failed, !mayFail {
      let spoilsOnly = isFinally || definition.isRollback(step)
      cells[model.cellCount] |= spoilsOnly ? Flag.spoiled : Flag.failed
    }
    if way.time == .after { cells[model.cellCount] |= Flag.stopped }
    if let cell = model.cell(.end(step: step)) { cells[cell] = way.end.rawValue }
    for dependent in model.graph.dependents(of: step) {
      guard let cell = model.cell(.needs(ofStep: Int(dependent))),
        let place = definition.steps[Int(dependent)].needs.firstIndex(of: Int32(step))
      else { continue }
      let isMet = definition.wanted(ofStep: Int(dependent), from: Int32(step)).isMet(
        hasSucceeded: way.end == .succeeded, hasFailed: way.end == .failed,
        isRefused: way.end == .refused, mayFail: mayFail)
      var needs = PendingNeeds(cells[cell])
      // All others have ended before those of `finally` begin. What waits for a rollback too is told when
      // the failure has stopped the run.
      let isTold = way.time != .at || definition.rollback(ofStep: step) == nil
      let time: OutcomeTime =
        definition.isFinally(Int(dependent)) ? .before : isTold ? way.time : .after
      if isMet || time == .after {
        needs.latest = max(needs.latest, time)
      } else if needs.blocked == nil || time < (needs.blocked?.time ?? .before) {
        needs.blocked = (place, way.end, time)
      }
      cells[cell] = needs.code
    }
  }

  // MARK: Backward

  private mutating func walkBackward(_ states: [[UInt32]]) {
    let flags = states.map { $0[model.cellCount] }
    func last(_ isSuccess: Bool) -> Backward {
      let isReached = flags.map { flags in
        let hasFailed = flags & Flag.failed != 0
        // What was stopped without a failure cannot be.
        if flags & Flag.stopped != 0, !hasFailed { return false }
        return (hasFailed || flags & Flag.spoiled != 0) != isSuccess
      }
      return Backward(
        counts: isReached.map { $0 ? 1 : 0 }, deviations: isReached.map { $0 ? 0 : nil },
        best: isReached.map { _ in -1 })
    }
    succeeding = backward(from: last(true))
    failing = backward(from: last(false))
  }

  private func backward(from last: Backward) -> [Backward] {
    var all = [last]
    for index in passages.indices.reversed() {
      let after = all[all.count - 1]
      let count = forward[index].counts.count
      var before = Backward(
        counts: [UInt64](repeating: 0, count: count),
        deviations: [Int32?](repeating: nil, count: count),
        best: [Int32](repeating: -1, count: count))
      for (place, passage) in passages[index].enumerated() {
        let (from, to) = (Int(passage.from), Int(passage.to))
        guard let rest = after.deviations[to] else { continue }
        before.counts[from] = before.counts[from].addingAtMost(after.counts[to])
        let deviations = rest + (passage.isDeviation ? 1 : 0)
        if before.deviations[from].map({ deviations < $0 }) ?? true {
          before.deviations[from] = deviations
          before.best[from] = Int32(place)
        }
      }
      all.append(before)
    }
    return all.reversed()
  }
}

extension UInt64 {
  /// The sum, or the greatest number.
  func addingAtMost(_ other: UInt64) -> UInt64 {
    let (sum, isOver) = addingReportingOverflow(other)
    return isOver ? .max : sum
  }

  func multipliedAtMost(_ other: UInt64) -> UInt64 {
    let (product, isOver) = multipliedReportingOverflow(by: other)
    return isOver ? .max : product
  }
}
