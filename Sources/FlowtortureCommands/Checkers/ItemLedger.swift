/// What the ledger says of items, as a part of `Property.forEach`.
enum ItemLedger {
  /// A command is told its own item, and one without an item is told none.
  static func told(_ record: RoundRecord) -> [String] {
    record.ledger.compactMap { line in
      guard line.isStart else { return nil }
      let item = record.plan.step(line.attempt.step)?.child?.item
      let expected = item.map { [$0, $0] } ?? []
      return line.items == expected
        ? nil : "\(line.attempt) was told the item \(line.items), and it is \(expected)"
    }
  }

  static func check(_ record: RoundRecord, _ forEach: NodePlan) -> [String] {
    let lines = record.ledger.filter {
      $0.isOfCommand && record.plan.step($0.attempt.step)?.child != nil
    }
    return once(lines, record) + order(lines, record)
      + (forEach.jobs.map { beside(lines, atMost: $0) } ?? [])
  }

  /// A step in a round of the run.
  private struct Turn: Hashable {
    let step: String
    let round: Int
  }

  /// The round of the run at a moment.
  private static func rounds(_ record: RoundRecord) -> (Int) -> Int {
    let begins = record.history.compactMap { event in
      if case .runReopened = event.body { event.microseconds } else { nil }
    }
    return { moment in begins.count { $0 <= moment } }
  }

  /// Nothing starts for an item that is done. The time of its end can be before what led to it.
  private static func once(_ lines: [LedgerLine], _ record: RoundRecord) -> [String] {
    let round = rounds(record)
    var done: [Turn: Int] = [:]
    for event in record.history {
      guard case .ended(let attempt, let result) = event.body, result.hasSucceeded else { continue }
      let turn = Turn(step: attempt.step, round: round(event.microseconds))
      done[turn] = min(done[turn] ?? .max, attempt.number)
    }
    return lines.compactMap { line in
      let turn = Turn(step: line.attempt.step, round: round(line.microseconds))
      guard line.isStart, let done = done[turn], line.attempt.number > done else { return nil }
      return "\(line.attempt) started, although attempt \(done) has succeeded"
    }
  }

  /// In a chain a step starts after the last sign of life of those that it needs.
  private static func order(_ lines: [LedgerLine], _ record: RoundRecord) -> [String] {
    let round = rounds(record)
    var last: [Turn: Int] = [:]
    for line in lines {
      let turn = Turn(step: line.attempt.step, round: round(line.microseconds))
      last[turn] = max(last[turn] ?? 0, line.microseconds)
    }
    return lines.filter(\.isStart).flatMap { line in
      (record.plan.step(line.attempt.step)?.child?.needs ?? []).compactMap { need in
        let turn = Turn(step: need, round: round(line.microseconds))
        guard let end = last[turn], end > line.microseconds else { return nil }
        return "\(line.attempt) started \(end - line.microseconds) us before the end of \(need)"
      }
    }
  }

  /// No more items than `jobs` of the node have a living command at once.
  private static func beside(_ lines: [LedgerLine], atMost jobs: Int) -> [String] {
    var lives: [AttemptName: (first: Int, last: Int)] = [:]
    for line in lines {
      let life = lives[line.attempt] ?? (line.microseconds, line.microseconds)
      lives[line.attempt] = (min(life.first, line.microseconds), max(life.last, line.microseconds))
    }
    let turns = lives.values.flatMap { [($0.first, 1), ($0.last, -1)] }
    var count = 0
    // What ends at a moment makes room for what begins then.
    for (moment, change) in turns.sorted(by: { ($0.0, $0.1) < ($1.0, $1.1) }) {
      count += change
      if count > jobs { return ["\(count) items ran at once at \(moment), and jobs is \(jobs)"] }
    }
    return []
  }
}
