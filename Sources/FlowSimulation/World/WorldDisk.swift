import FlowRuntime
import FlowStorage

/// What becomes of operations on the disk.
extension World {
  func judge(
    _ operation: SimulatedStorage.Operation, needsRoom: Bool
  ) -> SimulatedStorage.Verdict {
    if isVisited { return judgeVisitor() }
    if storage.user != SimulatedStorage.engine { return judgeRecord(needsRoom: needsRoom) }
    trace.tell(.storage) { "\(operation)" }
    letReadersLook()
    letCleanerCome()
    guard engineGoesOn(at: operation.crashPoint) else { return .refused(.inputOutput) }
    if operation == .syncDirectory { checkers.syncsNames() }
    let verdict = drawVerdict(operation, needsRoom: needsRoom)
    switch operation {
    // What the log needs room for; all its writes find it.
    case .create, .reserve:
      if needsRoom || verdict.isOutOfSpace { lacksRoom = verdict.isOutOfSpace }
    case .write:
      if verdict.isOutOfSpace { lacksRoom = true }
      if verdict.isOutOfSpace || mayWaitInSilence, let runFolder,
        storage.isWriting(runFolder.lock)
      {
        mayWaitInSilence = verdict.isOutOfSpace
      }
    case .startSync: mayWaitInSilence = false
    case .makeDirectory, .rename, .remove, .syncDirectory, .sync:
      if verdict.isOutOfSpace { lacksRoom = true }
    }
    return verdict
  }

  /// Who does not come to the end of what he wants dies on the way.
  private func judgeVisitor() -> SimulatedStorage.Verdict {
    guard let operations = visitorOperations else { return .done }
    visitorOperations = operations - 1
    return operations > 0 ? .done : .refused(.inputOutput)
  }

  /// Of a monitor's operations: none of them is a moment at which the engine dies.
  private func judgeRecord(needsRoom: Bool) -> SimulatedStorage.Verdict {
    if needsRoom && isDiskFull {
      hit(.diskFull)
      return .refused(.noSpace)
    }
    guard !isHealed, choices.happens(.recordFault, perMille: options.storageErrorPerMille)
    else { return .done }
    hit(.recordFails)
    ledger.befell(.disk, at: now)
    let isFull = choices.happens(.recordFault, perMille: 500)
    return .refused(isFull ? .noSpace : .inputOutput)
  }
}

extension SimulatedStorage.Operation {
  fileprivate var crashPoint: CrashPoint {
    switch self {
    case .makeDirectory: .makeDirectory
    case .rename: .rename
    case .remove: .remove
    case .syncDirectory: .syncDirectory
    case .create: .create
    case .write: .write
    case .reserve: .reserve
    case .sync: .sync
    case .startSync: .startSync
    }
  }
}
