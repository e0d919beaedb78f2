package import FlowCore
import FlowStorage

extension RunHome {
  /// Removes a finished run with all its files.
  ///
  /// One rename takes its name first: a run that can be seen is complete. If the removal is
  /// interrupted, `sweep` resumes it.
  ///
  /// - Throws: `.runIsHeld` if a process drives the run or is about to. The run is gone also if what its
  ///   attempts were making cannot be removed.
  package func remove(_ id: String) throws(RunError) {
    let folder = folder(of: id)
    let lock = try wrapping { () throws(StorageError) in
      try File(folder.lock, .update, in: storage)
    }
    guard try wrapping({ () throws(StorageError) in try lock.tryLock() }) else {
      throw .runIsHeld(id, processID: try HolderRecord.read(lock)?.processID)
    }
    let removed = "\(runs)/\(Self.removedPrefix)\(id)"
    try removeTree(removed)
    try wrapping { () throws(StorageError) in
      try Folder(folder.path, in: storage).rename(to: removed)
    }
    try syncNames()
    let stages = Result { () throws(RunError) in
      try removeStages(ofRun: id, in: RunFolder(path: removed))
    }
    do throws(StorageError) { try lock.close() } catch { throw .storage(error) }
    try removeTree(removed)
    try stages.get()
  }

  /// Removes what its attempts were making in the folders of their steps.
  private func removeStages(ofRun id: String, in folder: RunFolder) throws(RunError) {
    try wrapping { () throws(StorageError) in
      let names = try Folder(folder.attempts, in: storage).names()
      for name in names where name.utf8.reversed().starts(with: ".stage".utf8.reversed()) {
        try folder.removeStage(noted: "\(folder.attempts)/\(name)", ofRun: id, in: storage)
      }
    }
  }

  /// No run id begins with a dot.
  private static var removedPrefix: String { ".removed-" }

  /// Removes what interrupted removals and creations have left.
  package func sweep(now: WallTime) throws(RunError) {
    guard try isThere(path), try isThere(runs) else { return }
    let names = try wrapping { () throws(StorageError) in try Folder(runs, in: storage).names() }
    for name in names {
      let path = "\(runs)/\(name)"
      if name.hasPrefix(Self.removedPrefix) {
        // Whoever was interrupted may have removed a part of them, and of the list of them.
        let id = String(name.dropFirst(Self.removedPrefix.count))
        try? removeStages(ofRun: id, in: RunFolder(path: path))
        try removeTree(path)
      }
      if name.hasPrefix(Self.buildingPrefix), try isAbandoned(path, now: now) {
        try removeTree(path)
      }
    }
  }

  /// Whether no process is creating this run any more. Its creator holds its lock, except in the
  /// moment between making the folder and the lock file.
  private func isAbandoned(_ path: String, now: WallTime) throws(RunError) -> Bool {
    do throws(StorageError) {
      return try !File(RunFolder(path: path).lock, .read, in: storage).isLockedByAnother()
    } catch {
      guard error.errno == .noSuchFile else { throw .storage(error) }
    }
    guard let made = try attributes(of: path)?.modifiedMicroseconds else { return false }
    return now.microseconds - made > Self.creationMicroseconds
  }

  /// No creator takes an hour between the two.
  private static var creationMicroseconds: Int64 { 3_600_000_000 }
}
