import FlowCore
package import FlowLog

/// The lock file of a run. Whoever holds the kernel's lock on it is the run's engine; what it holds
/// says which process that is, and how much of the log is durable. Nothing is ever left locked.
package struct RunLock<Store: Storage>: ~Copyable {
  private let file: File<Store>

  /// Makes the lock file of a new run, and takes the lock.
  static func create(_ path: String, in storage: Store) throws(RunError) -> RunLock {
    try take(try wrapping { () throws(StorageError) in try File(path, .create, in: storage) })
  }

  /// Takes the lock of an existing run.
  ///
  /// - Throws: `.runIsHeld` if another process drives the run.
  package static func acquire(
    _ folder: RunFolder, id: String, processID: Int32, boot: BootMark, in storage: Store
  ) throws(RunError) -> RunLock {
    let file = try wrapping { () throws(StorageError) in
      try File(folder.lock, .update, in: storage)
    }
    guard try wrapping({ () throws(StorageError) in try file.tryLock() }) else {
      let holder = try HolderRecord.read(file)
      throw RunError.runIsHeld(id, processID: holder?.processID)
    }
    let before = try HolderRecord.read(file)
    let lock = RunLock(file: file)
    // What was durable before still is; who drives the run has changed.
    if var record = before {
      // After a power loss the log holds what it holds, whatever an older record says.
      guard record.boot == boot else { return lock }
      record.processID = processID
      record.waitsForRoom = false
      try lock.publish(record)
    }
    return lock
  }

  private static func take(_ file: consuming File<Store>) throws(RunError) -> RunLock {
    let isTaken = try wrapping { () throws(StorageError) in try file.tryLock() }
    precondition(isTaken, "somebody locked a file that nobody else can know of")
    return RunLock(file: file)
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
