import FlowCore
import FlowRuntime
import FlowStorage

/// Decides each operation on the disk: of the engine, of a monitor, or of a visitor.
extension World {
  /// The storage asks the world from now on.
  func attachDisk() {
    if options.readErrorPerMille > 0 {
      storage.failedLook = { [unowned self] in failedLook($0) }
    }
    if options.shortReadPerMille > 0 {
      storage.deliveredBytes = { [unowned self] in deliveredBytes(of: $0) }
    }
    if options.operationMicroseconds > 0 {
      storage.onChange = { [unowned self] in operationTakesTime() }
    }
    storage.lacksAllocation = options.lacksAllocation
    storage.wallMicroseconds = { [unowned self] in wallNow.microseconds }
    storage.decide = { [unowned self] in decide($0, needsSpace: $1) }
    storage.acceptedBytes = { [unowned self] in acceptedBytes(of: $0) }
    storage.onSyncStarted = { [unowned self] in
      let latency = choices.choose(.syncLatency, below: options.syncMicroseconds + 1)
      arrange(.syncDone(life: engine.life), afterMicroseconds: Int64(latency))
    }
  }

  /// The disk has no space for a while, or has some again.
  func fillDisk(_ isFull: Bool) {
    disk.isFull = isFull && !isHealed
    // Operations that it refuses count as faults; as a mishap it counts once.
    if disk.isFull { ledger.befell(.disk, at: now) }
    trace.note(.diskFull, nil, isFull ? "has no space" : "has space again")
  }

  /// The disk has no inode for a new file or folder for a while, and space for everything else.
  func useUpInodes(_ areGone: Bool) {
    disk.lacksInodes = areGone && !isHealed
    if disk.lacksInodes { ledger.befell(.disk, at: now) }
    trace.note(.diskFull, nil, areGone ? "has no inode" : "has inodes again")
  }

  private func decide(
    _ operation: SimulatedStorage.Operation, needsSpace: Bool
  ) -> DiskDecision {
    if visitors.arePresent { return visitors.decide() }
    if storage.user != SimulatedStorage.engine {
      return decideRecord(operation, needsSpace: needsSpace)
    }
    trace.tell(.storage) { "\(operation)" }
    letReadersLook()
    letCleanerCome()
    guard engineGoesOn(at: operation.crashPoint) else { return .refused(.inputOutput) }
    if operation == .syncDirectory { checkers.syncsNames() }
    let decision = drawDecision(operation, needsSpace: needsSpace)
    noteSpace(operation, needsSpace: needsSpace, decision)
    return decision
  }

  /// Keeps in mind what the engine can know of the space on the disk.
  private func noteSpace(
    _ operation: SimulatedStorage.Operation, needsSpace: Bool, _ decision: DiskDecision
  ) {
    if disk.isStaging { return }
    let lacksSpace = decision.lacksSpace
    switch operation {
    // The log reserves space before it writes, so that its writes find some.
    case .create, .reserve: if needsSpace || lacksSpace { disk.lacksSpace = lacksSpace }
    case .write:
      if lacksSpace { disk.lacksSpace = true }
      if lacksSpace || engine.mayWaitInSilence, let lock = run?.folder.lock,
        storage.isWriting(lock)
      {
        engine.mayWaitInSilence = lacksSpace
      }
    case .startSync: engine.mayWaitInSilence = false
    case .makeDirectory, .rename, .remove, .syncDirectory, .sync, .truncate:
      if lacksSpace { disk.lacksSpace = true }
    }
  }

  /// Of a monitor's operations. The engine does not die at them.
  private func decideRecord(
    _ operation: SimulatedStorage.Operation, needsSpace: Bool
  ) -> DiskDecision {
    if let fault = disk.lack(for: operation, needsSpace: needsSpace) {
      befell(fault)
      return .refused(.noSpace)
    }
    guard !isHealed, choices.happens(.recordFault, perMille: options.storageErrorPerMille)
    else { return .done }
    befell(.recordFails, cause: .disk)
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
    case .truncate: .write
    case .sync: .sync
    case .startSync: .startSync
    }
  }
}
