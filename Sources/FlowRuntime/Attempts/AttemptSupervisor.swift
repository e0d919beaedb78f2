package import FlowCore
import FlowStorage

/// Runs attempts through a launcher and its monitors (`ProcessHost`).
///
/// It learns of an attempt from messages while the launcher lives, and otherwise from the attempt
/// record, whose lock the monitor holds for as long as it lives.
///
/// Invariant: it signals monitors and launchers only, and never by process id alone.
package final class AttemptSupervisor<Host: ProcessHost, Time: TimeSource>: CommandRunner {
  let host: Host
  let time: Time
  let here: HostMark
  let records: RecordReader<Host.Store>
  private var home: Home?

  /// The attempts that have no end. Nothing depends on the order in which they are stored.
  var attempts: [AttemptID: SupervisedAttempt] = [:]
  private var reports = WorkQueue<Input>()
  /// Waiting for a launcher; some may have been withdrawn since.
  private var queue = WorkQueue<AttemptID>()
  /// Launches that came to nothing, and are tried again.
  private var delayed = DelayedLaunches()
  /// What no launcher could be started for, and since when.
  private var launcherLacks: (shortage: Shortage, since: Instant)?
  /// Those of the attempts that the system has told to end.
  private var toldToEnd: Set<AttemptID> = []
  /// Sent to a launcher that is gone, with an unknown outcome.
  private var unsettled: [AttemptID] = []
  private var launcherBackoff = Backoff()
  /// Those that no message tells of: their records are read again and again.
  private var polled: [AttemptID] = []
  private var pollBackoff = Backoff()
  /// Why a record could not be read for too long.
  private var unreadable: RunError?
  /// By attempt, how many monitors reported that they start nothing and have yet to exit.
  private var refusing: [AttemptID: Int] = [:]
  /// Of attempts whose outputs cannot be read: since when.
  private var unreadableOutputs: [AttemptID: Instant] = [:]

  private struct Home {
    let folder: RunFolder
    var launcher: Launcher<Host>
  }

  /// How long a record may stay unreadable: the process may be out of descriptors for a while.
  private static var unreadableMicroseconds: Int64 { 30_000_000 }

  /// - Parameters:
  ///   - storage: the one that holds the run's folder.
  ///   - here: the host context of this process.
  package init(host: Host, storage: Host.Store, time: Time, here: HostContext) {
    self.host = host
    self.time = time
    self.here = HostMark(here)
    records = RecordReader(storage: storage)
  }

  /// Whether a report waits to be taken: `stop` may have been answered at once.
  package var hasReports: Bool { !reports.isEmpty }

  /// Whether launches wait for a launcher.
  package var isHeldUp: Bool { !queue.isEmpty }

  /// Whether no attempt waits for its launch, runs, or has an unknown fate.
  package var isIdle: Bool { attempts.isEmpty }

  // MARK: The run

  package func begin(in folder: RunFolder) throws(RunError) {
    precondition(home == nil, "a supervisor serves one run")
    let file = LauncherFile(path: folder.launcher, storage: records.storage)
    home = Home(folder: folder, launcher: Launcher(host, file, here: here))
  }

  package func use(_ environment: RunEnvironment) {
    launcher.environment = environment
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
    if let failure = request.failure ?? request.secrets.failure { return fail(attempt, failure) }
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

  package func advance() throws(RunError) {
    var isQuiet = false
    while !isQuiet {
      while let message = host.nextMessage() { take(message) }
      let known = reports.count
      // To read records may have taken time.
      if nextDue != nil { doWhatIsDue(at: time.now().monotonic) }
      isQuiet = reports.count == known
    }
    if let unreadable { throw unreadable }
  }

  package func nextReport() -> Input? { reports.removeFirst() }

  package var nextDeadline: Instant? {
    // Reports wait to be taken.
    reports.isEmpty ? nextDue : Instant(microseconds: 0)
  }

  private var nextDue: Instant? {
    if delayed.nextDue == nil && launcherBackoff.due == nil && pollBackoff.due == nil { return nil }
    return [delayed.nextDue, launcherBackoff.due, pollBackoff.due].compactMap(\.self).min()
  }

  package var lacking: Shortages {
    launcherLacks.map { delayed.lacking.union(Shortages($0.shortage)) } ?? delayed.lacking
  }

  /// For an engine that has released its run: hears what attempts still report, and does nothing
  /// about it.
  ///
  /// - Returns: how many attempts the system ends, or has ended since the last report was taken; and
  ///   how many others have ended since.
  package func farewell() -> (interrupted: Int, ended: Int) {
    host.hear()
    var (interrupted, ended) = (0, 0)
    while let message = host.nextMessage() {
      switch message {
      case .toldToEnd(let attempt): toldToEnd.insert(attempt)
      case .ended(let attempt, let end):
        toldToEnd.remove(attempt)
        if end.wasInterrupted { interrupted += 1 } else { ended += 1 }
      default: break
      }
    }
    return (interrupted + toldToEnd.count, ended)
  }

  func tell(_ report: Input) {
    reports.append(report)
  }

  func tellLaunched(_ attempt: AttemptID, processID: Int32) {
    tell(.attemptLaunched(attempt, processID: processID))
    noLongerLacks(attempt, isLaunched: true)
  }

  /// - Parameter isLaunched: so that others are tried at once.
  private func noLongerLacks(_ attempt: AttemptID, isLaunched: Bool) {
    let now = time.now().monotonic
    if let (shortage, since) = delayed.settle(attempt, isLaunched: isLaunched, at: now) {
      tellRoom(shortage, since: since, at: now)
    }
  }

  private func tellRoom(_ shortage: Shortage, since: Instant, at now: Instant) {
    tell(
      .roomReturned(waitedMicroseconds: now.microseconds - since.microseconds, of: shortage))
  }

  /// No process of the attempt is left.
  func end(_ attempt: AttemptID, _ end: AttemptEnd) {
    let request = attempts[attempt]?.request
    var concluded = ConcludedAttempt(end: end)
    if let request {
      guard let read = conclude(end, of: request) else { return unwatch(attempt) }
      concluded = read
    }
    attempts[attempt] = nil
    toldToEnd.remove(attempt)
    if !concluded.outputs.isEmpty { tell(.outputsPublished(attempt, concluded.outputs)) }
    tell(.attemptEnded(attempt, request.map { measured(concluded.end, of: $0) } ?? concluded.end))
    noLongerLacks(attempt, isLaunched: true)
  }

  /// Reads what an attempt has put out; nil if the storage fails now: then it is tried again.
  private func conclude(_ end: AttemptEnd, of request: LaunchRequest) -> ConcludedAttempt? {
    do throws(StorageError) {
      let concluded = try ConcludedAttempt(end, of: request, in: records.storage)
      unreadableOutputs[request.attempt] = nil
      return concluded
    } catch {
      let now = time.now().monotonic
      let since = unreadableOutputs[request.attempt] ?? now
      unreadableOutputs[request.attempt] = since
      if now >= since.advanced(byMicroseconds: Self.unreadableMicroseconds) {
        unreadable = .recordIsUnreadable(error)
      }
      return nil
    }
  }

  /// With the size of its output, if the attempt wrote any.
  func measured(_ end: AttemptEnd, of request: LaunchRequest) -> AttemptEnd {
    guard end.result != .lost, let size = host.outputSize(at: request.outputPath) else {
      return end
    }
    var measured = end
    measured.output.byteCount = size
    measured.output.wasDiskFull =
      !AttemptConclusion(end).isSuccess && end.launchFailure == nil
      && host.isDiskFull(at: request.outputPath)
    return measured
  }

  /// The attempt was stopped before any process of it was started.
  func withdraw(_ attempt: AttemptID) {
    attempts[attempt] = nil
    tell(.attemptWithdrawn(attempt))
    noLongerLacks(attempt, isLaunched: false)
  }

  func fail(_ attempt: AttemptID, _ failure: LaunchFailure) {
    end(
      attempt,
      AttemptEnd(result: .launchFailed(failure), cause: .byItself, durationMicroseconds: 0))
  }

  // MARK: Messages

  /// Takes what was sent until now.
  func hearAll() {
    host.hear()
    while let message = host.nextMessage() { take(message) }
  }

  private func take(_ message: ProcessMessage) {
    switch message {
    case .launched(let attempt, let processID, let monitorID):
      launched(attempt, processID: processID, by: monitorID)
    case .deadlinePassed(let attempt):
      switch attempts[attempt]?.deadlinePassed() {
      case .tell: tell(.deadlinePassed(attempt))
      case .ignored, nil: break
      }
    case .toldToEnd(let attempt): if attempts[attempt] != nil { toldToEnd.insert(attempt) }
    case .ended(let attempt, let end):
      switch attempts[attempt]?.ended() {
      case .tell: self.end(attempt, end)
      case .ignored, nil: break
      }
    case .lacks(let attempt, let shortage):
      if lacks(attempt, shortage) { refusing[attempt, default: 0] += 1 }
    case .notForked(let attempt, let failure):
      if let shortage = Errno(rawValue: failure.errno).shortage {
        _ = lacks(attempt, shortage)
      } else {
        refused(attempt, failure)
      }
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
    launcherBackoff.reset()
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

  /// - Returns: whether the attempt was on its way.
  private func lacks(_ attempt: AttemptID, _ shortage: Shortage) -> Bool {
    switch attempts[attempt]?.lacks() {
    case .wait: delayed.add(attempt, lacking: shortage, at: time.now().monotonic)
    case .withdraw: withdraw(attempt)
    case .ignored, nil: return false
    }
    return true
  }

  private func refused(_ attempt: AttemptID, _ failure: LaunchFailure) {
    let exists =
      failure.operation == .createRecord && failure.errno == Errno.fileExists.rawValue
    switch attempts[attempt]?.refused(becauseRecordExists: exists) {
    case .tell: fail(attempt, failure)
    // The monitor that made the record may be about to begin.
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
    if !unsettled.isEmpty || !queue.isEmpty { launcherBackoff.schedule(at: time.now().monotonic) }
  }

  // MARK: Time

  private func doWhatIsDue(at now: Instant) {
    while let attempt = delayed.takeDue(at: now) {
      if attempts[attempt]?.tryAgain() == .send { queue.append(attempt) }
    }
    if launcherBackoff.takeDue(at: now) { replaceLauncher(at: now) }
    if !queue.isEmpty, launcherBackoff.due == nil { sendQueued() }
    if pollBackoff.takeDue(at: now) { lookAgain(at: now) }
  }

  /// An earlier launcher, or a fork of it, stood in the way of a new one.
  private func replaceLauncher(at now: Instant) {
    if !unsettled.isEmpty {
      // If the storage fails, the lock counts as held.
      if (try? launcher.file.isLocked()) ?? true { return launcherBackoff.schedule(at: now) }
      // A monitor that started nothing reports that before it releases the lock. If its report were
      // read later, it would be taken for a report of the attempt's next monitor.
      hearAll()
      let settled = unsettled
      unsettled = []
      for attempt in settled where attempts[attempt]?.phase == .unsettled { look(at: attempt) }
    }
    sendQueued()
  }

  func sendLater(_ attempt: AttemptID) {
    delayed.add(attempt, lacking: nil, at: time.now().monotonic)
  }

  func sendAgain(_ attempt: AttemptID) {
    queue.append(attempt)
    if launcherBackoff.due == nil { launcherBackoff.schedule(at: time.now().monotonic) }
  }

  private func sendQueued() {
    guard !queue.isEmpty, launcher.isAlive || startLauncher() else { return }
    while let attempt = queue.removeFirst() {
      guard let request = attempts[attempt]?.request else { continue }
      if attempts[attempt]?.send() == .send { host.send(request) }
    }
  }

  /// - Returns: whether a launcher runs now.
  private func startLauncher() -> Bool {
    let outcome = launcher.start()
    let now = time.now().monotonic
    switch outcome {
    case .started:
      if let (shortage, since) = launcherLacks { tellRoom(shortage, since: since, at: now) }
      launcherLacks = nil
      return true
    case .lockIsHeld: launcherBackoff.schedule(at: now)
    case .failed(let errno):
      if let shortage = errno.shortage {
        launcherLacks = (shortage, since: launcherLacks?.since ?? now)
        launcherBackoff.schedule(at: now, afterMicroseconds: DelayedLaunches.delayMicroseconds)
        return false
      }
      launcherLacks = nil
      while let attempt = queue.removeFirst() {
        if attempts[attempt]?.phase != .queued { continue }
        fail(attempt, LaunchFailure(operation: .fork, errno: errno.rawValue))
      }
    }
    return false
  }

  /// Reads the attempt record and its lock; nil if the storage fails now.
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
      if now >= end { unreadable = .recordIsUnreadable(error) }
      return nil
    }
  }

  /// Another program has replaced the record of an attempt of this engine.
  func stopFor(newerRecord path: String) {
    unreadable = .recordIsNewer(path: path)
  }

  /// Polls the attempt record until it settles the attempt.
  func lookAgain(at attempt: AttemptID) {
    guard attempts[attempt]?.isPolled == false else { return }
    attempts[attempt]?.isPolled = true
    polled.append(attempt)
    pollBackoff.reset()
    pollBackoff.schedule(at: time.now().monotonic)
  }

  private func lookAgain(at now: Instant) {
    let due = polled
    polled = []
    for attempt in due {
      guard let entry = attempts[attempt] else { continue }
      switch entry.phase {
      case .unwatched: look(at: attempt)
      // If the launcher is gone, it is settled together with the others.
      case .unsettled: if launcher.isAlive { look(at: attempt) }
      case .running, .watched: lookAtRunning(attempt)
      case .queued, .sent, .delayed: break
      }
      if attempts[attempt]?.needsLook == true {
        polled.append(attempt)
      } else {
        attempts[attempt]?.isPolled = false
        // A later series of looks has its own time limit.
        attempts[attempt]?.unreadableSince = nil
      }
    }
    if polled.isEmpty { pollBackoff.reset() } else { pollBackoff.schedule(at: now) }
  }
}
