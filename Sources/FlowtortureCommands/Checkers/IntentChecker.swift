/// Checks `Property.intent`.
enum IntentChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    var problems = record.foreignLines.map { "invalid line in the ledger: \($0)" }
    var starts: [AttemptName: Int] = [:]
    for line in record.ledger {
      guard let attempt = story.attempts[line.attempt] else {
        problems.append("\(line.attempt) ran (\(line.what)), but the history has no intent")
        continue
      }
      guard line.isStart else { continue }
      starts[line.attempt, default: 0] += 1
      if line.microseconds < attempt.firstScheduled.microseconds {
        let early = attempt.firstScheduled.microseconds - line.microseconds
        problems.append("\(line.attempt) started \(early) us before its intent was recorded")
      }
      if (line.what == .probe) != attempt.isProbe {
        problems.append(
          "\(line.attempt) ran \(line.what), but the history has a \(attempt.isProbe ? "probe" : "start")"
        )
      }
    }
    for (attempt, count) in starts.sorted(by: { $0.key < $1.key }) where count > 1 {
      problems.append("\(attempt) was started \(count) times")
    }
    return problems
  }
}
