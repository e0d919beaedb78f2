import CLinux
package import FlowPublication
package import FlowStorage
import Glibc

/// The files that a publication works on, on Linux.
package final class LinuxPublicationFiles: PublicationFiles {
  private static let pieceByteCount = 1 << 20

  private let storage: LinuxStorage
  private let lacks: LinuxStorage.Lacks
  private let ignoresStops: Bool
  private let memory: (any DigestMemory)?

  /// - Parameters:
  ///   - lacks: what the file system of a test does not have.
  ///   - ignoresStops: whether SIGTERM is ignored while this process may not be stopped.
  ///   - memory: of files that were digested before.
  package init(
    lacking lacks: LinuxStorage.Lacks = [], ignoresStops: Bool = true,
    memory: (any DigestMemory)? = nil
  ) {
    self.memory = memory
    storage = LinuxStorage(lacking: lacks)
    self.lacks = lacks
    self.ignoresStops = ignoresStops
  }

  // MARK: Looking

  package func status(of path: String) throws(Errno) -> FileStatus? {
    var status = stat()
    do throws(Errno) { _ = try systemCall { unsafe lstat(cPath(path), &status) } } catch {
      if error == .noSuchFile || error == .notDirectory { return nil }
      throw error
    }
    return FileStatus(status)
  }

  package func names(in folder: String) throws(Errno) -> [String] {
    try withOpen(folder, O_RDONLY | O_DIRECTORY) { (descriptor) throws(Errno) in
      try DirectoryNames.all(in: descriptor)
    }
  }

  package func target(ofLink path: String) throws(Errno) -> String {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    _ = try systemCall { unsafe readlink(cPath(path), &bytes, bytes.count - 1) }
    return unsafe pathText(bytes)
  }

  package func realPath(_ path: String) throws(Errno) -> String { try ProcessFacts.realPath(path) }

  package func digest(ofFile path: String) throws(Errno) -> Digest {
    try withOpen(path, O_RDONLY) { (descriptor) throws(Errno) in
      var status = stat()
      _ = try systemCall { unsafe fstat(descriptor, &status) }
      if status.st_mode & S_IFMT != S_IFREG { throw .invalidArgument }
      guard let memory else { return try Self.digest(of: descriptor) { _ in } }
      if let known = memory.digest(of: FileStatus(status)) { return known }
      let digest = try Self.digest(of: descriptor) { _ in }
      var after = stat()
      _ = try systemCall { unsafe fstat(descriptor, &after) }
      if FileStatus(after) == FileStatus(status) { memory.remember(digest, of: FileStatus(after)) }
      return digest
    }
  }

  package func read(_ path: String) throws(Errno) -> [UInt8] {
    try FileReading.bytes(ofFile: path, limit: .max)
  }

  // MARK: Making

  package func makeFolder(_ path: String) throws(Errno) {
    _ = try systemCall { unsafe mkdir(cPath(path), 0o777) }
  }

  package func makeFile(_ path: String, _ bytes: [UInt8]) throws(Errno) {
    try withNew(path) { (descriptor) throws(Errno) in try Self.write(bytes[...], to: descriptor) }
  }

  package func copyFile(_ path: String, to newPath: String) throws(Errno) -> Digest {
    try withOpen(path, O_RDONLY) { (descriptor) throws(Errno) in
      try withNew(newPath) { (copy) throws(Errno) in
        try Self.digest(of: descriptor) { (piece) throws(Errno) in
          try Self.write(piece, to: copy)
        }
      }
    }
  }

  package func makeLink(_ path: String, to target: String) throws(Errno) {
    _ = try systemCall { unsafe symlink(cPath(target), cPath(path)) }
  }

  package func setMode(_ mode: UInt16, of path: String) throws(Errno) {
    try withOpen(path, O_RDONLY) { (descriptor) throws(Errno) in
      _ = try systemCall { fchmod(descriptor, mode_t(mode)) }
    }
  }

  // MARK: Names

  package func rename(
    _ path: String, to newPath: String, replacing: Bool
  ) throws(Errno) {
    try storage.rename(path, to: newPath, replacing: replacing)
  }

  package func exchange(_ path: String, _ other: String) throws(Errno) {
    if lacks.contains(.exchange) { throw .invalidArgument }
    _ = try systemCall { unsafe clinux_rename_exchange(cPath(path), cPath(other)) }
  }

  package func removeFile(_ path: String) throws(Errno) { try storage.removeFile(path) }

  package func removeFolder(_ path: String) throws(Errno) { try storage.removeDirectory(path) }

  package func removeTree(_ path: String) throws(StorageError) { try TreeRemoval.remove(path) }

  // MARK: Durability

  package func syncFile(_ path: String) throws(Errno) {
    try withOpen(path, O_RDONLY) { (descriptor) throws(Errno) in
      _ = try systemCall { fsync(descriptor) }
    }
  }

  package func syncFolder(_ path: String) throws(Errno) {
    do throws(Errno) { try storage.syncDirectory(path) } catch {
      // A file system that does not know it keeps names by itself.
      if !error.isUnsupported { throw error }
    }
  }

  // MARK: The process

  package func mayBeStopped(_ may: Bool) {
    if ignoresStops { _ = signal(SIGTERM, may ? SIG_DFL : SIG_IGN) }
  }

  /// Waits; a signal that ends the process ends it then, too.
  package func pause(seconds: Int) {
    var time = timespec(tv_sec: seconds, tv_nsec: 0)
    unsafe nanosleep(&time, nil)
  }

  // MARK: Open files

  /// Opens what a path names; a link is refused, and a pipe does not block.
  private func withOpen<Value>(
    _ path: String, _ flags: Int32, _ body: (Int32) throws(Errno) -> Value
  ) throws(Errno) -> Value {
    let descriptor = try systemCall {
      unsafe clinux_open(cPath(path), flags | O_NOFOLLOW | O_NONBLOCK, 0)
    }
    defer { _ = close(descriptor) }
    return try body(descriptor)
  }

  private func withNew<Value>(
    _ path: String, _ body: (Int32) throws(Errno) -> Value
  ) throws(Errno) -> Value {
    let descriptor = try systemCall {
      unsafe clinux_open(cPath(path), O_WRONLY | O_CREAT | O_EXCL, 0o600)
    }
    let value: Value
    do throws(Errno) { value = try body(descriptor) } catch {
      _ = close(descriptor)
      throw error
    }
    // Some file systems say only now that a write has failed.
    if close(descriptor) != 0 && errno != EINTR { throw Errno(rawValue: errno) }
    return value
  }

  private static func digest(
    of descriptor: Int32, _ body: (ArraySlice<UInt8>) throws(Errno) -> Void
  ) throws(Errno) -> Digest {
    var computation = DigestComputation()
    var buffer = [UInt8](repeating: 0, count: pieceByteCount)
    while true {
      let count = try systemCall { unsafe Glibc.read(descriptor, &buffer, buffer.count) }
      if count == 0 { return computation.digest() }
      computation.add(buffer[..<count])
      try body(buffer[..<count])
    }
  }

  private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws(Errno) {
    var rest = bytes
    while !rest.isEmpty {
      let count = try systemCall {
        unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      }
      rest = rest.dropFirst(count)
    }
  }
}

extension FileStatus {
  fileprivate init(_ status: stat) {
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      case S_IFLNK: .link
      case S_IFIFO: .pipe
      case S_IFSOCK: .socket
      default: .device
      }
    self.init(
      kind: kind, mode: UInt16(status.st_mode & 0o7777), size: Int64(status.st_size),
      stamp: Stamp(
        device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
        modifiedNanoseconds: Self.nanoseconds(status.st_mtim),
        changedNanoseconds: Self.nanoseconds(status.st_ctim)))
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
