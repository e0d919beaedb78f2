import FlowCore

/// The part of a run that a report shows. A small run is shown whole; of a large one the most
/// important steps, so that browsers open the page at once.
struct ReportSelection {
  static let mostDetails = 200
  /// More lanes than these are folded away, and shown on demand.
  static let mostOpenLanes = 40
  static let mostLanes = 10_000
  static let mostRows = 2_000
  /// Larger graphs are unreadable.
  static let mostNodes = 300
  static let mostEdges = 1_000

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

  private let isDetailed: [Bool]

  init(_ explainer: Explainer) {
    let steps = Array(explainer.state.steps.indices)
    let weights = steps.map { Self.weight(ofStep: $0, explainer) }
    /// The most important; among equals the first of the definition.
    func chosen(_ most: Int, of steps: [Int]) -> [Int] {
      if steps.count <= most { return steps }
      let sorted = steps.sorted { (weights[$0], $1) > (weights[$1], $0) }
      return sorted.prefix(most).sorted()
    }
    let history = explainer.view.history
    let attempted = steps.filter { history.lastAttempt(ofStep: $0) != nil }
    let ready = Dictionary(
      uniqueKeysWithValues: attempted.map {
        ($0, history.attempts(ofStep: $0).first?.readyAt.elapsed ?? 0)
      })
    details = chosen(Self.mostDetails, of: steps)
    rows = chosen(Self.mostRows, of: steps)
    let lanes = chosen(Self.mostLanes, of: attempted)
      .sorted { (ready[$0] ?? 0, $0) < (ready[$1] ?? 0, $1) }
    let open = Set(chosen(Self.mostOpenLanes, of: attempted))
    openLanes = lanes.filter(open.contains)
    foldedLanes = lanes.filter { !open.contains($0) }
    attemptedCount = attempted.count
    var isDetailed = Array(repeating: false, count: steps.count)
    for step in details { isDetailed[step] = true }
    self.isDetailed = isDetailed
  }

  func hasDetails(_ step: Int) -> Bool { isDetailed[step] }

  /// The importance of a step: how it ended, then how often it was tried, then how long it ran.
  private static func weight(ofStep step: Int, _ explainer: Explainer) -> Int64 {
    let kind: Int64 =
      switch explainer.status(step) {
      case .failed: explainer.settings(step).allowFailure ? 4 : 6
      case .interrupted, .stopping: 5
      case .running, .backingOff, .asking: 4
      case .cancelled: 3
      case .starting, .ready, .succeeded: 2
      case .waiting, .skipped: 1
      }
    let attempts = explainer.view.history.attempts(ofStep: step)
    let ran = attempts.reduce(0) { $0 + (explainer.ran($1) ?? 0) / 1_000 }
    let tries = Int64(min(attempts.count, 1_000))
    // A retry weighs more than a day.
    return kind << 56 + tries << 40 + min(ran, 1 << 39)
  }
}
