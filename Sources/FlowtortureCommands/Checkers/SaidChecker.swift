/// Checks `Property.said`.
enum SaidChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    record.eventTexts.flatMap { check(readerText: $0, record) }
      + record.engineTexts.flatMap { check(engineText: $0, record) }
      + record.statuses.flatMap { check($0, record, story) }
      + record.commands.flatMap { CommandChecker.check($0, record) }
  }

  // MARK: Events

  /// A reader shows the history from its beginning.
  private static func check(readerText text: String, _ record: RoundRecord) -> [String] {
    let said = wholeLines(text)
    if said.count > record.lines.count {
      return ["a reader showed \(said.count) events, but there are \(record.lines.count)"]
    }
    guard let index = said.indices.first(where: { said[$0] != record.lines[$0] }) else { return [] }
    return ["a reader showed \(said[index]), but the history has \(record.lines[index])"]
  }

  /// An engine shows durable events, beginning with the first that it wrote.
  private static func check(engineText text: String, _ record: RoundRecord) -> [String] {
    let said = wholeLines(text)
    guard let first = said.first else { return [] }
    guard let begin = try? HistoryEvent(first).sequence, begin >= 1 else {
      return ["an engine printed \(first), which is no event"]
    }
    for (index, line) in said.enumerated() {
      let place = begin - 1 + index
      if place >= record.lines.count {
        return ["an engine printed \(line), which is not in the history"]
      }
      if line != record.lines[place] {
        return ["an engine printed \(line), but the history has \(record.lines[place])"]
      }
    }
    return []
  }

  private static func wholeLines(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    // The text after the last line feed is empty or an incomplete line.
    if !lines.isEmpty { lines.removeLast() }
    return lines
  }

  // MARK: States

  private static func check(
    _ status: StatusReport, _ record: RoundRecord, _ story: Story
  ) -> [String] {
    var problems: [String] = []
    let again = successesThatRunAgain(record)
    for step in status.steps {
      guard let final = record.status.steps.first(where: { $0.id == step.id }) else {
        problems.append("status showed step \(step.id), which does not exist")
        continue
      }
      problems += compare(step, final)
      // A step that had not succeeded may have run again since, and what came after it.
      let isEnd =
        step.state == "succeeded"
        ? !again.contains(step.id) : record.plan.beatsAgain == nil && step.isSettled
      if isEnd, step.state != final.state {
        problems.append("status showed \(step.id) as \(step.state), but it is \(final.state)")
      }
    }
    // A run can succeed although some steps failed, and these can run again.
    let isComplete = status.steps.allSatisfy { $0.state == "succeeded" }
    let mayChange = record.plan.beatsAgain != nil && !isComplete
    if status.isFinished, !mayChange, status.state != record.status.state {
      problems.append(
        "status showed the run as \(status.state), but it is \(record.status.state)")
    }
    return problems
  }

  /// The steps that had succeeded when another round began, and did not keep their end.
  private static func successesThatRunAgain(_ record: RoundRecord) -> Set<String> {
    var ends = StepEnds(record.plan)
    return Set(
      record.history.flatMap { event in
        ends.take(event.body).filter { $0.value == "succeeded" }.keys
      })
  }

  private static func compare(
    _ step: StatusReport.Step, _ final: StatusReport.Step
  ) -> [String] {
    step.attempts.compactMap { attempt in
      guard attempt.outcome != nil else { return nil }
      let now = final.attempts.first { $0.number == attempt.number }
      return now == attempt
        ? nil : "status showed \(step.id)@\(attempt.number) as \(attempt), but it is \(now as Any)"
    }
  }
}

extension StatusReport.Step {
  fileprivate var isSettled: Bool {
    ["succeeded", "failed", "skipped", "cancelled"].contains(state)
  }
}
