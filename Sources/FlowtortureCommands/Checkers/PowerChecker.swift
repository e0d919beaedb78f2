import FlowSystem

/// Checks `Property.power`. What flow has printed or confirmed is compared with what steps did afterwards,
/// without the history.
enum PowerChecker {
  static func check(_ record: RoundRecord) -> [String] {
    guard !record.cuts.isEmpty else { return [] }
    return ended(record) + cancelled(record)
  }

  /// A step whose success was shown may not start again, unless the history says that no sync had covered it.
  private static func ended(_ record: RoundRecord) -> [String] {
    var shown: [AttemptName: AttemptResult] = [:]
    var succeeded: [String: Int] = [:]
    for text in record.engineTexts + record.eventTexts {
      for line in text.split(separator: "\n") {
        guard let event = try? HistoryEvent(String(line)),
          case .ended(let attempt, let result) = event.body
        else { continue }
        shown[attempt] = result
        if record.history.contains(where: { $0.body == .unsynced(attempt) }) { continue }
        if result.hasSucceeded { succeeded[attempt.step] = event.microseconds }
      }
    }
    var problems: [String] = []
    for line in record.ledger where line.isStart && record.plan.beatsAgain == nil {
      if let end = succeeded[line.attempt.step], line.microseconds > end {
        problems.append("\(line.attempt) ran, although the step was shown to have succeeded")
      }
    }
    for (attempt, result) in shown.sorted(by: { $0.key < $1.key }) {
      let isKept = record.history.contains { $0.body == .ended(attempt, result) }
      if !isKept { problems.append("the end of \(attempt) was shown (\(result)), and is lost") }
    }
    return problems
  }

  /// A request that `flow cancel` has confirmed acts, unless the run had ended.
  private static func cancelled(_ record: RoundRecord) -> [String] {
    let isCancelled = record.history.contains {
      if case .cancelRequested = $0.body { true } else { false }
    }
    return record.commands.compactMap { command in
      guard command.kind == .cancel, command.ending == .exit(0), !isCancelled,
        let endedAt = command.endedAt, record.cuts.contains(where: { $0 >= endedAt })
      else { return nil }
      let hadEnded = record.history.contains {
        if case .runFinished = $0.body { $0.microseconds <= endedAt } else { false }
      }
      return hadEnded ? nil : "the request of process \(command.process) is lost"
    }
  }
}
