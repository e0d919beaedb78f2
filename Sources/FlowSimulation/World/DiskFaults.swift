import FlowStorage

/// What goes wrong with the engine's operations on the disk.
extension World {
  // MARK: Operations that change something

  func drawDecision(
    _ operation: SimulatedStorage.Operation, needsSpace: Bool
  ) -> DiskDecision {
    if let fault = disk.lack(for: operation, needsSpace: needsSpace) {
      befell(fault)
      return .refused(.noSpace)
    }
    if operation == .sync { return drawSync(times: 1) }
    if operation == .write, disk.cutsNextWrite {
      disk.cutsNextWrite = false
      return fail(operation, .noSpace)
    }
    guard isFaulty(times: 1) else { return .done }
    // Nothing is known of a sync before it is done.
    if operation == .startSync { return fail(operation, .ioError) }
    return fail(operation, [.ioError, .noSpace, .failsAfterwards][draw(below: 3)])
  }

  private func fail(_ operation: SimulatedStorage.Operation, _ fault: Fault) -> DiskDecision {
    fails(fault, "\(operation)")
    switch fault {
    case .noSpace: return .refused(.noSpace)
    case .failsAfterwards: return .doneAndRefused(.inputOutput)
    default: return .refused(.inputOutput)
    }
  }

  /// How a sync ends.
  func drawSync(times factor: Int) -> DiskDecision {
    if !isHealed, options.tier == .hostile, !visitors.arePresent,
      choices.happens(.hostileDisk, perMille: options.hostilePerMille)
    {
      befell(.syncPretends, note: "\(Fault.syncPretends)")
      return .pretended
    }
    guard isFaulty(times: factor) else { return .done }
    let faults: [Fault] = [.syncKeeps, .syncDrops, .syncReverts, .syncTears, .failsAfterwards]
    let fault = faults[draw(below: faults.count)]
    fails(fault, "sync")
    switch fault {
    case .syncKeeps: return .refused(.inputOutput)
    case .failsAfterwards: return .doneAndRefused(.inputOutput)
    default:
      let landed = fault == .syncTears ? draw(below: 1_000) : 0
      let isReverting =
        fault == .syncReverts
        || fault == .syncTears && choices.happens(.storageFault, perMille: 500)
      disk.droppedInBoot = machine.boot
      return .dropped(.inputOutput, landedPerMille: landed, reverting: isReverting)
    }
  }

  func acceptedBytes(of count: Int) -> Int {
    guard count > 1, !isHealed, !visitors.arePresent, storage.user == SimulatedStorage.engine,
      choices.happens(.shortWrite, perMille: options.shortWritePerMille)
    else { return count }
    befell(.shortWrite)
    disk.cutsNextWrite =
      options.storageErrorPerMille > 0 && choices.happens(.shortWrite, perMille: 200)
    return count - 1 - choices.choose(.shortWrite, below: count - 1)
  }

  private func isFaulty(times factor: Int) -> Bool {
    !isHealed && choices.happens(.storageFault, perMille: options.storageErrorPerMille * factor)
  }

  private func fails(_ fault: Fault, _ operation: String) {
    befell(fault, cause: .disk, note: "\(operation): \(fault)")
  }

  private func draw(below count: Int) -> Int { choices.choose(.storageFault, below: count) }

  // MARK: Operations that change nothing

  /// With what error one fails, if it does. Locks do not fail on Linux.
  func failedLook(_ look: SimulatedStorage.Look) -> Errno? {
    // The operations of visitors have faults of their own.
    if visitors.arePresent || isHealed || engine.isDead
      || storage.user != SimulatedStorage.engine
    {
      return nil
    }
    if look == .lock { return nil }
    guard choices.happens(.look, perMille: options.readErrorPerMille) else { return nil }
    let fault: Fault =
      switch look {
      case .close: .closeFails
      case .open: choices.happens(.look, perMille: 500) ? .tooManyFiles : .readFails
      case .list, .inspect, .size, .read, .lock: .readFails
      }
    fails(fault, "\(look)")
    return fault == .tooManyFiles ? .tooManyOpenFiles : .inputOutput
  }

  func deliveredBytes(of count: Int) -> Int {
    guard !visitors.arePresent, !isHealed, !engine.isDead,
      storage.user == SimulatedStorage.engine,
      choices.happens(.shortRead, perMille: options.shortReadPerMille)
    else { return count }
    befell(.shortRead)
    return count - 1 - choices.choose(.shortRead, below: count - 1)
  }

  // MARK: Hostile disks

  /// While no engine is there, so that no process has in memory what the disk held.
  func betrayDisk() {
    guard !isHealed, options.tier == .hostile,
      choices.happens(.hostileDisk, perMille: options.hostilePerMille * 50),
      let fault = storage.betray({ [choices] in choices.choose(.hostileDisk, below: $0) })
    else { return }
    befell(fault, note: "\(fault)")
  }
}
