import FlowStorage

/// Files in memory with their locks. A lock belongs to an open file description, which processes
/// can share; nothing is ever lost.
final class FakeStorage: Storage {
  final class Node {
    var bytes: [UInt8] = []
    var lockedBy: Description?
  }

  final class Description {
    let node: Node
    /// How many descriptors refer to it.
    var count = 1

    init(_ node: Node) { self.node = node }

    func close() {
      count -= 1
      if count == 0, node.lockedBy === self { node.lockedBy = nil }
    }
  }

  private(set) var files: [String: Node] = [:]
  private var open: [Int: Description] = [:]
  private var nextHandle = 0
  /// How often opening, reading or locking fails still, by path.
  var failures: [String: (count: Int, errno: Errno)] = [:]
  private(set) var opened = 0
  /// Called after each question for a lock.
  var onLockAsked: () -> Void = {}
  /// Called after each read.
  var onRead: () -> Void = {}

  var openCount: Int { open.count }

  /// Another process shares the handle's description.
  func share(_ handle: Int) -> Description {
    let description = description(handle)
    description.count += 1
    return description
  }

  /// Another process makes a file, or opens it, and takes its lock.
  func lock(_ path: String) -> Description {
    let description = Description(node(path))
    precondition(description.node.lockedBy == nil, "\(path) is locked")
    description.node.lockedBy = description
    return description
  }

  func put(_ bytes: [UInt8], in path: String, at offset: Int = 0) {
    let node = node(path)
    let missing = max(0, offset + bytes.count - node.bytes.count)
    node.bytes += [UInt8](repeating: 0, count: missing)
    node.bytes.replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }

  func bytes(of path: String) -> [UInt8] { node(path).bytes }

  func remove(_ path: String) { files[path] = nil }

  private func node(_ path: String) -> Node {
    if let node = files[path] { return node }
    let node = Node()
    files[path] = node
    return node
  }

  private func description(_ handle: Int) -> Description {
    guard let description = open[handle] else { preconditionFailure("\(handle) is not open") }
    return description
  }

  private func fail(_ path: String) throws(Errno) {
    guard let failure = failures[path], failure.count > 0 else { return }
    failures[path]?.count -= 1
    throw failure.errno
  }

  // MARK: Storage

  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Int {
    opened += 1
    try fail(path)
    if mode == .create, files[path] != nil { throw .fileExists }
    if mode != .create, files[path] == nil { throw .noSuchFile }
    nextHandle += 1
    open[nextHandle] = Description(node(path))
    return nextHandle
  }

  func close(_ file: Int) throws(Errno) {
    description(file).close()
    open[file] = nil
  }

  func isStill(_ file: Int, at path: String) throws(Errno) -> Bool {
    files[path] === description(file).node
  }

  func size(of file: Int) throws(Errno) -> Int64 { Int64(description(file).node.bytes.count) }

  func read(
    from file: Int, at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(Errno) -> Int {
    defer { onRead() }
    let bytes = description(file).node.bytes.dropFirst(Int(offset)).prefix(range.count)
    buffer.replaceSubrange(range.lowerBound..<range.lowerBound + bytes.count, with: bytes)
    return bytes.count
  }

  func write(_ bytes: Span<UInt8>, to file: Int, at offset: Int64) throws(Errno) -> Int {
    let node = description(file).node
    let missing = max(0, Int(offset) + bytes.count - node.bytes.count)
    node.bytes += [UInt8](repeating: 0, count: missing)
    for index in bytes.indices { node.bytes[Int(offset) + index] = bytes[index] }
    return bytes.count
  }

  func tryLock(_ file: Int) throws(Errno) -> Bool {
    let description = description(file)
    if let owner = description.node.lockedBy, owner !== description { return false }
    description.node.lockedBy = description
    return true
  }

  func isLockedByAnother(_ file: Int) throws(Errno) -> Bool {
    defer { onLockAsked() }
    let description = description(file)
    return description.node.lockedBy.map { $0 !== description } ?? false
  }

  func attributes(of path: String) throws(Errno) -> FileAttributes? {
    files[path].map { _ in
      FileAttributes(
        isDirectory: false, isOwn: true, isWritableByOthers: false, modifiedMicroseconds: 0)
    }
  }

  func entries(of path: String) throws(Errno) -> [String] {
    files.keys.filter { $0.hasPrefix("\(path)/") }
      .map { String($0.dropFirst(path.count + 1)) }
      .filter { !$0.contains("/") }.sorted()
  }

  func makeDirectory(_ path: String) throws(Errno) { throw .notSupported }
  func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    throw .notSupported
  }
  func removeFile(_ path: String) throws(Errno) {
    if files.removeValue(forKey: path) == nil { throw .noSuchFile }
  }

  func removeDirectory(_ path: String) throws(Errno) { throw .notSupported }
  func syncDirectory(_ path: String) throws(Errno) {}
  func reserve(_ file: Int, upTo length: Int64) throws(Errno) { throw .notSupported }
  func sync(_ file: Int) throws(Errno) { throw .notSupported }
  func startSync(_ file: Int) throws(Errno) { throw .notSupported }
  func finishedSync() throws(Errno) -> Bool { throw .notSupported }
}
