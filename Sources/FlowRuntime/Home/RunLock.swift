import FlowCore
package import FlowStorage

/// The lock file of a run. Whoever holds the kernel's lock on it is the run's engine; what it holds
/// says which process that is, and how much of the log is durable. Nothing is ever left locked.
package struct RunLock<Store: Storage>: ~Copyable {
  private var file: File<Store>
  /// What an earlier engine has said last; nil where none has, or it cannot be read any more.
  private let before: HolderRecord?

  /// The last event that an earlier engine said was durable; nil where none has. An engine says so
  /// when it is: after a power loss the word may be older than the log, and never ahead of it.
  var durableBefore: Int64? { before?.lastSequence }

  /// Makes the lock file of a new run, and takes the lock.
  static func create(_ path: String, in storage: Store) throws(RunError) -> RunLock {
    try take(try wrapping { () throws(StorageError) in try File(path, .create, in: storage) })
  }

  /// Takes the lock of an existing run. The file is made where a cleaner has removed it: nothing of
  /// it has to outlive a power loss, since no lock does.
  ///
  /// - Throws: `.runIsHeld` if another process drives the run.
  package static func acquire(
    _ folder: RunFolder, id: String, processID: Int32, boot: BootMark, in storage: Store
  ) throws(RunError) -> RunLock {
    while true {
      let file = try wrapping { () throws(StorageError) in try open(folder.lock, in: storage) }
      let isTaken = try wrapping { () throws(StorageError) in try file.tryLock() }
      // Who holds a file that others cannot find holds nothing.
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
    // Processes of another boot mean nothing to anybody.
    guard var record = lock.before, record.boot == boot else { return lock }
    // What was durable before still is; who drives the run has changed.
    record.processID = processID
    record.waitsForRoom = false
    try lock.publish(record)
    return lock
  }

  private static func take(_ file: consuming File<Store>) throws(RunError) -> RunLock {
    let isTaken = try wrapping { () throws(StorageError) in try file.tryLock() }
    precondition(isTaken, "somebody locked a file that nobody else can know of")
    return RunLock(file: file, before: nil)
  }

  /// Lets go of a run that cannot be gone on with, and leaves the file as it was found.
  consuming func giveBack() {
    // Who fails here fails for another reason already; the record is true but for the process.
    if let before { try? publish(before) }
    try? release()
  }

  /// Whether the lock still keeps others out: they would open this file.
  func isAtItsPath() throws(RunError) -> Bool {
    try wrapping { () throws(StorageError) in try file.isAtItsPath() }
  }

  var path: String { file.path }

  mutating func wasRenamed(to folder: RunFolder) {
    file.folderWasRenamed(to: folder.path)
  }

  /// Says who drives the run and how far its log is durable. Needs no sync: it is of no use once
  /// the lock is free.
  func publish(_ record: HolderRecord) throws(RunError) {
    try wrapping { () throws(StorageError) in try file.write(record.encoded().span, at: 0) }
  }

  package consuming func release() throws(RunError) {
    do throws(StorageError) { try file.close() } catch { throw .storage(error) }
  }
}
