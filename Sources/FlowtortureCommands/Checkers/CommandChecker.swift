import FlowSystem

/// Checks how each process of `flow` ended, as a part of `Property.said`.
enum CommandChecker {
  static func check(_ command: CommandRecord, _ record: RoundRecord) -> [String] {
    let problem: String? =
      switch command.ending {
      case nil: "has not ended"
      case .signal(let number): mayDie(number, command) ? nil : "died by signal \(number)"
      case .exit(let code): mayExit(code, command, record) ? nil : "exited with \(code)"
      }
    return problem.map { problem in
      ["\(command.kind.rawValue) (process \(command.process)) \(problem): \(command.errors)"]
    } ?? []
  }

  /// Until a process handles signals, any signal kills it.
  private static func mayDie(_ signal: Int, _ command: CommandRecord) -> Bool {
    signal == 9 && command.wasKilled || signal == 15 && command.wasTerminated
      || signal == 2 && command.wasInterrupted
  }

  private static func mayExit(_ code: Int, _ command: CommandRecord, _ record: RoundRecord) -> Bool
  {
    switch command.kind {
    // The run may not exist yet, or its disk may be gone.
    case .reader: code == 0 || code == 4 || command.sawRunMissing
    // With `--detach` another process drives the run.
    case .run:
      mayDrive(code, command, record)
        // Its engine may have been told to end before there was a run.
        || record.plan.isDetached && (code == 0 || code == 6 && command.wasTerminated)
    case .restart:
      mayDrive(code, command, record)
        || code == 2 && (command.sawRunMissing || hadCompany(command, record))
    // There is nothing to rerun, or the run is not finished.
    case .restartFailed: mayDrive(code, command, record) || code == 2
    case .cancel:
      code == 0 && record.status.isFinished || code == 2 && command.sawRunMissing
        || code == 4 && (command.wasTerminated || command.wasInterrupted || command.sawLockRemoved)
        || code == 6 && mayFail(command)
    // What is refused rightly, its own checker knows.
    case .answer: [0, 2, 4].contains(code) || code == 6 && mayFail(command)
    case .earlierRun: code == (record.plan.outcomeBefore == "succeeded" ? 0 : 1)
    }
  }

  private static func mayDrive(_ code: Int, _ command: CommandRecord, _ record: RoundRecord) -> Bool
  {
    switch code {
    case 0, 1, 3: outcomes(record).contains(["succeeded", "failed", "", "cancelled"][code])
    // It was told to detach, or lost the run.
    case 4: command.wasTerminated || command.sawLockRemoved
    case 6: mayFail(command)
    default: false
    }
  }

  /// The outcomes of all rounds of the run.
  private static func outcomes(_ record: RoundRecord) -> [String] {
    record.history.compactMap {
      if case .runFinished(let outcome) = $0.body { outcome } else { nil }
    }
  }

  /// Whether the torture took storage away from the process.
  private static func mayFail(_ command: CommandRecord) -> Bool {
    command.sawLockRemoved || command.sawDiskFull || command.sawLimit
  }

  /// Whether another process that may drive the run was alive at the same time.
  private static func hadCompany(_ command: CommandRecord, _ record: RoundRecord) -> Bool {
    record.commands.contains { other in
      other.process != command.process && other.kind.drives
        && other.startedAt <= (command.endedAt ?? .max)
        && (other.endedAt ?? .max) >= command.startedAt
    } || record.plan.isDetached
  }
}
