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
      return keeps(name, record) || !hasEnvironment && isBeyondReach(name, record, story)
    case .unknown:
      // It ended before it could be asked; but it has written into the ledger.
      let line = record.ledger.last { $0.process == leftover.process }
      return line.map { keeps($0.attempt, record) } ?? false
    }
  }

  private static func keeps(_ name: AttemptName, _ record: RoundRecord) -> Bool {
    record.plan.step(name.step)?.keepsStragglers == true
  }

  /// With monitor and launcher dead nothing but its environment tells a process; and where some may
  /// stay, what has none is left alone.
  static func isBeyondReach(_ name: AttemptName, _ record: RoundRecord, _ story: Story) -> Bool {
    story.attempts[name]?.result?.outcome == "lost"
      && (record.hasKilledLaunchers || record.plan.steps.contains(where: \.keepsStragglers))
  }

  /// Nothing of an attempt goes on when its end is recorded.
  private static func afterEnds(_ record: RoundRecord, _ story: Story) -> [String] {
    var seen: Set<AttemptName> = []
    let bare = record.bareProcesses
    return record.ledger.compactMap { line in
      guard let attempt = story.attempts[line.attempt], let end = attempt.ended,
        line.microseconds > end.microseconds + tolerance(attempt, record),
        !mayGoOn(line, attempt, record),
        !(bare.contains(line.process) && isBeyondReach(line.attempt, record, story)),
        seen.insert(line.attempt).inserted
      else { return nil }
      let late = line.microseconds - end.microseconds
      return
        "process \(line.process) of \(line.attempt) went on (\(line.what)) \(late) us after the end"
    }
  }

  /// That an attempt is lost is recorded with the time when somebody began to look for its remains.
  private static func tolerance(_ attempt: Story.Attempt, _ record: RoundRecord) -> Int {
    attempt.result?.outcome == "lost" ? record.slackMicroseconds : record.readMicroseconds
  }

  private static func mayGoOn(
    _ line: LedgerLine, _ attempt: Story.Attempt, _ record: RoundRecord
  ) -> Bool {
    if line.isOfCommand { return attempt.result?.unkillable ?? 0 > 0 }
    return keeps(line.attempt, record)
  }
}

extension RoundRecord {
  /// Processes of steps that run without an environment.
  var bareProcesses: Set<Int32> {
    Set(
      ledger.compactMap { line in
        if case .child(let flags) = line.what, flags.contains("e") { line.process } else { nil }
      })
  }
}
