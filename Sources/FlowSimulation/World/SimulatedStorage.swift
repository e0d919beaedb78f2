package import FlowStorage

/// A file system in memory, on a disk that can lose power. What was synced stays, unless the disk
/// is hostile. Of the rest, some may be left (`StorageTier`).
package final class SimulatedStorage: Storage {
  package typealias Handle = Int

  /// A file or a folder. It is no enumeration, since looking at a part of a payload copies all of
  /// it.
  struct Node {
    let isFolder: Bool
    var file = SimulatedFile()
    var folder = SimulatedFolder()
  }

  /// An open file description. A process that forks shares it with the child, and its lock stays
  /// until the last of them has closed it.
  private struct OpenFile {
    let node: Int
    var owners: [Int]
  }

  private(set) var nodes: [Node] = [Node(isFolder: true)]
  private var modified: [Int64] = [0]
  /// By handle; closed ones are nil. A handle is never used again.
  private var open: [OpenFile?] = []
  private var locks = FileLocks(nodeCount: 1)
  /// The process that uses the storage: it owns what it opens.
  private(set) var user = engine
  /// The owner that stands for every engine, since there is one at a time.
  static let engine = 0
  /// The sync that was begun: which file, how many of its changes, and whether it is done.
  private var pendingSync: (node: Int, changes: Int, isDone: Bool, error: Errno?)?

  /// Called before each operation that changes something, before it looks anything up.
  var onChange: () -> Void = {}
  /// Asked before each operation that changes something, and whether it needs more space on the
  /// disk.
  var decide: (_ operation: Operation, _ needsSpace: Bool) -> DiskDecision = { _, _ in .done }
  /// Asked before each operation that changes nothing: the error with which it fails, if it does.
  var failedLook: (Look) -> Errno? = { _ in nil }
  /// How many of the bytes that it could deliver a read delivers.
  var deliveredBytes: (Int) -> Int = { $0 }
  /// How many of its bytes a write accepts. Not asked for a write within a sector: Linux cuts
  /// writes only between pages.
  var acceptedBytes: (Int) -> Int = { $0 }
  /// Called when a sync is begun; the world calls `completeSync` later.
  var onSyncStarted: () -> Void = {}
  var wallMicroseconds: () -> Int64 = { 0 }
  /// Called before a lock is taken: the file may be replaced after it was opened.
  var onLock: () -> Void = {}

  /// Operations that change something, or make it durable.
  package enum Operation: UInt8, CaseIterable, Sendable {
    case makeDirectory, rename, remove, syncDirectory, create, write, reserve, sync, startSync
    case truncate
  }

  /// Operations that change nothing.
  package enum Look: UInt8, CaseIterable, Sendable {
    case list, inspect, open, size, read, lock, close
  }

  /// What a power loss may take.
  let tier: StorageTier
  /// Whether the file system has no fallocate: space is made by writing zeros.
  var lacksAllocation = false
  private var knownPaths = KnownPaths()
  /// The node of the file that was written last.
  private var written: Int?
  /// Whether the disk has changed or lost something durable; and whether some of that was in the
  /// log.
  var hasBetrayed = false
  var hasBetrayedLog = false

  package init(_ tier: StorageTier = .ordered) {
    self.tier = tier
  }

  // MARK: The world's side

  /// Everything that was not durable may be gone, and nothing is open any more.
  ///
  /// - Returns: what was lost.
  @discardableResult
  func losePower(_ choose: (_ site: ChoiceSite, _ count: Int) -> Int) -> [Fault] {
    var losses: [Fault] = []
    for index in nodes.indices {
      let loss: Fault?
      if nodes[index].isFolder {
        var folder = nodes[index].folder
        loss = folder.losePower(tier, isFolder: isFolder, { choose(.lostNames, $0) })
        nodes[index].folder = folder
      } else {
        loss = nodes[index].file.losePower(tier, choose)
      }
      if let loss { losses.append(loss) }
    }
    returnLostArrivals()
    forgetPaths()
    for index in open.indices { open[index] = nil }
    locks = FileLocks(nodeCount: nodes.count)
    pendingSync = nil
    return losses
  }

  /// A copy with no more on it than a power loss now would surely leave.
  package func leastRemains() -> SimulatedStorage {
    let image = SimulatedStorage(tier)
    image.modified = modified
    image.locks = FileLocks(nodeCount: nodes.count)
    image.nodes = nodes.map { node in
      Node(
        isFolder: node.isFolder, file: node.file.leastRemains, folder: node.folder.leastRemains)
    }
    if nodes.allSatisfy(\.folder.isSynced) { image.knownPaths = knownPaths }
    return image
  }

  /// A copy with everything on it that can be read now, and nothing open.
  func copy() -> SimulatedStorage {
    let copy = SimulatedStorage(tier)
    copy.modified = modified
    copy.locks = FileLocks(nodeCount: nodes.count)
    copy.nodes = nodes
    copy.knownPaths = knownPaths
    return copy
  }

  /// Whether the file that is written, or was written last, is the one of that path.
  func isWriting(_ path: String) -> Bool { (try? find(path)) == written }

  func isLocked(_ path: String) -> Bool { (try? find(path)).map(isLocked) ?? false }

  func isLocked(_ node: Int) -> Bool { locks.isTaken(node) }

  /// Whether a sync was begun whose result was not asked for yet.
  var hasSync: Bool { pendingSync != nil }

  /// The engine is gone, and the machine is not. What it shared with other processes stays open.
  func closeAll() {
    closeAll(of: Self.engine)
    pendingSync = nil
  }

  /// A process is gone. What it had open and did not share is closed.
  func closeAll(of owner: Int) {
    for file in open.indices where open[file] != nil { drop(file, by: owner) }
  }

  /// A process shares an open file, and with it the lock, as with a child that it forks.
  func share(_ file: Handle, with owner: Int) {
    open[file]?.owners.append(owner)
  }

  /// Lets a process other than the engine use the storage.
  func act<Value>(as owner: Int, _ body: () throws(Errno) -> Value) throws(Errno) -> Value {
    let before = user
    user = owner
    defer { user = before }
    return try body()
  }

  private func drop(_ file: Handle, by owner: Int) {
    guard let index = open[file]?.owners.firstIndex(of: owner) else { return }
    open[file]?.owners.remove(at: index)
    guard let closed = open[file], closed.owners.isEmpty else { return }
    locks.release(closed.node, by: file)
    open[file] = nil
  }

  func completeSync(_ decision: DiskDecision) {
    guard let sync = pendingSync, !sync.isDone else { return }
    pendingSync?.isDone = true
    do throws(Errno) { try settle(decision, syncing: sync.node, sync.changes) } catch {
      pendingSync?.error = error
    }
  }

  private func settle(
    _ decision: DiskDecision, syncing node: Int, _ count: Int
  ) throws(Errno) {
    switch decision {
    case .done: nodes[node].file.sync(count, remembers: tier == .hostile)
    case .refused(let error): throw error
    case .doneAndRefused(let error):
      nodes[node].file.sync(count)
      throw error
    case .dropped(let error, let landed, let reverting):
      nodes[node].file.drop(count, landed: count * landed / 1_000, reverting: reverting)
      throw error
    case .pretended:
      nodes[node].file.pretendToSync(count)
      (hasBetrayed, hasBetrayedLog) = (true, true)
    }
  }

  /// Performs an operation, if the world lets it.
  private func perform(
    _ operation: Operation, needsSpace: Bool = false, _ body: () -> Void
  ) throws(Errno) {
    switch decide(operation, needsSpace) {
    case .done, .pretended: body()
    case .refused(let error), .dropped(let error, _, _): throw error
    case .doneAndRefused(let error):
      body()
      throw error
    }
  }

  private func look(_ look: Look) throws(Errno) {
    if let error = failedLook(look) { throw error }
  }

  // MARK: Names

  package func makeDirectory(_ path: String) throws(Errno) {
    onChange()
    let (parent, name) = try locate(path)
    if names(of: parent)[name] != nil { throw .fileExists }
    try perform(.makeDirectory, needsSpace: true) {
      let node = add(Node(isFolder: true))
      changeFolder(parent) { $0.apply([.init(name: name, node: node)]) }
      knownPaths.nameAppeared()
    }
  }

  package func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    onChange()
    let (parent, name) = try locate(path)
    let (newParent, newName) = try locate(newPath)
    guard let node = names(of: parent)[name] else { throw .noSuchFile }
    if !replacing && names(of: newParent)[newName] != nil { throw .fileExists }
    precondition(parent == newParent || !isFolder(node), "a folder is renamed to another one")
    try perform(.rename) {
      let replaced = names(of: newParent)[newName]
      let gone = SimulatedFolder.Change(name: name, node: nil)
      let origin = parent == newParent ? nil : (folder: parent, name: name)
      let new = SimulatedFolder.Change(name: newName, node: node, origin: origin)
      if parent != newParent { changeFolder(newParent) { $0.apply([new]) } }
      changeFolder(parent) { $0.apply(parent == newParent ? [gone, new] : [gone]) }
      // Everything in a folder has another path now.
      if isFolder(node) { return forgetPaths() }
      for moved in [node, replaced] { if let moved { knownPaths.nameDisappeared(of: moved) } }
      knownPaths.nameAppeared()
    }
  }

  package func removeFile(_ path: String) throws(Errno) {
    onChange()
    let (parent, name) = try locate(path)
    guard let node = names(of: parent)[name] else { throw .noSuchFile }
    if isFolder(node) { throw .isDirectory }
    try perform(.remove) { removeName(name, in: parent, of: node) }
  }

  package func removeDirectory(_ path: String) throws(Errno) {
    onChange()
    let (parent, name) = try locate(path)
    guard let node = names(of: parent)[name] else { throw .noSuchFile }
    guard isFolder(node) else { throw .notDirectory }
    guard nodes[node].folder.names.isEmpty else { throw .directoryNotEmpty }
    try perform(.remove) { removeName(name, in: parent, of: node) }
  }

  private func removeName(_ name: String, in folder: Int, of node: Int) {
    changeFolder(folder) { $0.apply([.init(name: name, node: nil)]) }
    knownPaths.nameDisappeared(of: node)
  }

  package func entries(of path: String) throws(Errno) -> [String] {
    let node = try find(path)
    guard isFolder(node) else { throw .notDirectory }
    try look(.list)
    return nodes[node].folder.list()
  }

  package func syncDirectory(_ path: String) throws(Errno) {
    onChange()
    let node = try find(path)
    guard isFolder(node) else { throw .notDirectory }
    try perform(.syncDirectory) { nodes[node].folder.sync() }
  }

  package func attributes(of path: String) throws(Errno) -> FileAttributes? {
    try look(.inspect)
    let node: Int
    do throws(Errno) { node = try find(path) } catch .noSuchFile { return nil }
    return FileAttributes(
      isDirectory: isFolder(node), isOwn: true, isWritableByOthers: false,
      modifiedMicroseconds: modified[node], owner: Self.owner)
  }

  // MARK: Files

  package func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Handle {
    if mode == .create { onChange() }
    try look(.open)
    let node: Int
    switch mode {
    case .read, .update: node = try find(path)
    case .create:
      let (parent, name) = try locate(path)
      if names(of: parent)[name] != nil { throw .fileExists }
      var new = 0
      try perform(.create, needsSpace: true) {
        new = add(Node(isFolder: false))
        changeFolder(parent) { $0.apply([.init(name: name, node: new)]) }
        knownPaths.nameAppeared()
      }
      node = new
    }
    if isFolder(node) { throw .isDirectory }
    open.append(OpenFile(node: node, owners: [user]))
    return open.count - 1
  }

  package func size(of file: Handle) throws(Errno) -> Int64 {
    try look(.size)
    return Int64(nodes[try fileNode(of: file)].file.bytes.count)
  }

  package func isStill(_ file: Handle, at path: String) throws(Errno) -> Bool {
    try look(.inspect)
    let open = try node(of: file)
    do throws(Errno) { return try find(path) == open } catch .noSuchFile { return false }
  }

  package func read(
    from file: Handle, at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(Errno) -> Int {
    let bytes = nodes[try fileNode(of: file)].file.bytes
    try look(.read)
    let start = min(Int(clamping: offset), bytes.count)
    let available = min(range.count, bytes.count - start)
    let count = available > 1 ? deliveredBytes(available) : available
    buffer.replaceSubrange(
      range.lowerBound..<range.lowerBound + count, with: bytes[start..<start + count])
    return count
  }

  package func write(
    _ bytes: Span<UInt8>, to file: Handle, at offset: Int64
  ) throws(Errno) -> Int {
    onChange()
    let node = try fileNode(of: file)
    let size = nodes[node].file.bytes.count
    let sector = Int64(SimulatedFile.sectorByteCount)
    let isWithinSector = offset / sector == (offset + Int64(bytes.count) - 1) / sector
    let all = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    var taken = all.count
    written = node
    try perform(.write, needsSpace: Int(offset) + all.count > size) {
      if !isWithinSector { taken = acceptedBytes(all.count) }
      let written = taken == all.count ? all : Array(all[..<taken])
      changeFile(node) { $0.apply(.write(offset: Int(offset), bytes: written)) }
    }
    return taken
  }

  package func reserve(_ file: Handle, upTo length: Int64) throws(Errno) {
    onChange()
    let node = try node(of: file)
    if lacksAllocation { return try writeZeros(to: node, upTo: Int(length)) }
    try perform(.reserve, needsSpace: true) {
      changeFile(node) { $0.apply(.extend(length: Int(length))) }
    }
  }

  package func truncate(_ file: Handle, to length: Int64) throws(Errno) {
    onChange()
    let node = try fileNode(of: file)
    try perform(.truncate) { changeFile(node) { $0.apply(.truncate(length: Int(length))) } }
  }

  /// Sector by sector: a crash, or the end of the space, can come between any two.
  private func writeZeros(to node: Int, upTo length: Int) throws(Errno) {
    while nodes[node].file.bytes.count < length {
      let size = nodes[node].file.bytes.count
      let sector = SimulatedFile.sectorByteCount
      let count = min(length, (size / sector + 1) * sector) - size
      try perform(.reserve, needsSpace: true) {
        changeFile(node) {
          $0.apply(.write(offset: size, bytes: [UInt8](repeating: 0, count: count)))
        }
      }
    }
  }

  package func sync(_ file: Handle) throws(Errno) {
    onChange()
    let node = try fileNode(of: file)
    let count = nodes[node].file.unsynced.count
    try settle(decide(.sync, false), syncing: node, count)
  }

  package func startSync(_ file: Handle) throws(Errno) {
    precondition(pendingSync == nil, "a sync was begun while another was under way")
    onChange()
    let node = try fileNode(of: file)
    try perform(.startSync) {}
    pendingSync = (node, nodes[node].file.unsynced.count, isDone: false, error: nil)
    onSyncStarted()
  }

  package func finishedSync() throws(Errno) -> Bool {
    guard let sync = pendingSync, sync.isDone else { return false }
    pendingSync = nil
    if let error = sync.error { throw error }
    return true
  }

  package func tryLock(_ file: Handle) throws(Errno) -> Bool {
    onLock()
    try look(.lock)
    return locks.take(try node(of: file), by: file)
  }

  package func tryShareLock(_ file: Handle) throws(Errno) -> Bool {
    onLock()
    try look(.lock)
    return locks.share(try node(of: file), with: file)
  }

  package func isLockedByAnother(_ file: Handle) throws(Errno) -> Bool {
    locks.isTaken(try node(of: file), byOtherThan: file)
  }

  package func close(_ file: Handle) throws(Errno) {
    _ = try node(of: file)
    // On Linux the file is closed even if `close` fails.
    drop(file, by: user)
    try look(.close)
  }

  // MARK: Nodes

  /// Names have changed so that anything may be anywhere.
  func forgetPaths() { knownPaths.forget() }

  func find(_ path: String) throws(Errno) -> Int {
    try knownPaths.node(at: path) { () throws(Errno) in
      try find(KnownPaths.components(of: path)[...])
    }
  }

  private func find(_ names: ArraySlice<String>) throws(Errno) -> Int {
    var node = 0
    for name in names {
      guard isFolder(node) else { throw .notDirectory }
      guard let next = nodes[node].folder.names[name] else { throw .noSuchFile }
      node = next
    }
    return node
  }

  /// The folder that holds the last name of a path, and that name.
  private func locate(_ path: String) throws(Errno) -> (parent: Int, name: String) {
    let names = KnownPaths.components(of: path)
    guard let last = names.last else { throw .invalidArgument }
    let parent = try find(names.dropLast())
    guard isFolder(parent) else { throw .notDirectory }
    return (parent, last)
  }

  func isFolder(_ node: Int) -> Bool { nodes[node].isFolder }

  private func names(of folder: Int) -> [String: Int] { nodes[folder].folder.names }

  private func add(_ node: Node) -> Int {
    nodes.append(node)
    locks.addNode()
    modified.append(wallMicroseconds())
    return nodes.count - 1
  }

  private func node(of file: Handle) throws(Errno) -> Int {
    guard open.indices.contains(file), let open = open[file] else { throw .badDescriptor }
    return open.node
  }

  private func fileNode(of file: Handle) throws(Errno) -> Int {
    let node = try node(of: file)
    if isFolder(node) { throw .isDirectory }
    return node
  }

  func changeFile(_ node: Int, _ body: (inout SimulatedFile) -> Void) {
    precondition(!isFolder(node), "a folder has no bytes")
    body(&nodes[node].file)
    modified[node] = wallMicroseconds()
  }

  func changeFolder(_ node: Int, _ body: (inout SimulatedFolder) -> Void) {
    precondition(isFolder(node), "a file has no names")
    body(&nodes[node].folder)
    modified[node] = wallMicroseconds()
  }
}
