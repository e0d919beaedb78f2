/// Checks `Property.ends`.
enum EndChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    var problems: [String] = []
    for name in story.names {
      guard let result = story.attempts[name]?.result, let step = record.plan.step(name.step)
      else { continue }
      let lines = record.ledger.filter { $0.attempt == name && $0.isOfCommand }
      let end = lines.last { $0.isEnd }
      problems += check(name, result, lines, end, step, record)
    }
    return problems
  }

  private static func check(
    _ name: AttemptName, _ result: AttemptResult, _ lines: [LedgerLine], _ end: LedgerLine?,
    _ step: StepPlan, _ record: RoundRecord
  ) -> [String] {
    switch result.outcome {
    case "exited", "signalled", "outputRefused":
      guard let end else {
        // SIGKILL may have hit the monitor's child before it became the command.
        let mayBeKilled = record.plan.mode == .all && result.signal == 9 && lines.isEmpty
        return mayBeKilled || lackedProcess(result, lines, step, record)
          ? [] : ["\(name) ended as \(result), but its command wrote no end into the ledger"]
      }
      return compare(name, result, end, step, record) + checkOutput(name, end, step, record)
    case "launchFailed":
      if !lines.isEmpty { return ["\(name) ran, but the history says that its launch failed"] }
      return step.program == .missing
        ? [] : ["\(name) can be started, but the history says that its launch failed"]
    default: return []
    }
  }

  /// Whether the shell found no process for the step program.
  private static func lackedProcess(
    _ result: AttemptResult, _ lines: [LedgerLine], _ step: StepPlan, _ record: RoundRecord
  ) -> Bool {
    record.wasLimited && step.program == .shell && result.exitCode == 2 && lines.isEmpty
  }

  private static func compare(
    _ name: AttemptName, _ result: AttemptResult, _ end: LedgerLine, _ step: StepPlan,
    _ record: RoundRecord
  ) -> [String] {
    // No shell runs a probe.
    let isShell =
      step.program == .shell && !record.ledger.contains { $0.attempt == name && $0.what == .probe }
    let isRight =
      switch end.what {
      case .exit(let code): result.exitCode == code
      case .die(let signal):
        result.signal == signal || isShell && result.exitCode == 128 + signal
      case .start, .probe, .beat, .took, .put, .list, .child, .childBeat, .childEnd: false
      }
    return isRight ? [] : ["\(name) ended by \(end.what), but the history has \(result)"]
  }

  private static func checkOutput(
    _ name: AttemptName, _ end: LedgerLine, _ step: StepPlan, _ record: RoundRecord
  ) -> [String] {
    let isProbe = record.ledger.contains { $0.attempt == name && $0.what == .probe }
    // Outputs are not synced.
    guard !record.wasDiskFull, record.cuts.isEmpty,
      let output = record.outputs.first(where: { $0.attempt == name })
    else { return [] }
    let behaviour = isProbe ? step.probe : step.behaviour(ofAttempt: name.number)
    let printed = behaviour.printedBytes
    // A shell prints a message if its child died.
    let isCommented = step.program == .shell && !isProbe && end.isDeath
    let isWhole = isCommented || output.byteCount == printed
    if isWhole, output.rightCount >= printed { return [] }
    return [
      "\(name) printed \(printed) bytes and ended by \(end.what), but its output has "
        + "\(output.byteCount) bytes, of which the first \(output.rightCount) are right"
    ]
  }
}

extension LedgerLine {
  fileprivate var isDeath: Bool { if case .die = what { true } else { false } }
}
