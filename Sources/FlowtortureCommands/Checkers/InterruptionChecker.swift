/// Checks `Property.interruption`.
enum InterruptionChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    // A monitor that was told before it opened its record may belong to any attempt.
    var nameless = record.namelessTold
    return story.names.flatMap { name -> [String] in
      guard let result = story.attempts[name]?.result else { return [] }
      let end = record.ledger.last { $0.attempt == name && $0.isOfCommand && $0.isEnd }
      let told = record.toldMonitors[name] ?? []
      guard result.outcome == "interrupted" else { return missed(name, result, end, told, record) }
      if told.isEmpty { nameless -= 1 }
      if nameless < 0 { return ["\(name) is interrupted, but its monitor was not told to end"] }
      // A shell may end otherwise than the command that it ran.
      return end?.what == .exit(code: 0) && record.plan.step(name.step)?.program != .shell
        ? ["\(name) ended with 0, but the history says that it was interrupted"] : []
    }
  }

  /// A failure within the grace after the monitor was told must not count as one.
  private static func missed(
    _ name: AttemptName, _ result: AttemptResult, _ end: LedgerLine?,
    _ told: [ClosedRange<Int>], _ record: RoundRecord
  ) -> [String] {
    guard ["exited", "signalled"].contains(result.outcome), result.cause == "byItself",
      result.exitCode != 0, let end, let step = record.plan.step(name.step)
    else { return [] }
    // A monitor that was stopped sees an end only when it continues, perhaps after the grace.
    let seen = step.killGrace * 1_000 - 4 * record.lateMicroseconds - record.pausedMicroseconds
    let isMissed = told.contains {
      $0.upperBound <= end.microseconds
        && end.microseconds < $0.lowerBound + seen
    }
    return isMissed
      ? ["\(name) ended by \(end.what) after it was told to end, but the history has \(result)"]
      : []
  }
}
