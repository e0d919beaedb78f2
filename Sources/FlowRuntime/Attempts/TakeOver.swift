package import FlowCore
import FlowStorage

/// Takes over the attempts of an earlier engine.
extension AttemptSupervisor {
  private static var orphanMicroseconds: Int64 { 5_000_000 }
  private static var killedMicroseconds: Int64 { 30_000_000 }
  /// How long a monitor may take to start its command, and to exit once it has noted the attempt's
  /// end, before the attempt counts as running.
  private static var exitMicroseconds: Int64 { 1_000_000 }
  /// How long a record may stay unreadable before the engine gives up.
  private static var readMicroseconds: Int64 { 1_000_000 }

  package func takeOver(
    _ open: [LaunchRequest], from host: HostContext, through lastSequence: Int64,
    isWithdrawn: (AttemptFileName) -> Bool
  ) throws(RunError) -> [FoundAttempt] {
    try awaitLauncher()
    let paths = try records.paths(in: folder)
    try findMissingHistory(after: lastSequence, paths)
    let wasHere = HostMark(host) == here
    let deadline = time.now().monotonic.advanced(byMicroseconds: Self.exitMicroseconds)
    var states: [Found] = []
    for request in open {
      states.append(
        try find(request, wasHere: wasHere, through: lastSequence, exitsUntil: deadline))
    }
    // Up to here nothing was changed: a refusal has nothing to undo.
    try removeRecords(paths, ifWithdrawn: isWithdrawn)
    var found: [FoundAttempt] = []
    for (request, state) in zip(open, states) {
      var attempt = FoundAttempt(request.attempt, takeUp(request, state))
      if case .ended(_, let outputs) = state { attempt.outputs = outputs }
      found.append(attempt)
    }
    return found
  }

  private func waitAMoment() {
    time.pause(until: time.now().monotonic.advanced(byMicroseconds: Backoff.firstMicroseconds))
  }

  // MARK: The earlier launcher

  /// Returns once no fork of an earlier engine is in flight.
  private func awaitLauncher() throws(RunError) {
    let file = launcher.file
    let begin = time.now().monotonic
    let isLate = begin.advanced(byMicroseconds: Self.orphanMicroseconds)
    let isTooLate = isLate.advanced(byMicroseconds: Self.killedMicroseconds)
    var isKilled = false
    while try wrapping({ () throws(StorageError) in try file.isLocked() }) {
      let now = time.now().monotonic
      if now >= isTooLate { throw .orphanedLauncher(path: file.path) }
      if now >= isLate && !isKilled { isKilled = launcher.killOrphan() }
      waitAMoment()
    }
  }

  /// Throws if an attempt record names an intent that the history lacks.
  private func findMissingHistory(
    after lastSequence: Int64, _ paths: [String]
  ) throws(RunError) {
    for path in paths {
      let intent = try patiently { () throws(StorageError) in try records.intent(at: path) }
      if let intent, intent > lastSequence {
        throw .historyIsMissing(recordPath: path, intent: intent, lastSequence: lastSequence)
      }
    }
  }

  /// A monitor that starts nothing removes its record, and does not wait until that is durable. When
  /// power is lost the record can come back, and would be taken for that of the next attempt with its
  /// number.
  private func removeRecords(
    _ paths: [String], ifWithdrawn isWithdrawn: (AttemptFileName) -> Bool
  ) throws(RunError) {
    let attempts = Folder(folder.attempts, in: records.storage)
    var isAnyRemoved = false
    for path in paths {
      let name = PathName.last(of: path)
      guard let file = AttemptFileName(name), isWithdrawn(file) else { continue }
      // Its monitor removes it in a moment.
      if try patiently({ () throws(StorageError) in try records.look(atPath: path).isLocked }) {
        continue
      }
      try wrapping { () throws(StorageError) in try attempts.removeIfPresent(name) }
      isAnyRemoved = true
    }
    // Before any intent that could meet it again.
    if isAnyRemoved { try wrapping { () throws(StorageError) in try attempts.sync() } }
  }

  // MARK: Attempts

  /// Reads a record, again if the storage fails: its failure can be temporary.
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

  /// What a new engine can take over.
  private enum Found {
    case neverLaunched
    case ended(AttemptEnd, outputs: [OutputPart])
    case lost
    /// Its monitor lives here, and can be watched.
    case runs(AttemptRecord.Start, AttemptRecord.Command?)
    /// Its monitor lives, and only the lock of the record will tell of its end.
    case unwatchable(AttemptRecord)
  }

  /// - Parameter deadline: until when a monitor is waited for that is about to start its command, or
  ///   to exit.
  private func find(
    _ request: LaunchRequest, wasHere: Bool, through lastSequence: Int64,
    exitsUntil deadline: Instant
  ) throws(RunError) -> Found {
    while true {
      let sighting = try patiently { () throws(StorageError) in try records.look(at: request) }
      if let intent = sighting.record?.start?.intent, intent > lastSequence {
        throw .historyIsMissing(
          recordPath: request.recordPath, intent: intent, lastSequence: lastSequence)
      }
      switch AttemptFate(sighting, seenFrom: here, wasHere: wasHere) {
      case .neverLaunched: return .neverLaunched
      case .ended(let end):
        let concluded = try patiently { () throws(StorageError) in
          try ConcludedAttempt(end, of: request, in: records.storage)
        }
        if concluded.end.result == .lost { return .lost }
        return .ended(concluded.end, outputs: concluded.outputs)
      case .lost: return .lost
      case .runs(let start, let command):
        // Where no process is to be had for the command, nothing of the attempt is left in a moment.
        if command != nil || time.now().monotonic >= deadline { return .runs(start, command) }
        waitAMoment()
      case .unrecognizable(let record): return .unwatchable(record)
      case .runsElsewhere: throw .runsElsewhere(recordPath: request.recordPath)
      case .newer: throw .recordIsNewer(path: request.recordPath)
      case .exiting(let record):
        if time.now().monotonic >= deadline { return .unwatchable(record) }
        waitAMoment()
      }
    }
  }

  private func takeUp(_ request: LaunchRequest, _ found: Found) -> FoundAttempt.State {
    switch found {
    case .neverLaunched: return .neverLaunched
    case .ended(let end, _): return .ended(measured(end, of: request))
    case .lost: return .ended(sweep(request))
    case .unwatchable(let record):
      survive(request, monitorID: nil, record.command)
      return running(record.start, record.command)
    case .runs(let start, let command):
      if case .reached(let monitor) = reach(start.monitorID, of: request) {
        survive(request, monitorID: start.monitorID, command)
        host.watch(monitor, for: request.attempt)
      } else {
        // It has exited this moment: the next poll settles it.
        survive(request, monitorID: nil, command)
      }
      return running(start, command)
    }
  }

  private func survive(
    _ request: LaunchRequest, monitorID: Int32?, _ command: AttemptRecord.Command?
  ) {
    let attempt = SupervisedAttempt(
      survivor: request, monitorID: monitorID, hasBegun: command != nil)
    attempts[request.attempt] = attempt
    if attempt.needsLook { lookAgain(at: request.attempt) }
  }

  private func running(
    _ start: AttemptRecord.Start?, _ command: AttemptRecord.Command?
  ) -> FoundAttempt.State {
    var microseconds: Int64 = 0
    // The monotonic clock of another boot cannot be compared.
    if let start, start.host.boot == here.boot {
      microseconds = max(
        0, time.now().monotonic.microseconds - start.startedAt.microseconds)
    }
    return .running(processID: command?.processID ?? 0, forMicroseconds: microseconds)
  }
}
