enum EndOracle {
  static func judge(_ record: RoundRecord, _ story: Story) -> [String] {
    var problems: [String] = []
    for name in story.names {
      guard let result = story.attempts[name]?.result, let step = record.plan.step(name.step)
      else { continue }
      let lines = record.ledger.filter { $0.attempt == name && $0.isOfCommand }
      let end = lines.last { $0.isEnd }
      problems += judge(name, result, lines, end, step, record)
    }
    return problems
  }

  private static func judge(
    _ name: AttemptName, _ result: AttemptResult, _ lines: [LedgerLine], _ end: LedgerLine?,
    _ step: StepPlan, _ record: RoundRecord
  ) -> [String] {
    switch result.outcome {
    case "exited", "signalled":
      guard let end else {
        // SIGKILL may have met a monitor's child before it was the command.
        let mayBeKilled = record.plan.mode == .all && result.signal == 9 && lines.isEmpty
        return mayBeKilled ? [] : ["\(name) ended as \(result), and its command says nothing of it"]
      }
      return compare(name, result, end, step, record) + judgeOutput(name, end, step, record)
    case "launchFailed":
      return lines.isEmpty ? [] : ["\(name) was not launched, says the history, and ran"]
    default: return []
    }
  }

  private static func compare(
    _ name: AttemptName, _ result: AttemptResult, _ end: LedgerLine, _ step: StepPlan,
    _ record: RoundRecord
  ) -> [String] {
    // A probe is never run by a shell.
    let isShell =
      step.program == .shell && !record.ledger.contains { $0.attempt == name && $0.what == .probe }
    let isRight =
      switch end.what {
      case .exit(let code): result.exitCode == code
      case .die(let signal):
        result.signal == signal || isShell && result.exitCode == 128 + signal
      case .start, .probe, .beat, .child, .childBeat, .childEnd: false
      }
    return isRight ? [] : ["\(name) ended by \(end.what), and the history has \(result)"]
  }

  private static func judgeOutput(
    _ name: AttemptName, _ end: LedgerLine, _ step: StepPlan, _ record: RoundRecord
  ) -> [String] {
    let isProbe = record.ledger.contains { $0.attempt == name && $0.what == .probe }
    guard !record.wasDiskFull, let output = record.outputs.first(where: { $0.attempt == name })
    else { return [] }
    let behaviour = isProbe ? step.probe : step.behaviour(ofAttempt: name.number)
    let printed = behaviour.printedBytes
    // A shell has something to say of a child that died.
    let isCommented = step.program == .shell && !isProbe && end.isDeath
    let isWhole = isCommented || output.byteCount == printed
    if isWhole, output.rightCount >= printed { return [] }
    return [
      "\(name) printed \(printed) bytes and ended by \(end.what), and of its output "
        + "\(output.byteCount) bytes are there, the first \(output.rightCount) of them right"
    ]
  }
}

extension LedgerLine {
  fileprivate var isDeath: Bool { if case .die = what { true } else { false } }

  fileprivate var isEnd: Bool {
    switch what {
    case .exit, .die: true
    case .start, .probe, .beat, .child, .childBeat, .childEnd: false
    }
  }
}
