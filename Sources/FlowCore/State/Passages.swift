/// The steps that a run leaves out, and how far each lets through to its dependents what its needs came
/// to: order and failures hold across what is left out.
struct Passages: Equatable, Sendable {
  struct Passage: Equatable, Sendable {
    /// How many of its needs are not done; zero when its dependents may run, as far as it is concerned,
    /// or never will.
    fileprivate(set) var unmet: Int32
    /// The selected step whose end decided that; nil before, and where it waited for none.
    fileprivate(set) var by: Int32?
    /// Whether a need of it has not ended as it wanted, so that it would have been skipped.
    fileprivate(set) var isBlocked = false
  }

  /// By step; nil for a selected one. Empty if all are selected.
  private var passages: [Passage?] = []

  /// - Parameter needs: how many needs a step waits for.
  init(_ unselected: StepSet, _ count: Int, needs: (Int) -> Int32) {
    if unselected.isEmpty { return }
    passages = [Passage?](repeating: nil, count: count)
    for step in unselected.steps where Int(step) < count {
      passages[Int(step)] = Passage(unmet: needs(Int(step)), by: nil)
    }
  }

  /// Nil for a selected step.
  subscript(step: Int) -> Passage? {
    // Children come with their node.
    step < passages.count ? passages[step] : nil
  }

  /// - Returns: whether the dependents of the unselected step may run from now on.
  mutating func needMet(_ step: Int32, by end: Int32?) -> Bool {
    guard let unmet = passages[Int(step)]?.unmet, unmet > 0 else { return false }
    passages[Int(step)]?.unmet = unmet - 1
    if unmet == 1 { passages[Int(step)]?.by = end }
    return unmet == 1
  }

  /// - Returns: whether that decides about its dependents.
  mutating func needFailed(_ step: Int32, by end: Int32?) -> Bool {
    guard let unmet = passages[Int(step)]?.unmet, unmet > 0 else { return false }
    passages[Int(step)] = Passage(unmet: 0, by: end, isBlocked: true)
    return true
  }

  /// In another round it waits for needs that run again.
  ///
  /// - Parameter isBlocked: whether another need, which does not, has not ended as it wanted.
  mutating func reopen(_ step: Int, unmet: Int32, isBlocked: Bool) {
    passages[step] = Passage(unmet: unmet, by: nil, isBlocked: isBlocked)
  }
}

/// Why a finished run has no round of some scope.
package enum ReopenProblem: Error, Equatable, Sendable {
  /// No step would run.
  case nothing
  case noSuchStep(Int32)
  /// The run leaves these steps out.
  case notSelected([Int32])
  case blocked([Blocked])

  /// A step that would run again, and a step before it that is not done and would not.
  package struct Blocked: Equatable, Sendable {
    package let step: Int32
    package let need: Int32

    package init(step: Int32, need: Int32) {
      self.step = step
      self.need = need
    }
  }
}
