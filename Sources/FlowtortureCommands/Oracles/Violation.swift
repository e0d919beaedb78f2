/// Something that must not be, and was.
package struct Violation: Equatable, Sendable, CustomStringConvertible {
  package let oracle: Oracle
  package let text: String

  package init(_ oracle: Oracle, _ text: String) {
    self.oracle = oracle
    self.text = text
  }

  package var description: String { "\(oracle.rawValue): \(text)" }
}

/// What must hold in every round, whatever is killed. Each looks at the run from outside: at what the
/// steps say of themselves, and at what `flow` says.
package enum Oracle: String, CaseIterable, Sendable {
  /// No command runs without an intent in the history, and none runs twice for one.
  case intent
  /// No step runs again without a licence, nor beside what is left of an earlier attempt.
  case again
  /// A step starts only when all its needs are done.
  case order
  /// What follows a failure is what the policy says, and not before its delay.
  case retry
  /// No attempt outlives its timeout and grace.
  case timeout
  /// Behind a request to cancel nothing new starts, and what runs ends within its grace.
  case cancel
  /// Nothing of an attempt lives when it has ended, and nothing of a run.
  case orphans
  /// Every step has one end, the run has one, and nothing comes behind it.
  case terminal
  /// What was said stays true, and every process ended as it may.
  case said
  /// No attempt is lost unless its monitor was killed.
  case lost
  /// The history has every end as it was, and every output is whole.
  case ends
  /// Undisturbed, the run comes to its end.
  case live

  package static func judge(_ record: RoundRecord) -> [Violation] {
    let story = Story(record.history)
    return allCases.flatMap { oracle in
      oracle.judge(record, story).map { Violation(oracle, $0) }
    }
  }

  package func judge(_ record: RoundRecord, _ story: Story) -> [String] {
    switch self {
    case .intent: IntentOracle.judge(record, story)
    case .again: AgainOracle.judge(record, story)
    case .order: OrderOracle.judge(record, story)
    case .retry: RetryOracle.judge(record)
    case .timeout: TimeoutOracle.judge(record, story)
    case .cancel: CancelOracle.judge(record, story)
    case .orphans: OrphanOracle.judge(record, story)
    case .terminal: TerminalOracle.judge(record)
    case .said: SaidOracle.judge(record, story)
    case .lost: LostOracle.judge(record, story)
    case .ends: EndOracle.judge(record, story)
    // It is the round itself that waits.
    case .live: []
    }
  }
}
