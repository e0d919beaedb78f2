/// Checks `Property.timeout`.
enum TimeoutChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    story.names.compactMap { name in
      guard let step = record.plan.step(name.step), let timeout = step.timeout,
        let attempt = story.attempts[name], let result = attempt.result,
        // Only a monitor enforces it, and a lost attempt has none.
        result.outcome != "lost"
      else { return nil }
      let limit = (timeout + step.killGrace) * 1_000 + record.slackMicroseconds
      if result.durationMicroseconds > limit {
        return "\(name) took \(result.durationMicroseconds) us, with a limit of \(limit)"
      }
      let lines = record.ledger.filter {
        $0.attempt == name && ($0.isOfCommand || !step.keepsStragglers)
      }
      guard let start = lines.first(where: \.isStart), let last = lines.last,
        last.microseconds - start.microseconds > limit
      else { return nil }
      return
        "\(name) was active for \(last.microseconds - start.microseconds) us, with a limit of \(limit)"
    }
  }
}
