/// Checks `Property.orphans`.
enum OrphanChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    afterEnds(record, story)
      + record.stragglers.compactMap { straggler in
        mayStay(straggler, record, story)
          ? nil
          : "process \(straggler.process) outlived the run: \(straggler.owner) \(straggler.line)"
      }
  }

  private static func mayStay(
    _ straggler: Straggler, _ record: RoundRecord, _ story: Story
  ) -> Bool {
    switch straggler.owner {
    case .flow: return false
    case .step(let name, let hasEnvironment):
      return keeps(name, record, story) || !hasEnvironment && isBeyondReach(name, record, story)
    case .unknown:
      // It ended before its environment could be read, but it wrote into the ledger.
      let line = record.ledger.last { $0.process == straggler.process }
      return line.map { line in
        let isBare = record.bareProcesses.contains(line.process)
        return keeps(line.attempt, record, story)
          || isBare && isBeyondReach(line.attempt, record, story)
      } ?? false
    }
  }

  /// An attempt that was interrupted leaves nothing.
  static func keeps(
    _ name: AttemptName, _ record: RoundRecord, _ story: Story
  ) -> Bool {
    record.plan.step(name.step)?.keepsStragglers == true
      && story.attempts[name]?.result?.outcome != "interrupted"
  }

  /// Without monitor and launcher only its environment identifies a process. A process without one is left
  /// alone if some stragglers may stay.
  static func isBeyondReach(_ name: AttemptName, _ record: RoundRecord, _ story: Story) -> Bool {
    story.attempts[name]?.result?.outcome == "lost"
      && (record.hasKilledLaunchers || record.plan.steps.contains(where: \.keepsStragglers))
  }

  /// No process of an attempt may be active after the attempt's recorded end.
  private static func afterEnds(_ record: RoundRecord, _ story: Story) -> [String] {
    var seen: Set<AttemptName> = []
    let bare = record.bareProcesses
    return record.ledger.compactMap { line in
      guard let attempt = story.attempts[line.attempt], let end = attempt.ended,
        line.microseconds > end.microseconds + tolerance(attempt, record),
        !mayGoOn(line, attempt, record, story),
        !(bare.contains(line.process) && isBeyondReach(line.attempt, record, story)),
        seen.insert(line.attempt).inserted
      else { return nil }
      let late = line.microseconds - end.microseconds
      return
        "process \(line.process) of \(line.attempt) was active (\(line.what)) \(late) us after the end"
    }
  }

  /// The end of a lost attempt carries the time at which the search for its processes began.
  private static func tolerance(_ attempt: Story.Attempt, _ record: RoundRecord) -> Int {
    attempt.result?.outcome == "lost" ? record.slackMicroseconds : record.readMicroseconds
  }

  private static func mayGoOn(
    _ line: LedgerLine, _ attempt: Story.Attempt, _ record: RoundRecord, _ story: Story
  ) -> Bool {
    if line.isOfCommand { return attempt.result?.unkillable ?? 0 > 0 }
    return keeps(line.attempt, record, story)
  }
}

extension RoundRecord {
  /// Processes of steps that have no environment.
  var bareProcesses: Set<Int32> {
    Set(
      ledger.compactMap { line in
        if case .child(let flags) = line.what, flags.contains("e") { line.process } else { nil }
      })
  }
}
