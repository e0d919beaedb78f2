/// A property that did not hold, and how.
package struct Violation: Equatable, Sendable, CustomStringConvertible {
  package let property: Property
  package let text: String

  package init(_ property: Property, _ text: String) {
    self.property = property
    self.text = text
  }

  package var description: String { "\(property.rawValue): \(text)" }
}

/// What must hold in every round, whichever processes are killed. The checkers see the run from outside:
/// the ledger that the steps write, and the output of `flow`.
package enum Property: String, CaseIterable, Sendable {
  /// Every command has an intent in the history, and runs at most once for it.
  case intent
  /// A step reruns only after a decision to do so, and never beside processes of an earlier attempt.
  case again
  /// A step starts only after all its needs are done.
  case order
  /// The retry policy decides what follows a failure, and no retry starts before its delay.
  case retry
  /// No attempt outlives its timeout and grace period.
  case timeout
  /// After a request to cancel no attempt starts, and running ones end within their grace period.
  case cancel
  /// No process outlives its attempt or its run.
  case orphans
  /// Every step and the run have exactly one end, and no event follows the end of the run.
  case terminal
  /// Whatever `flow` printed stays true, and its processes exit with the right code.
  case said
  /// An attempt is lost only if its monitor was killed.
  case lost
  /// An attempt is interrupted if the system told it to end together with its monitor, and only then.
  case interruption
  /// The history has the true end of every attempt, and every output is complete.
  case ends
  /// After a cut of the power nothing that was shown or confirmed is lost, and nothing that was shown to have
  /// ended runs again.
  case power
  /// Steps of `finally` run once in each round, when all others have ended, and whatever ended them.
  case conclusion
  /// A rollback runs when its step has failed or was cancelled, and before anything that comes after it.
  case rollback
  /// A step runs if all its needs have ended as it wants and its condition holds then, and else never.
  case edges
  /// The first answer to a question counts, the process that gives a later one is told so, and a question starts
  /// no process.
  case answers
  /// Notices run last, when what the run has come to stands, and change nothing of that; those of slow runs when their
  /// time has passed.
  case notify
  /// A command is handed what the steps that it needs have put out, and nothing else.
  case values
  /// What runs for an item is told it and no other, runs once for it, and before what needs it; a node runs over
  /// the right list, and ends as its children make it.
  case forEach
  /// No two runs of a group have a living attempt at the same moment.
  case exclusion
  /// What is in the place of a declared file is whole, of a command that has succeeded, and of the last one once its
  /// step has.
  case files
  /// A run that is not disturbed ends.
  case live

  package static func check(_ record: RoundRecord) -> [Violation] {
    let story = Story(record.history)
    return allCases.flatMap { property in
      property.check(record, story).map { Violation(property, $0) }
    }
  }

  package func check(_ record: RoundRecord, _ story: Story) -> [String] {
    switch self {
    case .intent: IntentChecker.check(record, story)
    case .again: AgainChecker.check(record, story)
    case .order: OrderChecker.check(record, story)
    case .retry: RetryChecker.check(record)
    case .timeout: TimeoutChecker.check(record, story)
    case .cancel: CancelChecker.check(record, story)
    case .orphans: OrphanChecker.check(record, story)
    case .terminal: TerminalChecker.check(record)
    case .said: SaidChecker.check(record, story)
    case .lost: LostChecker.check(record, story)
    case .interruption: InterruptionChecker.check(record, story)
    case .ends: EndChecker.check(record, story)
    case .power: PowerChecker.check(record)
    case .conclusion: FinallyChecker.check(record)
    case .rollback: RollbackChecker.check(record)
    case .edges: EdgeChecker.check(record)
    case .answers: AnswerChecker.check(record)
    case .notify: NoticeChecker.check(record)
    case .values: ValueChecker.check(record, story)
    case .forEach: ForEachChecker.check(record)
    // A round of one run has no group, and waits for the end itself.
    // Rounds of files look at them while they are put into place.
    case .exclusion, .live, .files: []
    }
  }
}
