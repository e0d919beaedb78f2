import FlowStorage

/// What goes wrong with operations on the disk.
extension World {
  // MARK: Operations that change something

  func drawVerdict(
    _ operation: SimulatedStorage.Operation, needsRoom: Bool
  ) -> SimulatedStorage.Verdict {
    if needsRoom && isDiskFull {
      hit(.diskFull)
      return .refused(.noSpace)
    }
    if operation == .sync { return drawSync(times: 1) }
    if operation == .write, cutsNextWrite {
      cutsNextWrite = false
      return fail(operation, .noSpace)
    }
    guard isFaulty(times: 1) else { return .done }
    // Nothing is known of a sync before it is done.
    if operation == .startSync { return fail(operation, .ioError) }
    return fail(operation, [.ioError, .noSpace, .failsAfterwards][draw(below: 3)])
  }

  private func fail(
    _ operation: SimulatedStorage.Operation, _ fault: Fault
  ) -> SimulatedStorage.Verdict {
    note(fault, "\(operation)")
    switch fault {
    case .noSpace: return .refused(.noSpace)
    case .failsAfterwards: return .doneAndRefused(.inputOutput)
    default: return .refused(.inputOutput)
    }
  }

  /// What a sync comes to.
  func drawSync(times factor: Int) -> SimulatedStorage.Verdict {
    if !isHealed, options.tier == .hostile, !isVisited,
      choices.happens(.hostileDisk, perMille: options.hostilePerMille)
    {
      hit(.syncPretends)
      trace.note(.diskBetrays, nil, "\(Fault.syncPretends)")
      return .pretended
    }
    guard isFaulty(times: factor) else { return .done }
    let faults: [Fault] = [.syncKeeps, .syncDrops, .syncReverts, .syncTears, .failsAfterwards]
    let fault = faults[draw(below: faults.count)]
    note(fault, "sync")
    switch fault {
    case .syncKeeps: return .refused(.inputOutput)
    case .failsAfterwards: return .doneAndRefused(.inputOutput)
    default:
      let landed = fault == .syncTears ? draw(below: 1_000) : 0
      let isReverting =
        fault == .syncReverts
        || fault == .syncTears && choices.happens(.storageFault, perMille: 500)
      droppedInBoot = boot
      return .dropped(.inputOutput, landedPerMille: landed, reverting: isReverting)
    }
  }

  func acceptedBytes(of count: Int) -> Int {
    guard count > 1, !isHealed, !isVisited,
      choices.happens(.shortWrite, perMille: options.shortWritePerMille)
    else { return count }
    hit(.shortWrite)
    cutsNextWrite =
      options.storageErrorPerMille > 0 && choices.happens(.shortWrite, perMille: 200)
    return count - 1 - choices.choose(.shortWrite, below: count - 1)
  }

  private func isFaulty(times factor: Int) -> Bool {
    !isHealed && choices.happens(.storageFault, perMille: options.storageErrorPerMille * factor)
  }

  private func note(_ fault: Fault, _ operation: String) {
    hit(fault)
    ledger.befell(.disk, at: now)
    trace.note(.storageFailed, nil, "\(operation): \(fault)")
  }

  private func draw(below count: Int) -> Int { choices.choose(.storageFault, below: count) }

  // MARK: Operations that change nothing

  /// With what error one fails, if it does. The locks of Linux do not.
  func judgeLook(_ look: SimulatedStorage.Look) -> Errno? {
    // What others than the engine do has faults of its own.
    if isVisited || isHealed || isEngineDead || storage.user != SimulatedStorage.engine {
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
    note(fault, "\(look)")
    return fault == .tooManyFiles ? .tooManyOpenFiles : .inputOutput
  }

  func deliveredBytes(of count: Int) -> Int {
    guard !isVisited, !isHealed, !isEngineDead, storage.user == SimulatedStorage.engine,
      choices.happens(.shortRead, perMille: options.shortReadPerMille)
    else { return count }
    hit(.shortRead)
    return count - 1 - choices.choose(.shortRead, below: count - 1)
  }

  // MARK: Cleaners

  /// Somebody may remove the lock file of the run; then another engine may come.
  ///
  /// - Parameter factor: how much likelier than at an operation of the engine.
  func letCleanerCome(times factor: Int = 1) {
    if isHealed { return }
    if choices.happens(.cleaner, perMille: options.cleanerPerMille * factor) {
      guard visit({ checkers.removeLock() }) else { return }
      hit(.lockFileRemoved)
      trace.note(.lockRemoved, nil, "")
    }
    // Soon: before the engine looks.
    if !isEngineDead, checkers.mayBeTaken, choices.happens(.cleaner, perMille: 300) {
      guard visit({ checkers.takeRun() }) else { return }
      hit(.runTakenOver)
      trace.note(.runTaken, nil, "")
    }
  }

  // MARK: Disks that keep no promise

  /// While no engine is there, and nobody has in memory what the disk held.
  func betrayDisk() {
    guard !isHealed, options.tier == .hostile,
      choices.happens(.hostileDisk, perMille: options.hostilePerMille * 50),
      let fault = storage.betray({ [choices] in choices.choose(.hostileDisk, below: $0) })
    else { return }
    hit(fault)
    trace.note(.diskBetrays, nil, "\(fault)")
  }
}
