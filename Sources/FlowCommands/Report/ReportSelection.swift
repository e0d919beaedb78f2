import FlowCore

/// The part of a run that a report shows. A small run is shown whole; of a large one the most
/// important steps, so that browsers open the page at once. Children are shown with their node alone.
struct ReportSelection {
  static let mostDetails = 200
  /// More lanes than these are folded away, and shown on demand.
  static let mostOpenLanes = 40
  /// Of steps, and of children, which the nodes share.
  static let mostLanes = 10_000
  static let mostRows = 2_000
  /// Larger graphs are unreadable.
  static let mostNodes = 300
  static let mostEdges = 1_000

  /// The children of a node, and the part of them that is shown.
  struct Items {
    /// In the order of the definition, which is that of the items.
    let all: [Int]
    /// How many would have a lane.
    let attemptedCount: Int
    /// In the order in which they became ready.
    let lanes: [Int]
    /// Those of the lanes that are not folded away: of what runs, or has not succeeded.
    let openLanes: [Int]
    /// Those with a row of the table, in the order of the definition.
    let rows: [Int]
    /// Those with details; first those that run, or have not succeeded.
    let details: [Int]

    static let mostOpenLanes = 5
    /// Of a node with more children, rows have those that run, or have not succeeded.
    static let mostRows = 20
  }

  /// Steps with details, in the order of the definition.
  let details: [Int]
  /// Steps in the timeline, in the order in which they became ready.
  let openLanes: [Int]
  /// The steps of its rows that are folded away, in the same order.
  let foldedLanes: [Int]
  /// Steps of the table, in the order of the definition.
  let rows: [Int]
  /// How many steps would have a lane.
  let attemptedCount: Int

  /// By node.
  private let items: [Int: Items]
  private let isDetailed: [Bool]

  init(_ explainer: Explainer) {
    let definition = explainer.state.definition
    let history = explainer.view.history
    let all = explainer.state.steps.indices
    let steps = Array(definition.declaredSteps)
    let children = Dictionary(
      grouping: definition.childSteps.filter(all.contains),
      by: { definition.child($0).map { Int($0.node) } ?? $0 })
    let weights = all.map { Self.weight(ofStep: $0, with: children[$0] ?? [], explainer) }
    var ready = all.map {
      history.attempts(ofStep: $0).first?.readyAt.elapsed ?? history.askedAt(step: $0)?.elapsed
    }
    for (node, children) in children { ready[node] = children.compactMap { ready[$0] }.min() }
    /// The most important; among equals the first of the definition.
    func chosen(_ most: Int, of steps: [Int]) -> [Int] {
      if steps.count <= most { return steps }
      let sorted = steps.sorted { (weights[$0], $1) > (weights[$1], $0) }
      return sorted.prefix(most).sorted()
    }
    func inOrder(_ lanes: [Int]) -> [Int] {
      lanes.sorted { (ready[$0] ?? 0, $0) < (ready[$1] ?? 0, $1) }
    }
    let attempted = steps.filter { ready[$0] != nil }
    details = chosen(Self.mostDetails, of: steps)
    rows = chosen(Self.mostRows, of: steps)
    let lanes = inOrder(chosen(Self.mostLanes, of: attempted))
    let open = Set(chosen(Self.mostOpenLanes, of: attempted))
    openLanes = lanes.filter(open.contains)
    foldedLanes = lanes.filter { !open.contains($0) }
    attemptedCount = attempted.count
    let counts = children.mapValues(\.count)
    let laneShares = Self.shares(of: Self.mostLanes, among: counts)
    let detailShares = Self.shares(of: Self.mostDetails, among: counts)
    let mostRows = min(Items.mostRows, Self.mostRows / max(1, children.count))
    func part(_ children: [Int], of node: Int) -> Items {
      let attempted = children.filter { ready[$0] != nil }
      let lanes = inOrder(chosen(laneShares[node] ?? 0, of: attempted))
      func isOfNote(_ child: Int) -> Bool { weights[child] >= Self.leastOfNote }
      let details = chosen(detailShares[node] ?? 0, of: children)
      return Items(
        all: children, attemptedCount: attempted.count, lanes: lanes,
        openLanes: inOrder(chosen(Items.mostOpenLanes, of: lanes.filter(isOfNote))),
        rows: children.count <= mostRows
          ? children : chosen(mostRows, of: children.filter(isOfNote)),
        details: details.filter(isOfNote) + details.filter { !isOfNote($0) })
    }
    items = Dictionary(
      uniqueKeysWithValues: children.map { ($0.key, part($0.value, of: $0.key)) })
    var isDetailed = Array(repeating: false, count: all.count)
    for step in details {
      isDetailed[step] = true
      for child in items[step]?.details ?? [] { isDetailed[child] = true }
    }
    self.isDetailed = isDetailed
  }

  func hasDetails(_ step: Int) -> Bool { isDetailed[step] }

  /// Nil for a step without children.
  func items(ofNode step: Int) -> Items? { items[step] }

  /// Shares a limit among nodes. None gets more than it has children, and the others get what that leaves.
  private static func shares(of most: Int, among counts: [Int: Int]) -> [Int: Int] {
    var left = most
    var shares: [Int: Int] = [:]
    let order = counts.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
    for (place, (node, count)) in order.enumerated() {
      let share = min(count, left / (order.count - place))
      shares[node] = share
      left -= share
    }
    return shares
  }

  /// The weight of what runs, or has not succeeded.
  private static let leastOfNote: Int64 = 3 << 56

  /// The importance of a step: how it ended, then how often it was tried, then how long it ran.
  private static func weight(
    ofStep step: Int, with children: [Int], _ explainer: Explainer
  ) -> Int64 {
    let kind: Int64 =
      switch explainer.status(step) {
      case .failed: explainer.settings(step).allowFailure ? 4 : 6
      case .interrupted, .stopping: 5
      case .running, .backingOff, .asking: 4
      case .cancelled: 3
      case .starting, .ready, .succeeded: 2
      case .waiting, .skipped: 1
      }
    let history = explainer.view.history
    let attempts = ([step] + children).flatMap { history.attempts(ofStep: $0) }
    let ran = attempts.reduce(0) { $0 + (explainer.ran($1) ?? 0) / 1_000 }
    let tries = Int64(min(attempts.count { $0.id.step == Int32(step) }, 1_000))
    // A retry weighs more than a day.
    return kind << 56 + tries << 40 + min(ran, 1 << 39)
  }
}
