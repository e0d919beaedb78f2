package import FlowCore
import FlowStorage

/// Runs attempts by a launcher and its monitors: the engine's side of them (`ProcessHost`).
///
/// What it knows of an attempt comes from messages while its launcher lives, and else from the
/// attempt's record, whose lock the monitor holds for as long as it lives. It signals monitors and
/// launchers only, and never by number alone.
package final class AttemptSupervisor<Host: ProcessHost, Time: TimeSource>: CommandRunner {
  let host: Host
  let time: Time
  let here: HostMark
  let records: RecordReader<Host.Store>
  private var home: Home?

  /// The attempts that have no end. Nothing goes by the order in which they are stored.
  var attempts: [AttemptID: SupervisedAttempt] = [:]
  private var reports = WorkQueue<Input>()
  /// To be sent when there is a launcher; some may have been withdrawn since.
  private var queue = WorkQueue<AttemptID>()
  /// In the order of their times; some may have been withdrawn since.
  private var outOfRoom = WorkQueue<DelayedLaunch>()
  /// Those whose record had no room at the last try.
  private var lackingRoom: Set<AttemptID> = []
  private var launcherLacksRoom = false
  /// Sent to a launcher that is gone.
  private var unsettled: [AttemptID] = []
  private var launcherBackoff = Backoff()
  /// Those that nobody tells of.
  private var polled: [AttemptID] = []
  private var pollBackoff = Backoff()
  /// What has kept a record from being read for too long.
  private var unreadable: StorageError?
  /// Monitors that have told that they start nothing, and whose end is still to be told: how many
  /// of an attempt.
  private var refusing: [AttemptID: Int] = [:]

  private struct Home {
    let folder: RunFolder
    var launcher: Launcher<Host>
  }

  private static var roomDelayMicroseconds: Int64 { 1_000_000 }
  /// For so long a record may not be readable: it may be that there is no descriptor for it.
  private static var unreadableMicroseconds: Int64 { 30_000_000 }

  /// - Parameters:
  ///   - storage: which holds the run's folder.
  ///   - here: where this engine runs.
  package init(host: Host, storage: Host.Store, time: Time, here: HostContext) {
    self.host = host
    self.time = time
    self.here = HostMark(here)
    records = RecordReader(storage: storage)
  }

  /// Whether there is something to be told, without a look at the host: stops can be answered at
  /// once.
  package var hasReports: Bool { !reports.isEmpty }

  /// Whether launches wait for a launcher.
  package var isHeldUp: Bool { !queue.isEmpty }

  /// Whether no attempt is to be launched, runs or is looked for.
  package var isIdle: Bool { attempts.isEmpty }

  // MARK: The run

  package func begin(in folder: RunFolder) throws(RunError) {
    precondition(home == nil, "a supervisor serves one run")
    let file = LauncherFile(path: folder.launcher, storage: records.storage)
    home = Home(folder: folder, launcher: Launcher(host, file, here: here))
  }

  var folder: RunFolder { begun.folder }

  var launcher: Launcher<Host> {
    get { begun.launcher }
    _modify {
      guard home != nil else { preconditionFailure("the run has not begun") }
      yield &home!.launcher
    }
  }

  private var begun: Home {
    guard let home else { preconditionFailure("the run has not begun") }
    return home
  }

  // MARK: Effects

  package func launch(_ request: LaunchRequest) {
    let attempt = request.attempt
    precondition(attempts[attempt] == nil, "an attempt is launched that has no end")
    let isSent = launcher.isAlive && queue.isEmpty
    attempts[attempt] = SupervisedAttempt(request, isSent: isSent)
    if isSent {
      host.send(request)
    } else {
      queue.append(attempt)
      if launcherBackoff.due == nil { sendQueued() }
    }
  }

  package func flush() {
    host.flush()
  }

  package func stop(_ attempt: AttemptID, force: Bool) {
    switch attempts[attempt]?.stop(force: force) {
    case .withdraw: withdraw(attempt)
    case .deliver: deliverStop(attempt)
    case .remembered, nil: break
    }
  }

  // MARK: Reports

  package func advance(at now: Instant) throws(RunError) {
    var isQuiet = false
    while !isQuiet {
      while let message = host.nextMessage() { take(message) }
      let known = reports.count
      if nextDue != nil { doWhatIsDue(at: now) }
      isQuiet = reports.count == known
    }
    if let unreadable { throw .recordIsUnreadable(unreadable) }
  }

  package func nextReport() -> Input? { reports.removeFirst() }

  package var nextDeadline: Instant? {
    // Something is to be told at once.
    reports.isEmpty ? nextDue : Instant(microseconds: 0)
  }

  private var nextDue: Instant? {
    if outOfRoom.isEmpty && launcherBackoff.due == nil && pollBackoff.due == nil { return nil }
    return [outOfRoom.first?.due, launcherBackoff.due, pollBackoff.due].compactMap(\.self).min()
  }

  package var waitsForRoom: Bool { !lackingRoom.isEmpty || launcherLacksRoom }

  func tell(_ report: Input) {
    reports.append(report)
  }

  func tellLaunched(_ attempt: AttemptID, processID: Int32) {
    lackingRoom.remove(attempt)
    tell(.attemptLaunched(attempt, processID: processID))
  }

  /// Nothing of the attempt runs any more.
  func end(_ attempt: AttemptID, _ end: AttemptEnd) {
    attempts[attempt] = nil
    lackingRoom.remove(attempt)
    tell(.attemptEnded(attempt, end))
  }

  /// Nothing of the attempt was started, and it was to be stopped.
  func withdraw(_ attempt: AttemptID) {
    attempts[attempt] = nil
    lackingRoom.remove(attempt)
    tell(.attemptWithdrawn(attempt))
  }

  func fail(_ attempt: AttemptID, _ failure: LaunchFailure) {
    end(
      attempt,
      AttemptEnd(result: .launchFailed(failure), cause: .byItself, durationMicroseconds: 0))
  }

  // MARK: Messages

  private func take(_ message: ProcessMessage) {
    switch message {
    case .launched(let attempt, let processID, let monitorID):
      launched(attempt, processID: processID, by: monitorID)
    case .deadlinePassed(let attempt):
      switch attempts[attempt]?.deadlinePassed() {
      case .tell: tell(.deadlinePassed(attempt))
      case .ignored, nil: break
      }
    case .ended(let attempt, let end):
      switch attempts[attempt]?.ended() {
      case .tell: self.end(attempt, end)
      case .ignored, nil: break
      }
    case .noRoom(let attempt): noRoom(attempt)
    case .refused(let attempt, let failure): refused(attempt, failure)
    case .monitorGone(let attempt): monitorGone(attempt)
    case .launcherGone: launcherGone()
    case .watchedGone(let attempt):
      switch attempts[attempt]?.watchedGone() {
      case .look: look(at: attempt)
      case .ignored, nil: break
      }
    }
  }

  private func launched(_ attempt: AttemptID, processID: Int32, by monitorID: Int32) {
    // This launcher works.
    launcherBackoff.calm()
    switch attempts[attempt]?.launched(by: monitorID) {
    case .tell:
      tellLaunched(attempt, processID: processID)
      if attempts[attempt]?.pendingStop != nil { deliverStop(attempt) }
    case .tellAndLook:
      tellLaunched(attempt, processID: processID)
      look(at: attempt)
    case .ignored, nil: break
    }
  }

  private func noRoom(_ attempt: AttemptID) {
    switch attempts[attempt]?.noRoom() {
    case .wait:
      lackingRoom.insert(attempt)
      sendLater(attempt)
    case .withdraw: withdraw(attempt)
    case .ignored, nil: return
    }
    refusing[attempt, default: 0] += 1
  }

  private func refused(_ attempt: AttemptID, _ failure: LaunchFailure) {
    let exists =
      failure.operation == .createRecord && failure.errno == Errno.fileExists.rawValue
    switch attempts[attempt]?.refused(becauseRecordExists: exists) {
    case .tell: fail(attempt, failure)
    // The monitor that made it may be about to begin.
    case .look:
      lookAgain(at: attempt)
      refusing[attempt, default: 0] += 1
    case .ignored, nil: break
    }
  }

  private func monitorGone(_ attempt: AttemptID) {
    if let count = refusing[attempt] {
      refusing[attempt] = count == 1 ? nil : count - 1
      return
    }
    switch attempts[attempt]?.monitorGone() {
    case .look: look(at: attempt)
    case .ignored, nil: break
    }
  }

  private func launcherGone() {
    guard launcher.isAlive else { return }
    launcher.isGone()
    refusing = [:]
    for attempt in attempts.keys.sorted() {
      switch attempts[attempt]?.launcherGone() {
      case .look: look(at: attempt)
      case .settleLater: unsettled.append(attempt)
      case .ignored, nil: break
      }
    }
    if !unsettled.isEmpty || !queue.isEmpty { launcherBackoff.arrange(at: time.now().monotonic) }
  }

  // MARK: Time

  private func doWhatIsDue(at now: Instant) {
    while let first = outOfRoom.first, first.due <= now {
      outOfRoom.removeFirst()
      if attempts[first.attempt]?.tryAgain() == .send { queue.append(first.attempt) }
    }
    if launcherBackoff.begin(at: now) { replaceLauncher(at: now) }
    if !queue.isEmpty, launcherBackoff.due == nil { sendQueued() }
    if pollBackoff.begin(at: now) { lookAgain(at: now) }
  }

  /// Something of an earlier launcher was in the way of a new one.
  private func replaceLauncher(at now: Instant) {
    if !unsettled.isEmpty {
      // A storage that does not say counts as a lock that is held.
      if (try? launcher.file.isLocked()) ?? true { return launcherBackoff.arrange(at: now) }
      // A monitor that could begin nothing has said so, and let go of the lock after that: unheard,
      // its word would be taken for that of the monitor that is asked next.
      host.hear()
      while let message = host.nextMessage() { take(message) }
      let settled = unsettled
      unsettled = []
      for attempt in settled where attempts[attempt]?.phase == .unsettled { look(at: attempt) }
    }
    sendQueued()
  }

  func sendLater(_ attempt: AttemptID) {
    let due = time.now().monotonic.advanced(byMicroseconds: Self.roomDelayMicroseconds)
    outOfRoom.append(DelayedLaunch(due: due, attempt: attempt))
  }

  func sendAgain(_ attempt: AttemptID) {
    queue.append(attempt)
    if launcherBackoff.due == nil { launcherBackoff.arrange(at: time.now().monotonic) }
  }

  private func sendQueued() {
    guard !queue.isEmpty, launcher.isAlive || startLauncher() else { return }
    while let attempt = queue.removeFirst() {
      guard let request = attempts[attempt]?.request else { continue }
      if attempts[attempt]?.send() == .send { host.send(request) }
    }
  }

  /// - Returns: whether there is one.
  private func startLauncher() -> Bool {
    let outcome = launcher.start()
    launcherLacksRoom = false
    switch outcome {
    case .started: return true
    case .lockIsHeld: launcherBackoff.arrange(at: time.now().monotonic)
    case .failed(.noSpace), .failed(.quotaExceeded):
      launcherLacksRoom = true
      launcherBackoff.arrange(
        at: time.now().monotonic, afterMicroseconds: Self.roomDelayMicroseconds)
    case .failed(let errno):
      while let attempt = queue.removeFirst() {
        if attempts[attempt]?.phase != .queued { continue }
        fail(attempt, LaunchFailure(operation: .fork, errno: errno.rawValue))
      }
    }
    return false
  }

  /// What can be seen of an attempt; nil if the storage does not tell now.
  func see(_ request: LaunchRequest) -> RecordSighting? {
    let attempt = request.attempt
    do throws(StorageError) {
      let sighting = try records.look(at: request)
      attempts[attempt]?.unreadableSince = nil
      return sighting
    } catch {
      let now = time.now().monotonic
      let since = attempts[attempt]?.unreadableSince ?? now
      attempts[attempt]?.unreadableSince = since
      let end = since.advanced(byMicroseconds: Self.unreadableMicroseconds)
      if now >= end { unreadable = error }
      return nil
    }
  }

  /// Puts the attempt on the list of those that are looked at until something can be told.
  func lookAgain(at attempt: AttemptID) {
    guard attempts[attempt]?.isPolled == false else { return }
    attempts[attempt]?.isPolled = true
    polled.append(attempt)
    pollBackoff.calm()
    pollBackoff.arrange(at: time.now().monotonic)
  }

  private func lookAgain(at now: Instant) {
    let due = polled
    polled = []
    for attempt in due {
      guard let entry = attempts[attempt] else { continue }
      switch entry.phase {
      case .unwatched: look(at: attempt)
      // If its launcher is gone it is settled with the others.
      case .unsettled: if launcher.isAlive { look(at: attempt) }
      case .running, .watched: lookAtRunning(attempt)
      case .queued, .sent, .outOfRoom: break
      }
      if attempts[attempt]?.needsLook == true {
        polled.append(attempt)
      } else {
        attempts[attempt]?.isPolled = false
        // Looks of some later time are none of these.
        attempts[attempt]?.unreadableSince = nil
      }
    }
    if polled.isEmpty { pollBackoff.calm() } else { pollBackoff.arrange(at: now) }
  }
}

/// A launch that found no room, and when it is tried again.
private struct DelayedLaunch: Equatable, Sendable {
  let due: Instant
  let attempt: AttemptID
}
