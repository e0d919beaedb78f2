import FlowCore
import FlowLog
import FlowStorage

extension RunHome {
  /// No run id begins with a dot.
  static var buildingPrefix: String { ".new-" }

  /// Creates a run whose history begins with a commit, and takes its lock.
  ///
  /// Invariant: a run that can be seen is complete. Its folder is built under a temporary name,
  /// everything in it is made durable, and then one rename, which replaces nothing, gives it its
  /// name.
  ///
  /// - Parameters:
  ///   - definition: the definition file as it was given.
  ///   - environment: what the run's commands inherit.
  ///   - events: the first commit, with the engine's decisions that belong to it.
  /// - Throws: `.runExists` if the id is taken. A failure leaves nothing behind.
  func create(
    _ id: String, definition: [UInt8], environment: RunEnvironment, firstCommit events: [Event],
    by process: RunProcess
  ) throws(RunError) -> Journal<Store> {
    try checkName(id)
    if case .runCreated(let created)? = events.first?.body,
      created.definitionByteCount > RunCreated.largestDefinition
    {
      throw RunError.definitionTooLarge(bytes: created.definitionByteCount)
    }
    try prepare()
    try checkFree(id)
    let folder = folder(of: id)
    // The process id keeps two concurrent creators apart.
    let building = RunFolder(path: "\(runs)/\(Self.buildingPrefix)\(id)-\(process.processID)")
    try removeTree(building.path)
    var journal = try appear(
      folder, from: building, id, definition, environment, firstCommit: events, by: process)
    do throws(RunError) { try syncNames() } catch {
      try? withdraw(folder, to: building)
      throw error
    }
    journal.wasRenamed(to: folder)
    return journal
  }

  private func checkName(_ id: String) throws(RunError) {
    guard RunID.isValid(id), id != "latest" else { throw .invalidRunID(id) }
  }

  /// - Throws: `.invalidRunID` or `.runExists` if no run can be created with that id.
  package func checkFree(_ id: String) throws(RunError) {
    try checkName(id)
    guard try attributes(of: folder(of: id).path) == nil else { throw .runExists(id) }
  }

  private func appear(
    _ folder: RunFolder, from building: RunFolder, _ id: String, _ definition: [UInt8],
    _ environment: RunEnvironment, firstCommit events: [Event], by process: RunProcess
  ) throws(RunError) -> Journal<Store> {
    do throws(RunError) {
      let commit = EncodedCommit(events)
      var journal = try build(building, definition, environment, for: commit, by: process)
      try journal.commit(commit)
      try wrapping { () throws(StorageError) in try files(building).sync() }
      try give(building, theNameOf: folder, id)
      return journal
    } catch {
      try? removeTree(building.path)
      throw error
    }
  }

  private func build(
    _ folder: RunFolder, _ definition: [UInt8], _ environment: RunEnvironment,
    for commit: EncodedCommit, by process: RunProcess
  ) throws(RunError) -> Journal<Store> {
    try wrapping { () throws(StorageError) in try files(folder).make() }
    let lock = try RunLock.create(folder.lock, in: storage)
    try write(definition, to: folder.definition)
    try write(environment.encoded(), to: folder.environment)
    try wrapping { () throws(StorageError) in
      try File(folder.launcher, .create, in: storage).close()
      for path in [folder.log, folder.requests, folder.attempts, folder.work] {
        try Folder(path, in: storage).make()
      }
    }
    var options = process.logOptions
    // The first commit contains the whole definition, and must fit into the first segment.
    options.largestCommitBytes = max(
      options.largestCommitBytes, LogWriter<Store>.rawLength(of: commit.parts))
    do throws(LogError) {
      let writer = try LogWriter.create(
        in: folder.log, storage, salt: process.salts.next(), engineLife: 1, options)
      return Journal(writer, lock: lock, by: process)
    } catch {
      throw .log(error)
    }
  }

  private func give(
    _ building: RunFolder, theNameOf folder: RunFolder, _ id: String
  ) throws(RunError) {
    do throws(StorageError) { try files(building).rename(to: folder.path) } catch {
      throw error.errno == .fileExists ? .runExists(id) : .storage(error)
    }
  }

  /// Takes back a name that may not be durable, of a run that was not announced yet. Nothing in the
  /// run is removed before the name is durably gone: a run that can be seen is complete.
  private func withdraw(_ folder: RunFolder, to building: RunFolder) throws(RunError) {
    try wrapping { () throws(StorageError) in try files(folder).rename(to: building.path) }
    try syncNames()
    try removeTree(building.path)
  }

  private func write(_ bytes: [UInt8], to path: String) throws(RunError) {
    do throws(StorageError) {
      let file = try File(path, .create, in: storage)
      try file.write(bytes.span, at: 0)
      try file.sync()
      try file.close()
    } catch {
      throw .storage(error)
    }
  }

  // MARK: Folders

  /// Makes the home and its folder of runs if they are missing.
  ///
  /// A folder's name is synced before anything is made in the folder. So among the existing folders
  /// only the deepest can have a name that is not durable, left by a creator that failed or died.
  func prepare() throws(RunError) {
    // Nothing is created in a folder that is not trusted.
    if try isThere(path) { _ = try isThere(runs) }
    var parent = "/"
    var paths = runs.unicodeScalars.split(separator: "/").reduce(into: [String]()) { paths, name in
      paths.append("\(paths.last ?? "")/\(String(name))")
    }[...]
    var deepestFolder: String?
    while let next = paths.first, try attributes(of: next) != nil {
      deepestFolder = parent
      parent = paths.removeFirst()
    }
    try wrapping { () throws(StorageError) in
      if let deepestFolder { try syncIfReadable(deepestFolder) }
      for next in paths {
        // Another process may be making the same home.
        try Folder(next, in: storage).makeIfMissing()
        try Folder(parent, in: storage).sync()
        parent = next
      }
    }
    _ = try isThere(path)
    _ = try isThere(runs)
  }

  /// A folder that this user cannot read holds no names that this user has made.
  private func syncIfReadable(_ path: String) throws(StorageError) {
    do throws(StorageError) { try Folder(path, in: storage).sync() } catch {
      guard error.errno == .permissionDenied else { throw error }
    }
  }

  /// Makes the names of all runs durable.
  func syncNames() throws(RunError) {
    try wrapping { () throws(StorageError) in try Folder(runs, in: storage).sync() }
  }

  func removeTree(_ path: String) throws(RunError) {
    try wrapping { () throws(StorageError) in try Folder(path, in: storage).removeTree() }
  }

  private func files(_ folder: RunFolder) -> Folder<Store> { Folder(folder.path, in: storage) }
}
