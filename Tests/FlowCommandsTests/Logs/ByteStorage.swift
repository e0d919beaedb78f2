import FlowLog
import TestSupport

/// Files in memory in one folder, which may be changed at will between two readings. Nothing fails.
final class ByteStorage: Storage {
  /// By name.
  var files: [String: [UInt8]]
  private var open: [String] = []

  init(_ files: [String: [UInt8]] = [:]) {
    self.files = files
  }

  /// The segments of a folder under `Fixtures`.
  convenience init(fixture folder: String) {
    self.init()
    let path = "\(Fixtures.root)/\(folder)"
    for name in TestFile.names(in: path) { files[name] = TestFile.bytes("\(path)/\(name)") }
  }

  private func name(_ path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.index(after: $0)...]) }
      ?? path
  }

  func makeDirectory(_ path: String) throws(Errno) { throw .notSupported }
  func removeDirectory(_ path: String) throws(Errno) { throw .notSupported }
  func attributes(of path: String) throws(Errno) -> FileAttributes? { nil }
  func syncDirectory(_ path: String) throws(Errno) {}
  func entries(of path: String) throws(Errno) -> [String] { files.keys.sorted() }

  func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    guard let bytes = files.removeValue(forKey: name(path)) else { throw .noSuchFile }
    files[name(newPath)] = bytes
    open = open.map { $0 == name(path) ? name(newPath) : $0 }
  }

  func removeFile(_ path: String) throws(Errno) {
    guard files.removeValue(forKey: name(path)) != nil else { throw .noSuchFile }
  }

  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Int {
    let name = name(path)
    if mode == .create { files[name] = [] } else if files[name] == nil { throw .noSuchFile }
    open.append(name)
    return open.count - 1
  }

  private func bytes(_ file: Int) -> [UInt8] { files[open[file]] ?? [] }

  func isStill(_ file: Int, at path: String) throws(Errno) -> Bool { true }
  func size(of file: Int) throws(Errno) -> Int64 { Int64(bytes(file).count) }

  func read(
    from file: Int, at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(Errno) -> Int {
    let rest = bytes(file).dropFirst(Int(offset)).prefix(range.count)
    buffer.replaceSubrange(range.lowerBound..<range.lowerBound + rest.count, with: rest)
    return rest.count
  }

  func write(_ bytes: Span<UInt8>, to file: Int, at offset: Int64) throws(Errno) -> Int {
    try reserve(file, upTo: offset + Int64(bytes.count))
    for index in bytes.indices { files[open[file]]?[Int(offset) + index] = bytes[index] }
    return bytes.count
  }

  func reserve(_ file: Int, upTo length: Int64) throws(Errno) {
    let missing = max(0, Int(length) - bytes(file).count)
    files[open[file]]? += [UInt8](repeating: 0, count: missing)
  }

  func sync(_ file: Int) throws(Errno) {}
  func startSync(_ file: Int) throws(Errno) {}
  func finishedSync() throws(Errno) -> Bool { true }
  func tryLock(_ file: Int) throws(Errno) -> Bool { true }
  func isLockedByAnother(_ file: Int) throws(Errno) -> Bool { false }
  func close(_ file: Int) throws(Errno) {}
}
