import FlowPublication
import FlowStorage

/// A process that publishes on a disk in memory.
final class MemoryPublisher: PublicationFiles {
  /// What a process gets to see when it is dead: nothing. It must not do anything of use with it.
  static let death = Errno(rawValue: 4_000)

  let disk: MemoryDisk
  private(set) var operations = 0
  private(set) var isDead = false
  private(set) var mayBeStopped = true

  /// Runs before each operation, with its number; an error fails the operation, `death` all that follow.
  var before: (_ operation: Int, _ name: String, _ path: String) throws(Errno) -> Void = {
    _, _, _ in
  }
  /// Runs after each operation that may have changed something.
  var after: () -> Void = {}
  var canExchange = true

  init(_ disk: MemoryDisk) { self.disk = disk }

  private static let changing: Set<String> = [
    "rename", "exchange", "removeTree", "removeFile", "copyFile", "setMode",
  ]

  private func perform<Value>(
    _ name: String, _ path: String, _ body: () throws(Errno) -> Value
  ) throws(Errno) -> Value {
    if isDead { throw Self.death }
    defer { if !isDead && Self.changing.contains(name) { after() } }
    do throws(Errno) {
      defer { operations += 1 }
      try before(operations, name, path)
    } catch {
      isDead = error == Self.death
      throw error
    }
    return try body()
  }

  func status(of path: String) throws(Errno) -> FileStatus? {
    try perform("status", path) { () throws(Errno) in
      try disk.node(path).map { node in
        FileStatus(
          kind: node.kind, mode: node.mode, size: Int64(node.bytes.count),
          stamp: FileStatus.Stamp(
            device: node.device, inode: node.inode, modifiedNanoseconds: node.changed,
            changedNanoseconds: node.changed))
      }
    }
  }

  func names(in folder: String) throws(Errno) -> [String] {
    try perform("names", folder) { () throws(Errno) in try disk.existing(folder, .folder).names }
  }

  func target(ofLink path: String) throws(Errno) -> String {
    try perform("target", path) { () throws(Errno) in try disk.existing(path, .link).target }
  }

  func realPath(_ path: String) throws(Errno) -> String {
    try perform("realPath", path) { () throws(Errno) in try disk.realPath(path) }
  }

  func digest(ofFile path: String) throws(Errno) -> Digest {
    try perform("digest", path) { () throws(Errno) in
      MemoryDisk.digest(of: try disk.existing(path, .file).bytes)
    }
  }

  func read(_ path: String) throws(Errno) -> [UInt8] {
    try perform("read", path) { () throws(Errno) in try disk.existing(path, .file).bytes }
  }

  func makeFolder(_ path: String) throws(Errno) {
    try perform("makeFolder", path) { () throws(Errno) in
      try disk.make(.folder, path).mode = 0o755
    }
  }

  func makeFile(_ path: String, _ bytes: [UInt8]) throws(Errno) {
    try perform("makeFile", path) { () throws(Errno) in
      disk.write(bytes, to: try disk.make(.file, path))
    }
  }

  /// In two operations: a process can die when there is a half.
  func copyFile(_ path: String, to newPath: String) throws(Errno) -> Digest {
    let (copy, bytes) = try perform("copyFile", newPath) { () throws(Errno) in
      let bytes = try disk.existing(path, .file).bytes
      let copy = try disk.make(.file, newPath)
      disk.write(Array(bytes.prefix(bytes.count / 2)), to: copy)
      return (copy, bytes)
    }
    return try perform("copyFile", newPath) { () throws(Errno) in
      disk.write(bytes, to: copy)
      return MemoryDisk.digest(of: bytes)
    }
  }

  func makeLink(_ path: String, to target: String) throws(Errno) {
    try perform("makeLink", path) { () throws(Errno) in
      try disk.make(.link, path).target = target
    }
  }

  func setMode(_ mode: UInt16, of path: String) throws(Errno) {
    try perform("setMode", path) { () throws(Errno) in
      guard let node = try disk.slot(path).node else { throw .noSuchFile }
      node.mode = mode
    }
  }

  func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    try perform("rename", path) { () throws(Errno) in
      try disk.rename(path, to: newPath, replacing: replacing)
    }
  }

  func exchange(_ path: String, _ other: String) throws(Errno) {
    try perform("exchange", path) { () throws(Errno) in
      if !canExchange { throw .invalidArgument }
      try disk.exchange(path, other)
    }
  }

  func removeFile(_ path: String) throws(Errno) {
    try perform("removeFile", path) { () throws(Errno) in
      try disk.remove(path) { (node) throws(Errno) in
        if node.kind == .folder { throw .isDirectory }
      }
    }
  }

  func removeFolder(_ path: String) throws(Errno) {
    try perform("removeFolder", path) { () throws(Errno) in
      try disk.remove(path) { (node) throws(Errno) in
        if node.kind != .folder { throw .notDirectory }
        if !node.children.isEmpty { throw .directoryNotEmpty }
      }
    }
  }

  /// In as many operations as there are files.
  func removeTree(_ path: String) throws(StorageError) {
    do throws(Errno) { try removeAll(path) } catch { throw StorageError(.remove, path, error) }
  }

  private func removeAll(_ path: String) throws(Errno) {
    guard let node = try disk.node(path) else { return }
    for name in node.names { try removeAll("\(path)/\(name)") }
    try perform("removeTree", path) { () throws(Errno) in
      do throws(Errno) { try disk.remove(path) { _ in } } catch .noSuchFile {}
    }
  }

  func syncFile(_ path: String) throws(Errno) {
    try perform("syncFile", path) { () throws(Errno) in
      try disk.existing(path, .file).isSynced = true
    }
  }

  func syncFolder(_ path: String) throws(Errno) {
    try perform("syncFolder", path) { () throws(Errno) in
      _ = try disk.walkedFolder(path)
    }
  }

  func mayBeStopped(_ may: Bool) { mayBeStopped = may }
}
