/// The steps that a run leaves out, or a round, and how far each lets through to its dependents what its needs
/// came to: order and failures hold across what does not run.
struct Passages: Equatable, Sendable {
  struct Passage: Equatable, Sendable {
    /// How many of its needs are not done; zero when its dependents may run, as far as it is concerned,
    /// or never will.
    fileprivate(set) var unmet: Int32
    /// The selected step whose end decided that; nil before, and where it waited for none.
    fileprivate(set) var by: Int32?
    /// Whether a need of it has not ended as it wanted, so that it would have been skipped.
    fileprivate(set) var isBlocked = false
    /// Of a step that keeps its end: what it waits for, directly.
    fileprivate(set) var awaited: [Int32] = []
  }

  /// By step; nil for a selected one. Empty if all are selected.
  private var passages: [Passage?] = []
  /// By selected step that does not run again in this round, and comes after one that does. It hands on its own
  /// end, unless what it needs does not end as it wants: then it counts as skipped for that.
  private var kept: [Int32: Passage] = [:]

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

  /// Nil for a step that runs in this round, or comes after none that does.
  func kept(_ step: Int32) -> Passage? { kept.isEmpty ? nil : kept[step] }

  /// Whether the step does not run, and lets through what its needs come to.
  func crosses(_ step: Int32) -> Bool { self[Int(step)] != nil || kept(step) != nil }

  private mutating func change(_ step: Int32, _ change: (inout Passage) -> Void) {
    if passages.indices.contains(Int(step)), var passage = passages[Int(step)] {
      change(&passage)
      passages[Int(step)] = passage
    } else if var passage = kept[step] {
      change(&passage)
      kept[step] = passage
    }
  }

  /// - Returns: whether the dependents of the step may run from now on, as far as it is concerned.
  mutating func needMet(_ step: Int32, by end: Int32?) -> Bool {
    guard let unmet = (self[Int(step)] ?? kept(step))?.unmet, unmet > 0 else { return false }
    change(step) { passage in
      passage.unmet -= 1
      if unmet == 1 { passage.by = end }
    }
    return unmet == 1
  }

  /// - Returns: whether that decides about its dependents.
  mutating func needFailed(_ step: Int32, by end: Int32?) -> Bool {
    guard let unmet = (self[Int(step)] ?? kept(step))?.unmet, unmet > 0 else { return false }
    change(step) { ($0.unmet, $0.by, $0.isBlocked) = (0, end, true) }
    return true
  }

  /// In another round it waits for needs that run again.
  ///
  /// - Parameter isBlocked: whether another need, which does not, has not ended as it wanted.
  mutating func reopen(_ step: Int, unmet: Int32, isBlocked: Bool) {
    passages[step] = Passage(unmet: unmet, by: nil, isBlocked: isBlocked)
  }

  /// The same of a step that keeps its end.
  mutating func keep(_ step: Int, awaiting needs: [Int32]) {
    kept[Int32(step)] = Passage(unmet: Int32(needs.count), by: nil, awaited: needs)
  }

  /// Another round begins.
  mutating func forgetKept() { kept = [:] }
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
