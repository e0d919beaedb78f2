enum OrphanOracle {
  static func judge(_ record: RoundRecord, _ story: Story) -> [String] {
    afterEnds(record, story)
      + record.leftovers.compactMap { leftover in
        mayStay(leftover, record, story)
          ? nil : "process \(leftover.process) outlived the run: \(leftover.owner) \(leftover.line)"
      }
  }

  private static func mayStay(
    _ leftover: Leftover, _ record: RoundRecord, _ story: Story
  ) -> Bool {
    switch leftover.owner {
    case .flow: return false
    case .step(let name, let hasEnvironment):
      return isBeyondReach(name, hasEnvironment, story) || keeps(name, record)
    case .unknown:
      // It ended before it could be asked; but it has written into the ledger.
      let line = record.ledger.last { $0.process == leftover.process }
      return line.map { keeps($0.attempt, record) } ?? false
    }
  }

  private static func keeps(_ name: AttemptName, _ record: RoundRecord) -> Bool {
    record.plan.step(name.step)?.keepsStragglers == true
  }

  /// With monitor, launcher and engine dead nothing but its environment tells a process.
  static func isBeyondReach(_ name: AttemptName, _ hasEnvironment: Bool, _ story: Story) -> Bool {
    !hasEnvironment && story.attempts[name]?.result?.outcome == "lost"
  }

  /// Nothing of an attempt goes on when its end is recorded.
  private static func afterEnds(_ record: RoundRecord, _ story: Story) -> [String] {
    var seen: Set<AttemptName> = []
    return record.ledger.compactMap { line in
      guard let attempt = story.attempts[line.attempt], let end = attempt.ended,
        line.microseconds > end.microseconds + record.readMicroseconds,
        !mayGoOn(line, attempt, record), seen.insert(line.attempt).inserted
      else { return nil }
      let late = line.microseconds - end.microseconds
      return
        "process \(line.process) of \(line.attempt) went on (\(line.what)) \(late) us after the end"
    }
  }

  private static func mayGoOn(
    _ line: LedgerLine, _ attempt: Story.Attempt, _ record: RoundRecord
  ) -> Bool {
    if line.isOfCommand { return attempt.result?.unkillable ?? 0 > 0 }
    if record.plan.step(line.attempt.step)?.keepsStragglers == true { return true }
    // A child without environment whose attempt was lost; the ledger does not say which it is.
    return attempt.result?.outcome == "lost"
      && record.plan.step(line.attempt.step)?.behaviour(ofAttempt: line.attempt.number)
        .hasStrippedChild == true
  }
}

extension Behaviour {
  /// Whether it leaves a child that nothing tells from other processes.
  fileprivate var hasStrippedChild: Bool {
    acts.contains { if case .child(let flags, _) = $0 { flags.contains("e") } else { false } }
  }
}
