// FlowMemoryStorage is a `Storage` in memory, for fuzzers and tests that need no faults; FlowSimulation has
// the disk with faults. It imports FlowStorage only.

package import FlowStorage

/// A storage that keeps one folder of files in memory. Fuzzers and tests write logs there, damage them, and
/// read them again. No operation fails, and every write is durable at once.
package final class MemoryFolder: Storage {
  private final class Node {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
    }
  }

  private var open: [Node] = []
  private var nodes: [String: Node]

  package init(_ files: [String: [UInt8]] = [:]) {
    nodes = files.mapValues(Node.init)
  }

  /// The files by name. Setting them does not change files that are open.
  package var files: [String: [UInt8]] {
    get { nodes.mapValues(\.bytes) }
    set { nodes = newValue.mapValues(Node.init) }
  }

  private func name(_ path: String) -> String { PathName.last(of: path) }

  // MARK: Names

  package func makeDirectory(_ path: String) throws(Errno) { throw .notSupported }
  package func removeDirectory(_ path: String) throws(Errno) { throw .notSupported }
  package func attributes(of path: String) throws(Errno) -> FileAttributes? { nil }
  package func syncDirectory(_ path: String) throws(Errno) {}
  package func entries(of path: String) throws(Errno) -> [String] { nodes.keys.sorted() }

  package func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    guard replacing || nodes[name(newPath)] == nil else { throw .fileExists }
    guard let node = nodes.removeValue(forKey: name(path)) else { throw .noSuchFile }
    nodes[name(newPath)] = node
  }

  package func removeFile(_ path: String) throws(Errno) {
    guard nodes.removeValue(forKey: name(path)) != nil else { throw .noSuchFile }
  }

  // MARK: Files

  package func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Int {
    let name = name(path)
    if mode == .create {
      guard nodes[name] == nil else { throw .fileExists }
      nodes[name] = Node([])
    }
    guard let node = nodes[name] else { throw .noSuchFile }
    open.append(node)
    return open.count - 1
  }

  package func isStill(_ file: Int, at path: String) throws(Errno) -> Bool {
    nodes[name(path)] === open[file]
  }

  package func size(of file: Int) throws(Errno) -> Int64 { Int64(open[file].bytes.count) }

  package func read(
    from file: Int, at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(Errno) -> Int {
    let rest = open[file].bytes.dropFirst(Int(offset)).prefix(range.count)
    buffer.replaceSubrange(range.lowerBound..<range.lowerBound + rest.count, with: rest)
    return rest.count
  }

  package func write(_ bytes: Span<UInt8>, to file: Int, at offset: Int64) throws(Errno) -> Int {
    try reserve(file, upTo: offset + Int64(bytes.count))
    for index in bytes.indices { open[file].bytes[Int(offset) + index] = bytes[index] }
    return bytes.count
  }

  package func reserve(_ file: Int, upTo length: Int64) throws(Errno) {
    let missing = max(0, Int(length) - open[file].bytes.count)
    open[file].bytes += [UInt8](repeating: 0, count: missing)
  }

  package func truncate(_ file: Int, to length: Int64) throws(Errno) {
    open[file].bytes.removeSubrange(min(Int(length), open[file].bytes.count)...)
  }

  package func sync(_ file: Int) throws(Errno) {}
  package func startSync(_ file: Int) throws(Errno) {}
  package func finishedSync() throws(Errno) -> Bool { true }
  package func tryLock(_ file: Int) throws(Errno) -> Bool { true }
  package func isLockedByAnother(_ file: Int) throws(Errno) -> Bool { false }
  package func close(_ file: Int) throws(Errno) {}
}
