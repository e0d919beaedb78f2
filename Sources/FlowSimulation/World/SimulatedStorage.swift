package import FlowLog

/// A file system in memory that behaves like ext4 on a disk that can lose power: what was synced
/// stays; of what was not, some may be there.
package final class SimulatedStorage: Storage {
  package typealias Handle = Int

  private enum Node {
    case file(SimulatedFile)
    case folder(SimulatedFolder)
  }

  private struct OpenFile {
    let node: Int
    var isLocked = false
  }

  private var nodes: [Node] = [.folder(SimulatedFolder())]
  private var modified: [Int64] = [0]
  /// By handle; closed ones are nil. A handle is never used again.
  private var open: [OpenFile?] = []
  /// The sync that was begun: which file, how many of its changes, and whether it is done.
  private var pendingSync: (node: Int, changes: Int, isDone: Bool, error: Errno?)?

  /// Asked before each operation that changes something; may throw what the world makes of it.
  var beforeChange: (Operation) throws(Errno) -> Void = { _ in }
  /// How many of so many bytes a write takes.
  var acceptedBytes: (Int) -> Int = { $0 }
  /// Called when a sync is begun; the world calls `completeSync` later.
  var onSyncStarted: () -> Void = {}
  var wallMicroseconds: () -> Int64 = { 0 }

  package enum Operation: UInt8, CaseIterable, Sendable {
    case makeDirectory, rename, remove, syncDirectory, create, write, reserve, sync, startSync
  }

  package init() {}

  // MARK: The world's side

  /// All that was not durable may be gone, and nothing is open any more.
  func losePower(_ choose: (_ site: ChoiceSite, _ count: Int) -> Int) {
    for index in nodes.indices {
      switch nodes[index] {
      case .file(var file):
        file.losePower { choose(.lostBytes, $0) }
        nodes[index] = .file(file)
      case .folder(var folder):
        folder.losePower { choose(.lostNames, $0) }
        nodes[index] = .folder(folder)
      }
    }
    closeAll()
  }

  /// The process that had files open is gone, and the machine is not.
  func closeAll() {
    for index in open.indices { open[index] = nil }
    pendingSync = nil
  }

  func completeSync(error: Errno?) {
    guard let sync = pendingSync, !sync.isDone else { return }
    pendingSync?.isDone = true
    pendingSync?.error = error
    if error == nil { changeFile(sync.node) { $0.sync(sync.changes) } }
  }

  // MARK: Names

  package func makeDirectory(_ path: String) throws(Errno) {
    let (parent, name) = try locate(path)
    if names(of: parent)[name] != nil { throw .fileExists }
    try beforeChange(.makeDirectory)
    let node = add(.folder(SimulatedFolder()))
    changeFolder(parent) { $0.apply([.init(name: name, node: node)]) }
  }

  package func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    let (parent, name) = try locate(path)
    let (newParent, newName) = try locate(newPath)
    guard let node = names(of: parent)[name] else { throw .noSuchFile }
    if !replacing && names(of: newParent)[newName] != nil { throw .fileExists }
    precondition(parent == newParent, "the product renames within a folder only")
    try beforeChange(.rename)
    changeFolder(parent) {
      $0.apply([.init(name: name, node: nil), .init(name: newName, node: node)])
    }
  }

  package func removeFile(_ path: String) throws(Errno) {
    let (parent, name) = try locate(path)
    guard let node = names(of: parent)[name] else { throw .noSuchFile }
    if case .folder = nodes[node] { throw .isDirectory }
    try beforeChange(.remove)
    changeFolder(parent) { $0.apply([.init(name: name, node: nil)]) }
  }

  package func removeDirectory(_ path: String) throws(Errno) {
    let (parent, name) = try locate(path)
    guard let node = names(of: parent)[name] else { throw .noSuchFile }
    guard case .folder(let folder) = nodes[node] else { throw .notDirectory }
    guard folder.names.isEmpty else { throw .directoryNotEmpty }
    try beforeChange(.remove)
    changeFolder(parent) { $0.apply([.init(name: name, node: nil)]) }
  }

  package func entries(of path: String) throws(Errno) -> [String] {
    guard case .folder(let folder) = nodes[try find(path)] else { throw .notDirectory }
    return folder.names.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  package func syncDirectory(_ path: String) throws(Errno) {
    let node = try find(path)
    guard case .folder = nodes[node] else { throw .notDirectory }
    try beforeChange(.syncDirectory)
    changeFolder(node) { $0.sync() }
  }

  package func attributes(of path: String) throws(Errno) -> FileAttributes? {
    let node: Int
    do throws(Errno) { node = try find(path) } catch .noSuchFile { return nil }
    var isDirectory: Bool { if case .folder = nodes[node] { true } else { false } }
    return FileAttributes(
      isDirectory: isDirectory, isOwn: true, isWritableByOthers: false,
      modifiedMicroseconds: modified[node])
  }

  // MARK: Files

  package func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Handle {
    let node: Int
    switch mode {
    case .read, .update: node = try find(path)
    case .create:
      let (parent, name) = try locate(path)
      if names(of: parent)[name] != nil { throw .fileExists }
      try beforeChange(.create)
      node = add(.file(SimulatedFile()))
      changeFolder(parent) { $0.apply([.init(name: name, node: node)]) }
    }
    if case .folder = nodes[node] { throw .isDirectory }
    open.append(OpenFile(node: node))
    return open.count - 1
  }

  package func size(of file: Handle) throws(Errno) -> Int64 {
    Int64(try content(of: file).bytes.count)
  }

  package func read(
    from file: Handle, at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(Errno) -> Int {
    let bytes = try content(of: file).bytes
    let start = min(Int(clamping: offset), bytes.count)
    let count = min(range.count, bytes.count - start)
    buffer.replaceSubrange(
      range.lowerBound..<range.lowerBound + count, with: bytes[start..<start + count])
    return count
  }

  package func write(
    _ bytes: Span<UInt8>, to file: Handle, at offset: Int64
  ) throws(Errno) -> Int {
    let node = try node(of: file)
    try beforeChange(.write)
    let count = acceptedBytes(bytes.count)
    var taken: [UInt8] = []
    taken.reserveCapacity(count)
    for index in 0..<count { taken.append(bytes[index]) }
    changeFile(node) { $0.apply(.write(offset: Int(offset), bytes: taken)) }
    return count
  }

  package func reserve(_ file: Handle, upTo length: Int64) throws(Errno) {
    let node = try node(of: file)
    try beforeChange(.reserve)
    changeFile(node) { $0.apply(.extend(length: Int(length))) }
  }

  package func sync(_ file: Handle) throws(Errno) {
    let node = try node(of: file)
    try beforeChange(.sync)
    changeFile(node) { $0.sync($0.unsynced.count) }
  }

  package func startSync(_ file: Handle) throws(Errno) {
    precondition(pendingSync == nil, "a sync was begun while another was under way")
    let node = try node(of: file)
    try beforeChange(.startSync)
    let changes = try content(of: file).unsynced.count
    pendingSync = (node, changes, isDone: false, error: nil)
    onSyncStarted()
  }

  package func finishedSync() throws(Errno) -> Bool {
    guard let sync = pendingSync, sync.isDone else { return false }
    pendingSync = nil
    if let error = sync.error { throw error }
    return true
  }

  package func tryLock(_ file: Handle) throws(Errno) -> Bool {
    if try isLockedByAnother(file) { return false }
    open[file]?.isLocked = true
    return true
  }

  package func isLockedByAnother(_ file: Handle) throws(Errno) -> Bool {
    let node = try node(of: file)
    return open.enumerated().contains { handle, other in
      handle != file && other?.node == node && other?.isLocked == true
    }
  }

  package func close(_ file: Handle) throws(Errno) {
    _ = try node(of: file)
    open[file] = nil
  }

  // MARK: Nodes

  private func find(_ path: String) throws(Errno) -> Int {
    var node = 0
    for name in path.split(separator: "/") {
      guard case .folder(let folder) = nodes[node] else { throw .notDirectory }
      guard let next = folder.names[String(name)] else { throw .noSuchFile }
      node = next
    }
    return node
  }

  /// The folder that holds the last name of a path, and that name.
  private func locate(_ path: String) throws(Errno) -> (parent: Int, name: String) {
    let names = path.split(separator: "/")
    guard let last = names.last else { throw .invalidArgument }
    let parent = try find(names.dropLast().joined(separator: "/"))
    guard case .folder = nodes[parent] else { throw .notDirectory }
    return (parent, String(last))
  }

  private func names(of folder: Int) -> [String: Int] {
    guard case .folder(let folder) = nodes[folder] else { return [:] }
    return folder.names
  }

  private func add(_ node: Node) -> Int {
    nodes.append(node)
    modified.append(wallMicroseconds())
    return nodes.count - 1
  }

  private func node(of file: Handle) throws(Errno) -> Int {
    guard open.indices.contains(file), let open = open[file] else { throw .badDescriptor }
    return open.node
  }

  private func content(of file: Handle) throws(Errno) -> SimulatedFile {
    guard case .file(let content) = nodes[try node(of: file)] else { throw .isDirectory }
    return content
  }

  private func changeFile(_ node: Int, _ body: (inout SimulatedFile) -> Void) {
    guard case .file(var file) = nodes[node] else { return }
    // Out of the way, so that the bytes are changed in place.
    nodes[node] = .file(SimulatedFile())
    body(&file)
    nodes[node] = .file(file)
    modified[node] = wallMicroseconds()
  }

  private func changeFolder(_ node: Int, _ body: (inout SimulatedFolder) -> Void) {
    guard case .folder(var folder) = nodes[node] else { return }
    nodes[node] = .folder(SimulatedFolder())
    body(&folder)
    nodes[node] = .folder(folder)
    modified[node] = wallMicroseconds()
  }
}
