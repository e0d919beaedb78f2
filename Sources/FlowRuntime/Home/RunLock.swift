import FlowCore
package import FlowStorage

/// The lock file of a run. The process that holds the kernel's lock on it is the run's engine. Its
/// content (`HolderRecord`) says which process that is, and how much of the log is durable. The
/// kernel releases the lock however the engine ends.
package struct RunLock<Store: Storage>: ~Copyable {
  private var file: File<Store>
  /// The last record of an earlier engine; nil if there is none, or it is unreadable.
  private let before: HolderRecord?

  /// The last event that an earlier engine recorded as durable; nil if there is no such record. It
  /// is written after the event is durable, and without a sync: after a power loss it can be older
  /// than the log, but never ahead of it.
  var durableBefore: Int64? { before?.lastSequence }

  /// Creates the lock file of a new run, and takes the lock.
  static func create(_ path: String, in storage: Store) throws(RunError) -> RunLock {
    try take(try wrapping { () throws(StorageError) in try File(path, .create, in: storage) })
  }

  /// Takes the lock of an existing run, and creates the file if a cleaner has removed it: it need
  /// not survive a power loss, since no lock does.
  ///
  /// - Throws: `.runIsHeld` if another process drives the run.
  package static func acquire(
    _ folder: RunFolder, id: String, processID: Int32, boot: BootMark, in storage: Store
  ) throws(RunError) -> RunLock {
    while true {
      let file = try wrapping { () throws(StorageError) in try open(folder.lock, in: storage) }
      let isTaken = try wrapping { () throws(StorageError) in try file.tryLock() }
      // A lock on a file that is no longer at its path excludes nobody.
      guard try wrapping({ () throws(StorageError) in try file.isAtItsPath() }) else { continue }
      guard isTaken else {
        let holder = try HolderRecord.read(file)
        throw RunError.runIsHeld(id, processID: holder?.processID)
      }
      return try take(file, processID: processID, boot: boot)
    }
  }

  private static func open(_ path: String, in storage: Store) throws(StorageError) -> File<Store> {
    while true {
      do throws(StorageError) { return try File(path, .update, in: storage) } catch {
        guard error.errno == .noSuchFile else { throw error }
      }
      do throws(StorageError) { return try File(path, .create, in: storage) } catch {
        guard error.errno == .fileExists else { throw error }
      }
    }
  }

  private static func take(
    _ file: consuming File<Store>, processID: Int32, boot: BootMark
  ) throws(RunError) -> RunLock {
    let lock = RunLock(file: file, before: try HolderRecord.read(file))
    // A process id of another boot means nothing.
    guard var record = lock.before, record.boot == boot else { return lock }
    // What was durable still is; only the process that drives the run has changed.
    record.processID = processID
    record.lacking = []
    try lock.publish(record)
    return lock
  }

  private static func take(_ file: consuming File<Store>) throws(RunError) -> RunLock {
    let isTaken = try wrapping { () throws(StorageError) in try file.tryLock() }
    precondition(isTaken, "another process locked a file that was just created")
    return RunLock(file: file, before: nil)
  }

  /// Releases a run that cannot be resumed, and leaves the file as it was found.
  consuming func giveBack() {
    // The caller is failing for another reason already. If this fails too, the record is right
    // except for the process.
    if let before { try? publish(before) }
    try? release()
  }

  /// Whether the lock still excludes other processes, which open the file by its path.
  func isAtItsPath() throws(RunError) -> Bool {
    try wrapping { () throws(StorageError) in try file.isAtItsPath() }
  }

  var path: String { file.path }

  mutating func wasRenamed(to folder: RunFolder) {
    file.folderWasRenamed(to: folder.path)
  }

  /// Publishes which process drives the run and how much of its log is durable.
  ///
  /// It needs no sync: a record that a power loss takes back says less, and nothing wrong.
  func publish(_ record: HolderRecord) throws(RunError) {
    try wrapping { () throws(StorageError) in try file.write(record.encoded().span, at: 0) }
  }

  package consuming func release() throws(RunError) {
    do throws(StorageError) { try file.close() } catch { throw .storage(error) }
  }
}
