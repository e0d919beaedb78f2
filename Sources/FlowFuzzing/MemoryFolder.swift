import FlowLog

/// One folder of files in memory. Nothing fails, and all is durable.
final class MemoryFolder: Storage {
  private final class Node {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
    }
  }

  private var open: [Node] = []
  private var nodes: [String: Node] = [:]

  convenience init(_ files: [(name: String, bytes: [UInt8])]) {
    self.init()
    for file in files { nodes[file.name] = Node(file.bytes) }
  }

  /// By name, in the order of the names.
  var files: [(name: String, bytes: [UInt8])] {
    nodes.keys.sorted().map { ($0, nodes[$0]?.bytes ?? []) }
  }

  private func name(_ path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.index(after: $0)...]) }
      ?? path
  }

  func makeDirectory(_ path: String) throws(Errno) { throw .notSupported }
  func removeDirectory(_ path: String) throws(Errno) { throw .notSupported }
  func attributes(of path: String) throws(Errno) -> FileAttributes? { nil }
  func syncDirectory(_ path: String) throws(Errno) {}
  func entries(of path: String) throws(Errno) -> [String] { nodes.keys.sorted() }

  func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    guard replacing || nodes[name(newPath)] == nil else { throw .fileExists }
    guard let node = nodes.removeValue(forKey: name(path)) else { throw .noSuchFile }
    nodes[name(newPath)] = node
  }

  func removeFile(_ path: String) throws(Errno) {
    guard nodes.removeValue(forKey: name(path)) != nil else { throw .noSuchFile }
  }

  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Int {
    let name = name(path)
    if mode == .create {
      guard nodes[name] == nil else { throw .fileExists }
      nodes[name] = Node([])
    }
    guard let node = nodes[name] else { throw .noSuchFile }
    open.append(node)
    return open.count - 1
  }

  func isStill(_ file: Int, at path: String) throws(Errno) -> Bool {
    nodes[name(path)] === open[file]
  }

  func size(of file: Int) throws(Errno) -> Int64 { Int64(open[file].bytes.count) }

  func read(
    from file: Int, at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(Errno) -> Int {
    let start = min(Int(offset), open[file].bytes.count)
    let count = min(range.count, open[file].bytes.count - start)
    for index in 0..<count { buffer[range.lowerBound + index] = open[file].bytes[start + index] }
    return count
  }

  func write(_ bytes: Span<UInt8>, to file: Int, at offset: Int64) throws(Errno) -> Int {
    try reserve(file, upTo: offset + Int64(bytes.count))
    for index in bytes.indices { open[file].bytes[Int(offset) + index] = bytes[index] }
    return bytes.count
  }

  func reserve(_ file: Int, upTo length: Int64) throws(Errno) {
    let missing = max(0, Int(length) - open[file].bytes.count)
    open[file].bytes += [UInt8](repeating: 0, count: missing)
  }

  func sync(_ file: Int) throws(Errno) {}
  func startSync(_ file: Int) throws(Errno) {}
  func finishedSync() throws(Errno) -> Bool { true }
  func tryLock(_ file: Int) throws(Errno) -> Bool { true }
  func isLockedByAnother(_ file: Int) throws(Errno) -> Bool { false }
  func close(_ file: Int) throws(Errno) {}
}
