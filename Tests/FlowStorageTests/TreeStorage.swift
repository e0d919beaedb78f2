import FlowStorage

/// Folders and files in memory. One operation can fail, and writes can be cut short.
final class TreeStorage: Storage {
  /// An open file: an entry of the tree, which may have lost its name since.
  final class Node: Sendable {
    let isFolder: Bool
    nonisolated(unsafe) var bytes: [UInt8] = []

    init(isFolder: Bool) {
      self.isFolder = isFolder
    }
  }

  private var nodes: [String: Node] = [:]
  /// The operation that fails, and its error.
  var fault: (operation: StorageError.Operation, errno: Errno)?
  /// The most bytes that one write takes.
  var writeLimit = Int.max
  /// The operations on names that changed something, in order.
  private(set) var changes: [String] = []

  var paths: [String] { nodes.keys.sorted() }

  func bytes(of path: String) -> [UInt8]? { nodes[path].map { unsafe $0.bytes } }

  private func check(_ operation: StorageError.Operation) throws(Errno) {
    if let fault, fault.operation == operation { throw fault.errno }
  }

  private func change(_ operation: StorageError.Operation, _ path: String) throws(Errno) {
    try check(operation)
    changes.append("\(operation.rawValue) \(path)")
  }

  // MARK: Names

  func makeDirectory(_ path: String) throws(Errno) {
    try change(.makeDirectory, path)
    guard nodes[path] == nil else { throw .fileExists }
    nodes[path] = Node(isFolder: true)
  }

  func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    try change(.rename, path)
    guard let node = nodes[path] else { throw .noSuchFile }
    guard replacing || nodes[newPath] == nil else { throw .fileExists }
    nodes[path] = nil
    nodes[newPath] = node
  }

  func removeFile(_ path: String) throws(Errno) {
    try change(.remove, path)
    guard let node = nodes[path] else { throw .noSuchFile }
    if node.isFolder { throw .isDirectory }
    nodes[path] = nil
  }

  func removeDirectory(_ path: String) throws(Errno) {
    try change(.remove, path)
    guard try entries(of: path).isEmpty else { throw .directoryNotEmpty }
    nodes[path] = nil
  }

  func entries(of path: String) throws(Errno) -> [String] {
    try check(.list)
    guard let node = nodes[path] else { throw .noSuchFile }
    guard node.isFolder else { throw .notDirectory }
    return nodes.keys.filter { PathName.parent(of: $0) == path }.map { PathName.last(of: $0) }
      .sorted()
  }

  func syncDirectory(_ path: String) throws(Errno) { try change(.syncDirectory, path) }

  func attributes(of path: String) throws(Errno) -> FileAttributes? {
    try check(.inspect)
    return nodes[path].map {
      FileAttributes(
        isDirectory: $0.isFolder, isOwn: true, isWritableByOthers: false, modifiedMicroseconds: 0)
    }
  }

  // MARK: Files

  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Node {
    try check(mode == .create ? .create : .open)
    if mode == .create {
      guard nodes[path] == nil else { throw .fileExists }
      nodes[path] = Node(isFolder: false)
    }
    guard let node = nodes[path] else { throw .noSuchFile }
    return node
  }

  func size(of file: Node) throws(Errno) -> Int64 {
    try check(.inspect)
    return Int64(unsafe file.bytes.count)
  }

  func isStill(_ file: Node, at path: String) throws(Errno) -> Bool {
    try check(.inspect)
    return nodes[path] === file
  }

  func read(
    from file: Node, at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(Errno) -> Int {
    try check(.read)
    let bytes = unsafe file.bytes.dropFirst(Int(offset)).prefix(range.count)
    buffer.replaceSubrange(range.lowerBound..<range.lowerBound + bytes.count, with: bytes)
    return bytes.count
  }

  func write(_ bytes: Span<UInt8>, to file: Node, at offset: Int64) throws(Errno) -> Int {
    try check(.write)
    let count = min(bytes.count, writeLimit)
    extend(file, to: Int(offset) + count)
    for index in 0..<count { unsafe file.bytes[Int(offset) + index] = bytes[index] }
    return count
  }

  func reserve(_ file: Node, upTo length: Int64) throws(Errno) {
    try check(.reserve)
    extend(file, to: Int(length))
  }

  private func extend(_ file: Node, to length: Int) {
    let missing = max(0, length - (unsafe file.bytes.count))
    unsafe file.bytes += [UInt8](repeating: 0, count: missing)
  }

  func sync(_ file: Node) throws(Errno) { try check(.sync) }
  func startSync(_ file: Node) throws(Errno) { try check(.sync) }

  func finishedSync() throws(Errno) -> Bool {
    try check(.sync)
    return true
  }

  func tryLock(_ file: Node) throws(Errno) -> Bool {
    try check(.lock)
    return true
  }

  func isLockedByAnother(_ file: Node) throws(Errno) -> Bool {
    try check(.lock)
    return false
  }

  func close(_ file: Node) throws(Errno) { try check(.close) }
}
