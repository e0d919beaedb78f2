/// The steps that `notify` adds: notices, the last steps of all. They tell of what the run has come to, and
/// change nothing of that.
extension WorkflowDefinition {
  /// Their ids are this, `/`, and their place in the list, counted from 1.
  package static let notifyName = "notify"

  package var hasNotify: Bool { notifyCount > 0 }

  /// The index of the first notice; the number of steps if there is none.
  package var firstNotify: Int { steps.count - notifyCount }

  package var notifySteps: Range<Int> { firstNotify..<steps.count }

  /// Whether the step at `index` is a notice.
  package func isNotify(_ index: Int) -> Bool { index >= firstNotify }

  /// The steps that are neither rollbacks nor notices, which people name and count.
  package func isOwnStep(_ index: Int) -> Bool { !isRollback(index) && !isNotify(index) }

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
    return extras.notice != nil && steps[index].needs.isEmpty && !extras.isRollback
      && extras.condition == nil && extras.outputs.isEmpty && extras.question == nil
      && settings(ofStep: index).onLost == .rerun
  }
}

/// When a step of `notify` runs.
package struct Notice: Hashable, Sendable {
  package var outcomes: NoticeOutcomes

  package init(on outcomes: NoticeOutcomes) { self.outcomes = outcomes }
}

/// What a run can come to that a notice tells of.
package struct NoticeOutcomes: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let succeeded = Self(rawValue: 1)
  package static let failed = Self(rawValue: 2)
  package static let cancelled = Self(rawValue: 4)

  /// With their names, in the order in which these are written.
  package static let named: [(name: String, outcome: Self)] = [
    ("succeeded", succeeded), ("failed", failed), ("cancelled", cancelled),
  ]

  package static let all: Self = [succeeded, failed, cancelled]

  package var names: [String] { Self.named.filter { contains($0.outcome) }.map(\.name) }
}
