package import FlowCore
import FlowStorage

/// What recovery finds of the attempts of an earlier engine.
extension AttemptSupervisor {
  private static var lingersMicroseconds: Int64 { 5_000_000 }
  private static var killedMicroseconds: Int64 { 30_000_000 }
  /// How long a monitor that has noted its attempt's end may take to exit, before the attempt is
  /// taken for one that runs.
  private static var exitMicroseconds: Int64 { 1_000_000 }
  /// How long a storage may fail to say what a record holds, before the engine gives up.
  private static var readMicroseconds: Int64 { 1_000_000 }

  package func takeOver(
    _ open: [LaunchRequest], from host: HostContext, through lastSequence: Int64
  ) throws(RunError) -> [FoundAttempt] {
    try awaitLauncher()
    try findMissingHistory(after: lastSequence)
    let wasHere = HostMark(host) == here
    let deadline = time.now().monotonic.advanced(byMicroseconds: Self.exitMicroseconds)
    var states: [Found] = []
    for request in open {
      var found = try find(request, wasHere: wasHere, through: lastSequence)
      while found.isExiting, time.now().monotonic < deadline {
        waitAMoment()
        found = try find(request, wasHere: wasHere, through: lastSequence)
      }
      states.append(found)
    }
    // Nothing was done so far that would have to be undone where the run cannot be taken over.
    var found: [FoundAttempt] = []
    for (request, state) in zip(open, states) {
      found.append(FoundAttempt(request.attempt, takeUp(request, state)))
    }
    return found
  }

  private func waitAMoment() {
    time.pause(until: time.now().monotonic.advanced(byMicroseconds: Backoff.firstMicroseconds))
  }

  // MARK: The earlier launcher

  /// Returns when no fork of an earlier engine is in flight.
  private func awaitLauncher() throws(RunError) {
    let file = launcher.file
    let begin = time.now().monotonic
    let isLate = begin.advanced(byMicroseconds: Self.lingersMicroseconds)
    let isTooLate = isLate.advanced(byMicroseconds: Self.killedMicroseconds)
    var isKilled = false
    while try wrapping({ () throws(StorageError) in try file.isLocked() }) {
      let now = time.now().monotonic
      if now >= isTooLate { throw .launcherLingers(path: file.path) }
      if now >= isLate && !isKilled { isKilled = launcher.killLingering() }
      waitAMoment()
    }
  }

  /// Looks through all records for one that knows of an event that the history lacks.
  private func findMissingHistory(after lastSequence: Int64) throws(RunError) {
    for path in try records.paths(in: folder) {
      let intent = try patiently { () throws(StorageError) in try records.intent(at: path) }
      if let intent, intent > lastSequence {
        throw .historyIsMissing(recordPath: path, intent: intent, lastSequence: lastSequence)
      }
    }
  }

  // MARK: Attempts

  /// Reads a record: a storage that fails now may not a moment later.
  private func patiently<Value>(
    _ read: () throws(StorageError) -> Value
  ) throws(RunError) -> Value {
    var deadline: Instant?
    while true {
      do throws(StorageError) { return try read() } catch {
        let now = time.now().monotonic
        let end = deadline ?? now.advanced(byMicroseconds: Self.readMicroseconds)
        if now >= end { throw .recordIsUnreadable(error) }
        deadline = end
        waitAMoment()
      }
    }
  }

  private struct Found {
    let settlement: AttemptFate
    let sighting: RecordSighting

    /// Whether its end is noted, and its monitor has yet to exit.
    var isExiting: Bool { settlement == .awaitsLock && sighting.kind == .ended }
  }

  private func find(
    _ request: LaunchRequest, wasHere: Bool, through lastSequence: Int64
  ) throws(RunError) -> Found {
    let sighting = try patiently { () throws(StorageError) in try records.look(at: request) }
    let start = sighting.record?.start
    let settlement = AttemptFate(
      sighting.kind, isLocked: sighting.isLocked,
      isSameHost: start.map { $0.host == here } ?? wasHere,
      isIntentKnown: (start?.intent ?? 0) <= lastSequence)
    switch settlement {
    case .runsElsewhere: throw .runsElsewhere(recordPath: request.recordPath)
    case .historyIsMissing:
      throw .historyIsMissing(
        recordPath: request.recordPath, intent: start?.intent ?? 0, lastSequence: lastSequence)
    case .neverLaunched, .ended, .awaitsLock, .runs, .lost:
      return Found(settlement: settlement, sighting: sighting)
    }
  }

  private func takeUp(_ request: LaunchRequest, _ found: Found) -> FoundAttempt.State {
    switch found.settlement {
    case .neverLaunched: return .neverLaunched
    case .ended:
      guard let end = found.sighting.record?.end else {
        preconditionFailure("an end that is not noted")
      }
      return .ended(end)
    case .lost: return .ended(sweep(request))
    case .awaitsLock:
      survive(request, monitorID: nil)
      return running(found.sighting)
    case .runs:
      guard let start = found.sighting.record?.start else {
        preconditionFailure("a record without a start is not open")
      }
      if case .reached(let monitor) = reach(start.monitorID, of: request) {
        survive(request, monitorID: start.monitorID)
        host.watch(monitor, for: request.attempt)
      } else {
        // It has gone this moment: the next look tells.
        survive(request, monitorID: nil)
      }
      return running(found.sighting)
    case .runsElsewhere, .historyIsMissing: preconditionFailure("such a run is not taken over")
    }
  }

  private func survive(_ request: LaunchRequest, monitorID: Int32?) {
    attempts[request.attempt] = SupervisedAttempt(survivor: request, monitorID: monitorID)
    if monitorID == nil { lookAgain(at: request.attempt) }
  }

  private func running(_ sighting: RecordSighting) -> FoundAttempt.State {
    var microseconds: Int64 = 0
    // Of another boot the clock says nothing here.
    if let start = sighting.record?.start, start.host.boot == here.boot {
      microseconds = max(
        0, time.now().monotonic.microseconds - start.startedAt.microseconds)
    }
    return .running(
      processID: sighting.record?.command?.processID ?? 0, forMicroseconds: microseconds)
  }
}
