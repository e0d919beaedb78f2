package import FlowCore
package import FlowLog
package import FlowStorage

/// Writes the engine's commits to the history log, one at a time.
package struct Journal<Store: Storage>: ~Copyable {
  private var writer: LogWriter<Store>
  private var lock: RunLock<Store>
  private let processID: Int32
  private let boot: BootMark
  private let salts: SaltSource
  private(set) var commitInFlight: [Event] = []
  /// The commit in flight, while there is no space for it: nothing of it is written.
  private var waiting: EncodedCommit?
  /// What the lock file says that the run waits for.
  private var said: Shortages = []
  /// How many attempts have yet to end.
  private var openAttempts: Int
  private var launchesLack: Shortages = []

  /// The space for the end of one attempt and the decisions that follow at once, in a frame of
  /// their own.
  private static var spaceForAnEnd: Int64 { 512 }

  /// - Parameter openAttempts: how many attempts in the history have no end.
  init(
    _ writer: consuming LogWriter<Store>, lock: consuming RunLock<Store>, by process: RunProcess,
    openAttempts: Int = 0
  ) {
    self.writer = writer
    self.lock = lock
    self.openAttempts = openAttempts
    processID = process.processID
    boot = BootMark(process.host.bootID)
    salts = process.salts
  }

  /// Takes consecutive events, and begins to make them durable if there is space for them.
  ///
  /// - Returns: false if there is none. Then nothing was written, and the caller must call
  ///   `beginAgain` later.
  mutating func begin(_ events: [Event]) throws(RunError) -> Bool {
    take(events)
    return try beginAgain()
  }

  /// Tries again to write the commit that there was no space for.
  mutating func beginAgain() throws(RunError) -> Bool {
    guard let commit = waiting else { preconditionFailure("no commit waits for space") }
    try requireOwnership()
    guard try findSpace(for: commit) else {
      try sayWhetherItWaits()
      return false
    }
    do throws(LogError) {
      try append(commit)
      try writer.startSync()
    } catch {
      throw .log(error)
    }
    return true
  }

  private mutating func take(_ events: [Event]) {
    precondition(commitInFlight.isEmpty, "a commit is in flight")
    let commit = EncodedCommit(events)
    commitInFlight = events
    openAttempts += commit.openedAttempts
    waiting = commit
  }

  /// Reserves all space before anything is written. A commit with an intent to launch also needs
  /// space for the ends of all attempts that will then be open: the end of a running attempt can
  /// always be recorded.
  ///
  /// - Returns: whether there is enough.
  private mutating func findSpace(for commit: EncodedCommit) throws(RunError) -> Bool {
    let isLaunching = commitInFlight.contains { $0.body.kind == .attemptScheduled }
    let ends = isLaunching ? Int64(openAttempts) * Self.spaceForAnEnd : 0
    do throws(LogError) {
      try writer.rotateIfNeeded(for: commit.parts) { salts.next() }
      try writer.reserveSpace(for: LogWriter<Store>.rawLength(of: commit.parts) + ends)
      return true
    } catch {
      // A writer that has not failed only found the disk full.
      if writer.hasFailed { throw .log(error) }
      return false
    }
  }

  private mutating func append(_ commit: EncodedCommit) throws(LogError) {
    waiting = nil
    try writer.append(commit.payload.span, parts: commit.parts, from: commit.first)
  }

  /// What a commit or a launch waits for.
  var lacking: Shortages { waiting == nil ? launchesLack : launchesLack.union(.space) }

  /// If even the lock file finds no space, readers are told later.
  private mutating func sayWhetherItWaits() throws(RunError) {
    if said == lacking { return }
    do throws(RunError) { try publish() } catch {
      guard error.storageFailure?.errno.isOutOfSpace == true else { throw error }
    }
  }

  /// Takes the events of the commit in flight once they are durable; nil while they are not.
  mutating func finish() throws(RunError) -> [Event]? {
    if commitInFlight.isEmpty || waiting != nil { return nil }
    do throws(LogError) {
      guard try writer.finishSync() else { return nil }
    } catch {
      throw .log(error)
    }
    try requireOwnership()
    try publish()
    defer { commitInFlight = [] }
    return commitInFlight
  }

  /// Throws if another engine may own the run: the lock file is no longer at its path, or the
  /// segment was changed, which only an owner may do. Checked before a commit is written, and again
  /// before it is reported as durable: an engine that took the run in between did not read this
  /// commit.
  func requireOwnership() throws(RunError) {
    guard try lock.isAtItsPath() else { throw RunError.runWasTaken(path: lock.path) }
    let isUntouched: Bool
    do throws(LogError) { isUntouched = try writer.isUntouched() } catch { throw .log(error) }
    guard isUntouched else { throw RunError.runWasTaken(path: writer.path) }
  }

  /// Tells readers what is durable.
  mutating func publish() throws(RunError) {
    try lock.publish(
      HolderRecord(
        processID: processID, boot: boot, durable: writer.durablePosition,
        lastSequence: Int64(writer.durableSequence), lacking: lacking))
    said = lacking
  }

  /// Tells readers what launches wait for.
  mutating func say(launchesLack: Shortages) throws(RunError) {
    self.launchesLack = launchesLack
    try sayWhetherItWaits()
  }

  /// Appends the first commit of a run, and waits until it is durable. A full disk is an error
  /// here: there is no run yet that could wait for space.
  mutating func commit(_ first: EncodedCommit) throws(RunError) {
    precondition(commitInFlight.isEmpty, "a commit is in flight")
    openAttempts += first.openedAttempts
    do throws(LogError) {
      try writer.rotateIfNeeded(for: first.parts) { salts.next() }
      try writer.reserveSpace(for: LogWriter<Store>.rawLength(of: first.parts))
      try append(first)
      try writer.sync()
    } catch {
      throw .log(error)
    }
    try publish()
  }

  mutating func wasRenamed(to folder: RunFolder) {
    writer.wasRenamed(to: folder.log)
    lock.wasRenamed(to: folder)
  }

  /// Releases the run without a seal.
  consuming func release() throws(RunError) {
    do throws(LogError) { try writer.close() } catch { throw .log(error) }
    try lock.release()
  }

  /// Whether a commit is being made durable, and does not wait for space.
  var isSyncing: Bool { !commitInFlight.isEmpty && waiting == nil }

  /// Seals the log of a run that has ended, and gives its reserved space back.
  ///
  /// - Parameter tidy: called while the run is still held, when its end is durable.
  package consuming func seal(tidy: () -> Void = {}) throws(RunError) {
    do throws(LogError) {
      try writer.seal()
      writer.cutToLength()
      try writer.close()
    } catch {
      throw .log(error)
    }
    tidy()
    try lock.release()
  }
}

extension Event.Body {
  /// The change in the number of open attempts.
  fileprivate var openedAttempts: Int {
    (kind.opens == .attempt ? 1 : 0) - (kind.closes == .attempt ? 1 : 0)
  }
}

/// The events of a commit, encoded for the log.
package struct EncodedCommit {
  /// All parts in order.
  package private(set) var payload: [UInt8] = []
  /// Each part becomes one frame, and is a block of its own (`EventEncoder`).
  package private(set) var parts: [LogPart] = []
  /// The sequence number of the first event.
  package let first: UInt64
  /// The change in the number of open attempts.
  let openedAttempts: Int

  /// A part ends with the event that makes it this large: well below the limit of a frame, and
  /// large enough that frame headers cost nothing.
  private static let partByteCount = 4 << 20

  /// - Parameter events: consecutive, at least one.
  package init(_ events: [Event]) {
    guard let event = events.first else { preconditionFailure("a commit without events") }
    first = UInt64(event.sequence)
    openedAttempts = events.reduce(0) { $0 + $1.body.openedAttempts }
    var encoder = EventEncoder()
    var count = 0
    for event in events {
      encoder.append(event)
      count += 1
      if encoder.byteCount >= Self.partByteCount { endPart(&encoder, &count) }
    }
    if count > 0 { endPart(&encoder, &count) }
  }

  private mutating func endPart(_ encoder: inout EventEncoder, _ count: inout Int) {
    let bytes = encoder.finish()
    parts.append(LogPart(eventCount: count, byteCount: bytes.count))
    payload += bytes
    count = 0
  }
}
