/// Checks `Property.again`.
enum AgainChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    licences(record, story) + overlaps(record, story)
  }

  /// Every attempt except the first needs a decision that follows from the end of the one before.
  private static func licences(_ record: RoundRecord, _ story: Story) -> [String] {
    var problems: [String] = []
    var licensed: Set<String> = []
    var begun: Set<String> = []
    var ends = StepEnds(record.plan)
    for event in story.history {
      begun.subtract(ends.take(event.body).keys)
      switch event.body {
      case .scheduled(let attempt):
        if begun.contains(attempt.step), !licensed.contains(attempt.step) {
          problems.append("\(attempt) was scheduled, but no event says that the step runs again")
        }
        begun.insert(attempt.step)
        licensed.remove(attempt.step)
      case .withdrawn(let attempt), .retryScheduled(let attempt, _), .rerunScheduled(let attempt),
        .probeScheduled(let attempt):
        licensed.insert(attempt.step)
      case .engineStarted, .launched, .deadlinePassed, .ended, .found, .unsynced, .stopRequested,
        .expanded, .refusedItems, .stepFinished, .stepSkipped, .cancelRequested, .runStopping,
        .runConcluding, .runConcluded, .runFinished, .runReopened, .asked, .answered, .timePassed,
        .other:
        break
      }
    }
    return problems
  }

  /// No process of an attempt may be active once a later attempt of its step has started.
  private static func overlaps(_ record: RoundRecord, _ story: Story) -> [String] {
    var starts: [String: [(number: Int, at: Int)]] = [:]
    for line in record.ledger where line.isStart {
      starts[line.attempt.step, default: []].append((line.attempt.number, line.microseconds))
    }
    var seen: Set<AttemptName> = []
    let bare = record.bareProcesses
    return record.ledger.compactMap { line in
      if bare.contains(line.process), OrphanChecker.isBeyondReach(line.attempt, record, story) {
        return nil
      }
      if !line.isOfCommand, OrphanChecker.keeps(line.attempt, record, story) { return nil }
      let later = (starts[line.attempt.step] ?? [])
        .first { $0.number > line.attempt.number && $0.at <= line.microseconds }
      guard let later, seen.insert(line.attempt).inserted else { return nil }
      return "process \(line.process) of \(line.attempt) was active (\(line.what)) "
        + "\(line.microseconds - later.at) us after attempt \(later.number) had started"
    }
  }
}
