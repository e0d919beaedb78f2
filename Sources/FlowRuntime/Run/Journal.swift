package import FlowCore
package import FlowLog
package import FlowStorage

/// Brings the engine's commits into the log, one at a time.
package struct Journal<Store: Storage>: ~Copyable {
  private var writer: LogWriter<Store>
  private var lock: RunLock<Store>
  private let processID: Int32
  private let boot: BootMark
  private let salts: SaltSource
  private(set) var commitInFlight: [Event] = []
  /// The commit in flight, if there is no room for it yet: nothing of it is written.
  private var waiting: EncodedCommit?
  /// Whether readers were last told that the run waits for room.
  private var isSaidToWait = false
  /// Attempts whose ends are to come.
  private var openAttempts: Int
  private var launchesWaitForRoom = false

  /// What is kept free for the end of an attempt and what is decided at once, in a frame of its own.
  private static var roomForAnEnd: Int64 { 512 }

  /// - Parameter openAttempts: how many attempts the history has scheduled that have no end.
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

  /// Takes consecutive events, and begins to make them durable if there is room for them.
  ///
  /// - Returns: false if there is none. Then nothing is written, and `beginAgain` is to be called
  ///   when there may be.
  mutating func begin(_ events: [Event]) throws(RunError) -> Bool {
    take(events)
    return try beginAgain()
  }

  /// Looks whether there is room now for the commit that had none.
  mutating func beginAgain() throws(RunError) -> Bool {
    guard let commit = waiting else { preconditionFailure("no commit waits for room") }
    try requireOwnership()
    guard try findRoom(for: commit) else {
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

  /// All that needs room comes before anything is written. With an intent to launch, that is also
  /// the room for the ends of all attempts that will then be open: what runs can always be recorded.
  ///
  /// - Returns: whether there is any.
  private mutating func findRoom(for commit: EncodedCommit) throws(RunError) -> Bool {
    let isLaunching = commitInFlight.contains { $0.body.kind == .attemptScheduled }
    let ends = isLaunching ? Int64(openAttempts) * Self.roomForAnEnd : 0
    do throws(LogError) {
      try writer.rotateIfNeeded(for: commit.parts) { salts.next() }
      try writer.reserveSpace(for: LogWriter<Store>.rawLength(of: commit.parts) + ends)
      return true
    } catch {
      // Only want of room leaves the writer as it was.
      if writer.hasFailed { throw .log(error) }
      return false
    }
  }

  private mutating func append(_ commit: EncodedCommit) throws(LogError) {
    waiting = nil
    try writer.append(commit.payload.span, parts: commit.parts, from: commit.first)
  }

  private var waits: Bool { waiting != nil || launchesWaitForRoom }

  /// Where even the lock file finds no room, it is said later.
  private mutating func sayWhetherItWaits() throws(RunError) {
    if isSaidToWait == waits { return }
    do throws(RunError) { try publish() } catch {
      guard error.storageFailure?.errno.isOutOfSpace == true else { throw error }
    }
  }

  /// The events of the commit that was begun, once they are durable; nil while they are not.
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

  /// Without its lock file another engine may own the run, and nobody else has business with the
  /// segment. Asked before a commit is written, and again before it is told to be durable: whoever
  /// took the run in between did not count what he had not read.
  private func requireOwnership() throws(RunError) {
    guard try lock.isAtItsPath() else { throw RunError.runWasTaken(path: lock.path) }
    let isUntouched: Bool
    do throws(LogError) { isUntouched = try writer.isUntouched() } catch { throw .log(error) }
    guard isUntouched else { throw RunError.runWasTaken(path: writer.path) }
  }

  /// Lets readers see what has become durable.
  mutating func publish() throws(RunError) {
    try lock.publish(
      HolderRecord(
        processID: processID, boot: boot, durable: writer.durablePosition,
        lastSequence: Int64(writer.durableSequence), waitsForRoom: waits))
    isSaidToWait = waits
  }

  /// Lets readers see whether launches wait for room.
  mutating func say(launchesWaitForRoom: Bool) throws(RunError) {
    self.launchesWaitForRoom = launchesWaitForRoom
    try sayWhetherItWaits()
  }

  /// Appends a commit and waits until it is durable: for the first of a run, before there is
  /// anything else to do, and nothing to wait for room with.
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

  /// Lets go of the run as it is.
  consuming func release() throws(RunError) {
    do throws(LogError) { try writer.close() } catch { throw .log(error) }
    try lock.release()
  }

  /// Whether a commit is being made durable, and not waiting for room.
  var isSyncing: Bool { !commitInFlight.isEmpty && waiting == nil }

  /// Ends the log for good, where the run has its end.
  package consuming func seal() throws(RunError) {
    do throws(LogError) {
      try writer.seal()
      try writer.close()
    } catch {
      throw .log(error)
    }
    try lock.release()
  }
}

extension Event.Body {
  /// By how many more attempts are open after it.
  fileprivate var openedAttempts: Int {
    (kind.opens == .attempt ? 1 : 0) - (kind.closes == .attempt ? 1 : 0)
  }
}

/// The events of a commit as the log takes them.
package struct EncodedCommit {
  /// The parts, one after the other.
  package private(set) var payload: [UInt8] = []
  /// A part goes into one frame, and is a block of its own (`EventEncoder`).
  package private(set) var parts: [LogPart] = []
  /// The sequence number of the first event.
  package let first: UInt64
  /// By how many more attempts are open after it.
  let openedAttempts: Int

  /// Events are gathered into parts of this many bytes and an event more: well below what a frame
  /// takes, and enough that its header costs nothing.
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
