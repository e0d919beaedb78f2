import FlowPublication
import FlowStorage

/// The files of the world as a process that publishes sees them. Each call is an operation after which the
/// process can die.
final class SimulatedPublicationFiles: PublicationFiles {
  private let storage: SimulatedStorage
  private let process: Int
  /// After how many more operations it dies; nil if it does not.
  private var operationsLeft: Int?
  /// Whether it has died: nothing more happens.
  private(set) var hasDied = false
  /// Whether it does not let itself be stopped any more.
  private(set) var mayBeStopped = true
  /// Called after each rename.
  private let onRename: () -> Void

  /// - Parameter process: the serial number of the process, in whose name it works.
  init(
    _ storage: SimulatedStorage, as process: Int, operations: Int?,
    onRename: @escaping () -> Void
  ) {
    self.storage = storage
    self.process = process
    operationsLeft = operations
    self.onRename = onRename
  }

  private func perform<Value>(_ body: () throws(Errno) -> Value) throws(Errno) -> Value {
    if let left = operationsLeft {
      if left == 0 { hasDied = true }
      operationsLeft = max(0, left - 1)
    }
    if hasDied { throw .inputOutput }
    return try storage.act(as: process, body)
  }

  private func content(_ path: String) throws(Errno) -> [UInt8] {
    let file = try storage.open(path, .read)
    defer { try? storage.close(file) }
    var bytes = [UInt8](repeating: 0, count: Int(try storage.size(of: file)))
    var filled = 0
    while filled < bytes.count {
      let range = filled..<bytes.count
      filled += try storage.read(from: file, at: Int64(filled), into: &bytes, range)
    }
    return bytes
  }

  // MARK: Looking

  func status(of path: String) throws(Errno) -> FileStatus? {
    try perform { () throws(Errno) in
      guard let attributes = try storage.attributes(of: path) else { return nil }
      let node = try storage.find(path)
      let size = attributes.isDirectory ? 0 : storage.nodes[node].file.bytes.count
      return FileStatus(
        kind: attributes.isDirectory ? .folder : .file, mode: 0o644, size: Int64(size),
        stamp: FileStatus.Stamp(
          device: 1, inode: UInt64(node),
          modifiedNanoseconds: attributes.modifiedMicroseconds * 1_000, changedNanoseconds: 0))
    }
  }

  func names(in folder: String) throws(Errno) -> [String] {
    try perform { () throws(Errno) in try storage.entries(of: folder) }
  }

  /// There are no links.
  func target(ofLink path: String) throws(Errno) -> String { throw .invalidArgument }
  func realPath(_ path: String) throws(Errno) -> String { path }

  func digest(ofFile path: String) throws(Errno) -> Digest {
    try perform { () throws(Errno) in Self.digest(of: try content(path)) }
  }

  /// Good enough for a world in which nobody looks for two files with the same.
  static func digest(of bytes: [UInt8]) -> Digest {
    var digest: [UInt8] = []
    for seed in UInt64(1)...4 {
      var hash: UInt64 = 14_695_981_039_346_656_037 &+ seed
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
      digest += (0..<8).map { UInt8(truncatingIfNeeded: hash >> ($0 * 8)) }
    }
    return Digest(digest)
  }

  func read(_ path: String) throws(Errno) -> [UInt8] {
    try perform { () throws(Errno) in try content(path) }
  }

  // MARK: Making

  func makeFolder(_ path: String) throws(Errno) {
    try perform { () throws(Errno) in try storage.makeDirectory(path) }
  }

  func makeFile(_ path: String, _ bytes: [UInt8]) throws(Errno) {
    try perform { () throws(Errno) in try storage.makeFile(path, bytes) }
  }

  func copyFile(_ path: String, to newPath: String) throws(Errno) -> Digest {
    try perform { () throws(Errno) in
      let bytes = try content(path)
      try storage.makeFile(newPath, bytes)
      return Self.digest(of: bytes)
    }
  }

  func makeLink(_ path: String, to target: String) throws(Errno) { throw .notSupported }
  func setMode(_ mode: UInt16, of path: String) throws(Errno) {}

  // MARK: Names

  func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    try perform { () throws(Errno) in
      try storage.rename(path, to: newPath, replacing: replacing)
    }
    onRename()
  }

  func exchange(_ path: String, _ other: String) throws(Errno) { throw .notSupported }

  func removeFile(_ path: String) throws(Errno) {
    try perform { () throws(Errno) in try storage.removeFile(path) }
  }

  func removeFolder(_ path: String) throws(Errno) {
    try perform { () throws(Errno) in try storage.removeDirectory(path) }
  }

  func removeTree(_ path: String) throws(StorageError) {
    do throws(Errno) {
      guard let status = try status(of: path) else { return }
      guard status.kind == .folder else { return try removeFile(path) }
      let names = try names(in: path)
      for name in names {
        do throws(StorageError) { try removeTree("\(path)/\(name)") } catch { throw error.errno }
      }
      try removeFolder(path)
    } catch {
      throw StorageError(.remove, path, error)
    }
  }

  // MARK: Durability

  func syncFile(_ path: String) throws(Errno) {
    try perform { () throws(Errno) in
      let file = try storage.open(path, .read)
      defer { try? storage.close(file) }
      try storage.sync(file)
    }
  }

  func syncFolder(_ path: String) throws(Errno) {
    try perform { () throws(Errno) in try storage.syncDirectory(path) }
  }

  // MARK: The process

  func mayBeStopped(_ may: Bool) { mayBeStopped = may }
}

extension SimulatedStorage {
  /// Makes a new file with these bytes, which are not durable.
  func makeFile(_ path: String, _ bytes: [UInt8]) throws(Errno) {
    let file = try open(path, .create)
    defer { try? close(file) }
    var offset = 0
    while offset < bytes.count {
      let rest = bytes.span.extracting(offset..<bytes.count)
      offset += try write(rest, to: file, at: Int64(offset))
    }
  }
}
