import FlowCore

extension AttemptSupervisor {
  /// Finds out from its record what has become of an attempt that nobody tells of, and goes on with
  /// it. It has been sent, and its monitor is gone, or not watched.
  func look(at attempt: AttemptID) {
    guard let request = attempts[attempt]?.request else { return }
    guard let sighting = see(request) else { return linger(attempt) }
    switch settlement(of: sighting) {
    case .neverLaunched: neverLaunched(attempt)
    case .ended: endAsNoted(attempt, sighting)
    case .runs: watch(attempt, sighting)
    case .lost: end(attempt, sweep(request))
    // Nothing of this engine's can run elsewhere: it cannot be reached, and the lock tells of its
    // end.
    case .awaitsLock, .runsElsewhere: linger(attempt)
    case .historyIsMissing: preconditionFailure("an intent of this engine is known")
    }
  }

  /// Of an attempt of this engine.
  private func settlement(of sighting: RecordSighting) -> AttemptFate {
    let recorded = sighting.record?.start?.host
    return AttemptFate(
      sighting.kind, isLocked: sighting.isLocked, isSameHost: recorded == nil || recorded == here,
      isIntentKnown: true)
  }

  private func endAsNoted(_ attempt: AttemptID, _ sighting: RecordSighting) {
    guard let end = sighting.record?.end else { preconditionFailure("an end that is not noted") }
    self.end(attempt, end)
  }

  private func neverLaunched(_ attempt: AttemptID) {
    switch attempts[attempt]?.neverLaunched() {
    case .sendAgain: sendAgain(attempt)
    case .sendLater: sendLater(attempt)
    case .withdraw: withdraw(attempt)
    case .lost: if let request = attempts[attempt]?.request { end(attempt, sweep(request)) }
    case nil: break
    }
  }

  private func watch(_ attempt: AttemptID, _ sighting: RecordSighting) {
    guard let request = attempts[attempt]?.request, let start = sighting.record?.start else {
      preconditionFailure("a record without a start is not open")
    }
    tellLaunched(attempt, sighting)
    guard case .reached(let monitor) = reach(start.monitorID, of: request) else {
      // It has gone this moment, or its process cannot be opened now.
      return linger(attempt)
    }
    attempts[attempt]?.watch(monitorID: start.monitorID)
    host.watch(monitor, for: attempt)
    if attempts[attempt]?.pendingStop != nil { deliverStop(attempt) }
    if attempts[attempt]?.needsLook == true { lookAgain(at: attempt) }
  }

  private func linger(_ attempt: AttemptID) {
    attempts[attempt]?.linger()
    lookAgain(at: attempt)
  }

  private func tellLaunched(_ attempt: AttemptID, _ sighting: RecordSighting) {
    guard let command = sighting.record?.command else { return }
    if attempts[attempt]?.tellOnce() == true {
      tellLaunched(attempt, processID: command.processID)
    }
  }

  /// Looks again at one that runs, since it could not be stopped, or its command was not noted yet.
  func lookAtRunning(_ attempt: AttemptID) {
    guard let entry = attempts[attempt] else { return }
    if !entry.isLaunchTold, let sighting = see(entry.request) {
      tellLaunched(attempt, sighting)
    }
    if entry.pendingStop != nil { deliverStop(attempt) }
  }

  /// What is left of an attempt whose monitor is gone is ended before anything follows from that.
  func sweep(_ request: LaunchRequest) -> AttemptEnd {
    let (killed, unkillable) = host.killRemains(of: request)
    return .lost(killed: killed, unkillable: unkillable)
  }

  // MARK: Monitors

  enum Reach {
    case reached(Host.ProcessHandle)
    case gone
    /// Its record cannot be read now.
    case unknown
  }

  /// Opens the process with that number if it is the attempt's monitor.
  func reach(_ monitorID: Int32, of request: LaunchRequest) -> Reach {
    guard let process = host.open(monitorID) else { return .gone }
    // What was opened is the monitor only if one still lives now, and was started when this process
    // was.
    guard let sighting = see(request) else { return .unknown }
    if !sighting.isLocked { return .gone }
    guard let start = sighting.record?.start else { return .unknown }
    guard start.host == here, start.monitorID == monitorID,
      host.startTime(of: process) == start.monitorStart
    else { return .gone }
    return .reached(process)
  }

  func deliverStop(_ attempt: AttemptID) {
    guard let entry = attempts[attempt], let monitorID = entry.monitorID,
      let signal = entry.pendingStop
    else { return }
    switch reach(monitorID, of: entry.request) {
    case .reached(let monitor):
      host.signal(monitor, signal)
      attempts[attempt]?.stopDelivered()
    // Whoever watches it will tell.
    case .gone: attempts[attempt]?.stopDelivered()
    case .unknown: lookAgain(at: attempt)
    }
  }
}
