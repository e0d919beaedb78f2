import FlowCore

extension AttemptSupervisor {
  /// Reads the record of an attempt that no message tells of, and acts on what it says. The attempt
  /// was sent, and its monitor is gone or not watched.
  func look(at attempt: AttemptID) {
    guard let request = attempts[attempt]?.request else { return }
    guard let sighting = see(request) else { return unwatch(attempt) }
    // A missing record is of an attempt that this engine wanted, so it would have been made here.
    switch AttemptFate(sighting, seenFrom: here, wasHere: true) {
    case .neverLaunched:
      // A monitor that starts nothing reports that before it removes its record. If its report were
      // taken after the next launch, it would count for that one.
      hearAll()
      neverLaunched(attempt)
    case .ended(let end): self.end(attempt, end)
    case .runs(let start, let command): watch(attempt, start, command)
    case .lost: end(attempt, sweep(request))
    // An attempt of this engine cannot run in another host context, whatever its record says. Its
    // lock becomes free when it ends.
    case .exiting, .unrecognizable, .runsElsewhere: unwatch(attempt)
    case .newer: stopFor(newerRecord: request.recordPath)
    }
  }

  private func neverLaunched(_ attempt: AttemptID) {
    guard attempts[attempt]?.awaitsExamination == true else { return }
    switch attempts[attempt]?.neverLaunched() {
    case .sendAgain: sendAgain(attempt)
    case .sendLater: sendLater(attempt)
    case .withdraw: withdraw(attempt)
    case .lost: if let request = attempts[attempt]?.request { end(attempt, sweep(request)) }
    case nil: break
    }
  }

  private func watch(
    _ attempt: AttemptID, _ start: AttemptRecord.Start, _ command: AttemptRecord.Command?
  ) {
    guard let request = attempts[attempt]?.request else { return }
    tellLaunched(attempt, as: command)
    guard case .reached(let monitor) = reach(start.monitorID, of: request) else {
      // It has exited this moment, or its process cannot be opened now.
      return unwatch(attempt)
    }
    attempts[attempt]?.watch(monitorID: start.monitorID)
    host.watch(monitor, for: attempt)
    if attempts[attempt]?.pendingStop != nil { deliverStop(attempt) }
    if attempts[attempt]?.needsLook == true { lookAgain(at: attempt) }
  }

  func unwatch(_ attempt: AttemptID) {
    attempts[attempt]?.unwatch()
    lookAgain(at: attempt)
  }

  private func tellLaunched(_ attempt: AttemptID, as command: AttemptRecord.Command?) {
    guard let command else { return }
    attempts[attempt]?.begun()
    guard attempts[attempt]?.tellOnce() == true else { return }
    tellLaunched(attempt, processID: command.processID)
  }

  /// Looks again at a running attempt: it could not be stopped, or its command was not noted yet.
  func lookAtRunning(_ attempt: AttemptID) {
    guard let entry = attempts[attempt] else { return }
    if !entry.hasBegun, let sighting = see(entry.request) {
      tellLaunched(attempt, as: sighting.record?.command)
    }
    if entry.pendingStop != nil { deliverStop(attempt) }
    if let forcedAt = attempts[attempt]?.forcedAt,
      time.now().monotonic >= forcedAt.advanced(byMicroseconds: DeafMonitor.patienceMicroseconds)
    {
      killIfDeaf(attempt)
    }
  }

  /// Kills the monitor if it has not taken the signal to kill the attempt. What it leaves is killed
  /// as after any death of a monitor.
  private func killIfDeaf(_ attempt: AttemptID) {
    guard let entry = attempts[attempt], let monitorID = entry.monitorID else { return }
    switch reach(monitorID, of: entry.request) {
    case .reached(let monitor):
      attempts[attempt]?.stopSettled()
      guard host.isPending(.force, in: monitor) else { return }
      host.signal(monitor, .kill)
      // Its launcher may be stopped, too, and report nothing.
      unwatch(attempt)
    case .gone: attempts[attempt]?.stopSettled()
    case .unknown: break
    }
  }

  /// Kills every process that remains of an attempt whose monitor is gone, and then masks the secrets
  /// that they printed: before anybody is told of the end.
  func sweep(_ request: LaunchRequest) -> AttemptEnd {
    let (killed, unkillable) = host.killOrphans(of: request)
    var end = AttemptEnd.lost(killed: killed, unkillable: unkillable)
    if !request.secrets.isEmpty {
      // What cannot be killed can print them yet.
      end.output.isUnscrubbed =
        !host.scrub(request) || request.secrets.failure != nil || unkillable > 0
    }
    return end
  }

  // MARK: Monitors

  enum Reach {
    case reached(Host.ProcessHandle)
    case gone
    /// The attempt record cannot be read now.
    case unknown
  }

  /// Opens the process with this id if it is the attempt's monitor.
  func reach(_ monitorID: Int32, of request: LaunchRequest) -> Reach {
    guard let process = host.open(monitorID) else { return .gone }
    // Ids are reused: the process that was opened is the monitor only if the monitor's lock is held
    // now, and its start time is the recorded one.
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
      attempts[attempt]?.stopDelivered(at: time.now().monotonic)
      if signal == .force { lookAgain(at: attempt) }
    // Its watch, or its launcher, reports the end.
    case .gone: attempts[attempt]?.stopSettled()
    case .unknown: lookAgain(at: attempt)
    }
  }
}
