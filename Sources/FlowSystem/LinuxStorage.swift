import CLinux
package import FlowStorage
import Glibc

/// The storage of flow on Linux: the file system of this machine.
package final class LinuxStorage: Storage {
  /// A file descriptor.
  package typealias Handle = Int32

  /// The sync that was started and whose outcome was not collected yet.
  private var pendingSync: PendingSync?
  private var syncThread: SyncThread?
  /// The identities of open files, by descriptor, once they were needed.
  private var identities: [Handle: clinux_file] = [:]

  /// Whether the driver has nothing to do until a sync that starts now is complete. Then the sync
  /// runs at once: handing it to the thread would only cost time.
  package var isIdle: () -> Bool = { true }

  /// What the file system of a test does not have.
  package struct Lacks: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) {
      self.rawValue = rawValue
    }

    /// fallocate(2), as on ext2, ext3, NFS before 4.2, 9p, and most file systems in user space.
    package static let allocation = Lacks(rawValue: 1)
    /// The flag RENAME_NOREPLACE.
    package static let exclusiveRename = Lacks(rawValue: 2)
    package static let links = Lacks(rawValue: 4)
    /// The flag RENAME_EXCHANGE.
    package static let exchange = Lacks(rawValue: 8)
  }

  private let lacks: Lacks

  package init(lacking lacks: Lacks = []) {
    self.lacks = lacks
  }

  // MARK: Names

  package func makeDirectory(_ path: String) throws(Errno) {
    _ = try systemCall { unsafe mkdir(cPath(path), 0o700) }
  }

  package func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    if replacing {
      _ = try systemCall { unsafe Glibc.rename(cPath(path), cPath(newPath)) }
      return
    }
    do throws(Errno) {
      if lacks.contains(.exclusiveRename) { throw .invalidArgument }
      _ = try systemCall { unsafe clinux_rename_noreplace(cPath(path), cPath(newPath)) }
    } catch {
      guard error.isUnsupported else { throw error }
      try renameByLink(path, to: newPath)
    }
  }

  /// Where the file system cannot rename without replacing: a second name is never taken by
  /// another, and the first one goes. A crash can leave both.
  private func renameByLink(_ path: String, to newPath: String) throws(Errno) {
    do throws(Errno) {
      if lacks.contains(.links) { throw .notSupported }
      _ = try systemCall { unsafe link(cPath(path), cPath(newPath)) }
    } catch {
      // Folders have one name each, and so have files in some file systems.
      guard error == .notPermitted || error == .tooManyHardLinks || error.isUnsupported else {
        throw error
      }
      return try renameIfFree(path, to: newPath)
    }
    try removeFile(path)
  }

  /// The last resort: between the look and the rename another process can take the name. A folder of
  /// a run would not be replaced even then, since it is not empty; and what is renamed in it belongs
  /// to the engine that has locked it.
  private func renameIfFree(_ path: String, to newPath: String) throws(Errno) {
    if try attributes(of: newPath) != nil { throw .fileExists }
    do throws(Errno) {
      _ = try systemCall { unsafe Glibc.rename(cPath(path), cPath(newPath)) }
    } catch {
      throw error == .directoryNotEmpty ? .fileExists : error
    }
  }

  package func removeFile(_ path: String) throws(Errno) {
    _ = try systemCall { unsafe unlink(cPath(path)) }
  }

  package func removeDirectory(_ path: String) throws(Errno) {
    _ = try systemCall { unsafe rmdir(cPath(path)) }
  }

  package func entries(of path: String) throws(Errno) -> [String] {
    guard let directory = unsafe opendir(cPath(path)) else { throw Errno(rawValue: errno) }
    defer { unsafe _ = closedir(directory) }
    return try unsafe DirectoryNames.names(directory)
  }

  package func removeTree(_ path: String) throws(StorageError) { try TreeRemoval.remove(path) }

  package func syncDirectory(_ path: String) throws(Errno) {
    let descriptor = try systemCall { unsafe clinux_open(cPath(path), O_RDONLY | O_DIRECTORY, 0) }
    defer { _ = Glibc.close(descriptor) }
    _ = try systemCall { fsync(descriptor) }
  }

  package func attributes(of path: String) throws(Errno) -> FileAttributes? {
    var status = stat()
    do throws(Errno) {
      _ = try systemCall { unsafe stat(cPath(path), &status) }
    } catch .noSuchFile {
      return nil
    }
    return FileAttributes(
      isDirectory: status.st_mode & S_IFMT == S_IFDIR, isOwn: status.st_uid == geteuid(),
      isWritableByOthers: status.st_mode & (S_IWGRP | S_IWOTH) != 0,
      modifiedMicroseconds: Int64(status.st_mtim.tv_sec) * 1_000_000
        + Int64(status.st_mtim.tv_nsec) / 1_000, owner: status.st_uid)
  }

  // MARK: Files

  package func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Handle {
    let flags =
      switch mode {
      case .read: O_RDONLY
      case .update: O_RDWR
      case .create: O_RDWR | O_CREAT | O_EXCL
      }
    return try systemCall { unsafe clinux_open(cPath(path), flags, 0o600) }
  }

  package func size(of file: Handle) throws(Errno) -> Int64 {
    try Self.identify(file, "").size
  }

  package func isStill(_ file: Handle, at path: String) throws(Errno) -> Bool {
    let open = try identity(of: file)
    do throws(Errno) {
      let named = try Self.identify(AT_FDCWD, path)
      return open.device == named.device && open.inode == named.inode
    } catch .noSuchFile {
      return false
    }
  }

  /// Device and inode, which stay the same while the file is open.
  private func identity(of file: Handle) throws(Errno) -> clinux_file {
    if let known = identities[file] { return known }
    let identity = try Self.identify(file, "")
    identities[file] = identity
    return identity
  }

  private static func identify(_ folder: Int32, _ path: String) throws(Errno) -> clinux_file {
    var file = clinux_file()
    _ = try systemCall { unsafe clinux_identify(folder, cPath(path), &file) }
    return file
  }

  package func read(
    from file: Handle, at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(Errno) -> Int {
    precondition(range.upperBound <= buffer.count, "a read of \(range) in \(buffer.count) bytes")
    return try systemCall {
      unsafe buffer.withUnsafeMutableBytes {
        unsafe pread(
          file, $0.baseAddress?.advanced(by: range.lowerBound), range.count, off_t(offset))
      }
    }
  }

  package func nextData(in file: Handle, from offset: Int64) throws(Errno) -> Int64? {
    do throws(Errno) {
      return Int64(try systemCall { clinux_next_data(file, offset) })
    } catch .noSuchDeviceOrAddress {
      return nil
    } catch .invalidArgument, .notSupported {
      // The file system does not know holes.
      return offset < (try size(of: file)) ? offset : nil
    }
  }

  package func write(
    _ bytes: Span<UInt8>, to file: Handle, at offset: Int64
  ) throws(Errno) -> Int {
    // Not in a closure that throws or retries: a span cannot escape into one.
    while true {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe pwrite(file, $0.baseAddress, $0.count, off_t(offset))
      }
      if count >= 0 { return count }
      if errno != EINTR { throw Errno(rawValue: errno) }
    }
  }

  package func reserve(_ file: Handle, upTo length: Int64) throws(Errno) {
    var status = stat()
    _ = try systemCall { unsafe fstat(file, &status) }
    // Not posix_fallocate: where its emulation is used it would write into live bytes.
    let size = Int64(status.st_size)
    do throws(Errno) {
      if lacks.contains(.allocation) { throw .notSupported }
      _ = try systemCall { clinux_allocate(file, 0, length) }
    } catch {
      guard error.isUnsupported else { throw error }
      // Blocks that were written once stay allocated.
      return try writeZeros(to: file, size, upTo: length)
    }
    if size >= Self.growingSize { try writeZeros(to: file, size, upTo: length) }
  }

  /// A file of this size is expected to keep growing.
  private static let growingSize: Int64 = 128 << 10
  private static let zeros = [UInt8](repeating: 0, count: 256 << 10)

  /// Writes the reserved blocks once. The first write into a block that was allocated and never
  /// written costs the next sync a commit of the file system's journal, which takes longer than the
  /// write.
  private func writeZeros(
    to file: Handle, _ start: Int64, upTo end: Int64
  ) throws(Errno) {
    var offset = start
    while offset < end {
      let count = Int(min(end - offset, Int64(Self.zeros.count)))
      offset += Int64(try write(Self.zeros.span.extracting(0..<count), to: file, at: offset))
    }
  }

  package func truncate(_ file: Handle, to length: Int64) throws(Errno) {
    _ = try systemCall { ftruncate(file, off_t(length)) }
  }

  package func sync(_ file: Handle) throws(Errno) {
    _ = try systemCall { fdatasync(file) }
  }

  package func startSync(_ file: Handle) throws(Errno) {
    precondition(pendingSync == nil, "a sync was started while another is in progress")
    // Without a thread or descriptor, a synchronous sync is slower and just as durable.
    if isIdle() || !startThread() {
      pendingSync = .done(Result { () throws(Errno) in try sync(file) })
    } else if let syncThread {
      syncThread.start { () throws(Errno) in _ = try systemCall { fdatasync(file) } }
      pendingSync = .onThread(syncThread)
    }
  }

  private func startThread() -> Bool {
    if syncThread == nil { syncThread = try? SyncThread() }
    return syncThread != nil
  }

  package func finishedSync() throws(Errno) -> Bool {
    guard let outcome = pendingSync?.outcome else { return false }
    pendingSync = nil
    try outcome.get()
    return true
  }

  /// Whether the outcome of a sync is available without a wait.
  package var hasFinishedSync: Bool { pendingSync?.isDone ?? false }

  /// A descriptor that becomes readable when the sync in progress is complete; nil if there is
  /// none.
  package var syncDescriptor: Int32? { pendingSync?.descriptor }

  package func tryLock(_ file: Handle) throws(Errno) -> Bool {
    do throws(Errno) {
      _ = try systemCall { clinux_try_lock(file) }
      return true
    } catch {
      if error == .tryAgain || error == .permissionDenied { return false }
      throw error
    }
  }

  package func tryShareLock(_ file: Handle) throws(Errno) -> Bool {
    do throws(Errno) {
      _ = try systemCall { clinux_try_share_lock(file) }
      return true
    } catch {
      if error == .tryAgain || error == .permissionDenied { return false }
      throw error
    }
  }

  package func isLockedByAnother(_ file: Handle) throws(Errno) -> Bool {
    try systemCall { clinux_is_locked(file) } == 1
  }

  package func close(_ file: Handle) throws(Errno) {
    identities[file] = nil
    // No retry after EINTR: Linux has closed the descriptor all the same.
    if Glibc.close(file) != 0 && errno != EINTR { throw Errno(rawValue: errno) }
  }
}
