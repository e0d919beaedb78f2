/// How a process of `flow` may end (`semantics.md`, exit codes).
enum CommandJudge {
  static func judge(_ command: CommandRecord, _ record: RoundRecord) -> [String] {
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

  /// Before it has got so far as to take signals in, a process dies by any.
  private static func mayDie(_ signal: Int, _ command: CommandRecord) -> Bool {
    signal == 9 && command.wasKilled || signal == 15 && command.wasTerminated
      || signal == 2 && command.wasInterrupted
  }

  private static func mayExit(_ code: Int, _ command: CommandRecord, _ record: RoundRecord) -> Bool
  {
    switch command.kind {
    // There may be no run yet, nor any more a disk to read it from.
    case .reader: code == 0 || code == 4 || command.sawRunMissing
    // One that is detached has started another, and that one drives.
    case .run: mayDrive(code, command, record) || code == 0 && record.plan.isDetached
    case .restart:
      mayDrive(code, command, record)
        || code == 2 && (command.sawRunMissing || hadCompany(command, record))
    // Nothing is left to run again, or the run goes on.
    case .restartFailed: mayDrive(code, command, record) || code == 2
    case .cancel:
      code == 0 && record.status.isFinished || code == 2 && command.sawRunMissing
        || code == 4 && (command.wasTerminated || command.wasInterrupted || command.sawLockRemoved)
        || code == 6 && mayFail(command)
    }
  }

  private static func mayDrive(_ code: Int, _ command: CommandRecord, _ record: RoundRecord) -> Bool
  {
    switch code {
    case 0, 1, 3: outcomes(record).contains(["succeeded", "failed", "", "cancelled"][code])
    // Told to leave, or it has no run any more that it could drive.
    case 4: command.wasTerminated || command.sawLockRemoved
    case 6: mayFail(command)
    default: false
    }
  }

  /// Of all rounds of the run.
  private static func outcomes(_ record: RoundRecord) -> [String] {
    record.history.compactMap {
      if case .runFinished(let outcome) = $0.body { outcome } else { nil }
    }
  }

  /// Storage that was taken away.
  private static func mayFail(_ command: CommandRecord) -> Bool {
    command.sawLockRemoved || command.sawDiskFull
  }

  /// Whether another process that may drive the run lived at the same time.
  private static func hadCompany(_ command: CommandRecord, _ record: RoundRecord) -> Bool {
    record.commands.contains { other in
      other.process != command.process && other.kind != .reader
        && other.startedAt <= (command.endedAt ?? .max)
        && (other.endedAt ?? .max) >= command.startedAt
    } || record.plan.isDetached
  }
}
