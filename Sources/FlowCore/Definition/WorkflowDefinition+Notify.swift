/// The steps that `notify` adds: notices, the last steps of a file. They tell of what the run has come to, and
/// change nothing of that.
extension WorkflowDefinition {
  /// Their ids are this, `/`, and their place in the list, counted from 1.
  package static let notifyName = "notify"

  package var hasNotify: Bool { notifyCount > 0 }

  /// The index of the first notice; the number of declared steps if there is none.
  package var firstNotify: Int { declaredCount - notifyCount }

  package var notifySteps: Range<Int> { firstNotify..<declaredCount }

  /// Whether the step at `index` is a notice.
  package func isNotify(_ index: Int) -> Bool { notifySteps.contains(index) }

  /// The steps that are neither rollbacks nor notices, which people name and count.
  package func isOwnStep(_ index: Int) -> Bool {
    !isRollback(index) && !isNotify(index) && !isInChain(index)
  }

  /// Whether an attempt of the step takes no slot.
  package func needsNoSlot(_ index: Int) -> Bool {
    isNotify(index) || isRollback(index)
  }

  /// What a notice has where neither it nor `defaults` gives a timeout.
  package static let notifyTimeoutMilliseconds: Int64 = 60_000
  /// How many attempts of a notice may fail: it must not hold up the end of the run for long.
  package static let mostNotifyAttempts: Int64 = 10

  /// Whether a step can be a notice, and every notice says that it is one.
  func isSoundNotice(_ index: Int) -> Bool {
    let extras = extras(ofStep: index)
    guard isNotify(index) else { return extras.notice == nil }
    guard let notice = extras.notice, notice.isSound else { return false }
    return steps[index].needs.isEmpty && !extras.isRollback
      && extras.condition == nil && extras.outputs.isEmpty && extras.question == nil
      && settings(ofStep: index).onLost == .rerun
  }
}

/// When a step of `notify` runs: at such ends of the run or, instead, when a round has taken some time and is
/// not over.
package struct Notice: Hashable, Sendable {
  package var outcomes: NoticeOutcomes
  package var slowMilliseconds: Int64?

  package init(on outcomes: NoticeOutcomes) { self.outcomes = outcomes }

  package init(slowMilliseconds: Int64) {
    outcomes = []
    self.slowMilliseconds = slowMilliseconds
  }

  var isSound: Bool { outcomes.isEmpty == (slowMilliseconds != nil) }
}

extension WorkflowDefinition {
  /// After how long a notice tells that the run is not over; nil of one that tells of ends.
  package func slowMilliseconds(ofNotice index: Int) -> Int64? {
    isNotify(index) ? extras(ofStep: index).notice?.slowMilliseconds : nil
  }

  package func isSlowNotice(_ index: Int) -> Bool { slowMilliseconds(ofNotice: index) != nil }

  /// Whether any notice compares the run with the one before it.
  package var tellsOfRecovery: Bool {
    notifySteps.contains { extras(ofStep: $0).notice?.outcomes.contains(.recovered) == true }
  }
}

/// What a run can come to that a notice tells of.
package struct NoticeOutcomes: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let succeeded = Self(rawValue: 1)
  package static let failed = Self(rawValue: 2)
  package static let cancelled = Self(rawValue: 4)
  /// It succeeded, and the run or the round before it did not.
  package static let recovered = Self(rawValue: 8)

  /// With their names, in the order in which these are written.
  package static let named: [(name: String, outcome: Self)] = [
    ("succeeded", succeeded), ("failed", failed), ("cancelled", cancelled),
    ("recovered", recovered),
  ]

  /// Of which a run has one, whatever came before it.
  package static let ends: Self = [succeeded, failed, cancelled]
  package static let all: Self = [ends, recovered]

  package var names: [String] { Self.named.filter { contains($0.outcome) }.map(\.name) }
}
