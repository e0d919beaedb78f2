import FlowCore
package import FlowLog

/// Brings the engine's commits into the log, one at a time.
package struct Journal<Store: Storage>: ~Copyable {
  private var writer: LogWriter<Store>
  private let lock: RunLock<Store>
  private let processID: Int32
  private let boot: BootMark
  private let salts: SaltSource
  private(set) var commitInFlight: [Event] = []

  init(
    _ writer: consuming LogWriter<Store>, lock: consuming RunLock<Store>, by process: RunProcess
  ) {
    self.writer = writer
    self.lock = lock
    processID = process.processID
    boot = BootMark(process.place.bootID)
    salts = process.salts
  }

  /// Appends consecutive events and begins to make them durable.
  mutating func begin(_ events: [Event]) throws(RunError) {
    try append(events)
    do throws(LogError) { try writer.startSync() } catch { throw .log(error) }
  }

  private mutating func append(_ events: [Event]) throws(RunError) {
    precondition(commitInFlight.isEmpty, "a commit is in flight")
    let commit = EncodedCommit(events)
    do throws(LogError) {
      try writer.rotateIfNeeded(for: commit.parts) { salts.next() }
      try writer.append(commit.payload.span, parts: commit.parts, from: commit.first)
    } catch {
      throw .log(error)
    }
    commitInFlight = events
  }

  /// The events of the commit that was begun, once they are durable; nil while they are not.
  mutating func finish() throws(RunError) -> [Event]? {
    if commitInFlight.isEmpty { return nil }
    do throws(LogError) {
      guard try writer.finishSync() else { return nil }
    } catch {
      throw .log(error)
    }
    try publish()
    defer { commitInFlight = [] }
    return commitInFlight
  }

  /// Lets readers see what has become durable.
  func publish() throws(RunError) {
    try lock.publish(
      HolderRecord(
        processID: processID, boot: boot, durable: writer.durablePosition,
        lastSequence: Int64(writer.durableSequence)))
  }

  /// Appends a commit and waits until it is durable: for the first of a run, before there is
  /// anything else to do.
  mutating func commit(_ events: [Event]) throws(RunError) {
    try append(events)
    do throws(LogError) { try writer.sync() } catch { throw .log(error) }
    commitInFlight = []
    try publish()
  }

  mutating func wasRenamed(to folder: RunFolder) {
    writer.wasRenamed(to: folder.log)
  }

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
