import CLinux
import FlowStorage
import Glibc

/// Removes a folder with all that is in it, and nothing outside of it, whatever else changes names there.
///
/// It looks at names within folders that it holds open, never at paths: a folder that a process replaces
/// by a link in the middle of it is not mistaken for what the link names. Another file system that is
/// mounted in it is not entered. One folder is open at a time, however deep they are.
struct TreeRemoval {
  /// A folder that is being emptied.
  private struct Level {
    let name: String
    let device: dev_t
    let inode: ino_t
    var names: [String]
  }

  private let path: String
  private var levels: [Level] = []
  /// The folder of the last level.
  private var descriptor: Int32 = -1

  /// Removes what the path names: also a file, or a link and not what that names. What does not exist is
  /// no error.
  ///
  /// - Throws: what could not be removed; the rest stays, too.
  static func remove(_ path: String) throws(StorageError) {
    var removal = TreeRemoval(path: path)
    defer { if removal.descriptor >= 0 { close(removal.descriptor) } }
    try removal.removeAll()
  }

  private init(path: String) { self.path = path }

  private mutating func removeAll() throws(StorageError) {
    guard try unlink(path, in: AT_FDCWD) == .folder, try enter(path, in: AT_FDCWD) else { return }
    while !levels.isEmpty {
      if let name = levels[levels.count - 1].names.popLast() {
        if try unlink(name, in: descriptor) == .folder { _ = try enter(name, in: descriptor) }
      } else {
        try leave()
      }
    }
  }

  private enum Removed { case done, folder }

  private func unlink(_ name: String, in folder: Int32) throws(StorageError) -> Removed {
    do throws(Errno) {
      _ = try systemCall { unsafe unlinkat(folder, cPath(name), 0) }
    } catch .noSuchFile {
      return .done
    } catch .isDirectory {
      return .folder
    } catch .permissionDenied where mayOpen() {
      return try unlink(name, in: folder)
    } catch {
      throw failure(.remove, name, error)
    }
    return .done
  }

  /// Takes the leave to change the folder of the last level, which a command may have closed (as package
  /// caches are).
  ///
  /// - Returns: false if that is not to be had, or was had already.
  private func mayOpen() -> Bool {
    var status = stat()
    guard descriptor >= 0, unsafe fstat(descriptor, &status) == 0,
      status.st_mode & S_IRWXU != S_IRWXU
    else { return false }
    return fchmod(descriptor, S_IRWXU) == 0
  }

  /// Opens a folder, and if it is closed to this user, opens it to them first.
  private func open(_ name: String, in folder: Int32) throws(Errno) -> Int32 {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    do throws(Errno) {
      return try systemCall { unsafe openat(folder, cPath(name), flags) }
    } catch .permissionDenied {
      // By its descriptor: the name may have become a link.
      let place = try systemCall {
        unsafe openat(folder, cPath(name), Int32(CLINUX_OPEN_PATH) | O_NOFOLLOW | O_CLOEXEC)
      }
      defer { close(place) }
      _ = try systemCall { unsafe chmod(cPath("/proc/self/fd/\(place)"), S_IRWXU) }
    }
    return try systemCall { unsafe openat(folder, cPath(name), flags) }
  }

  /// - Returns: false if the folder is gone.
  private mutating func enter(_ name: String, in folder: Int32) throws(StorageError) -> Bool {
    let opened: Int32
    do throws(Errno) { opened = try open(name, in: folder) } catch .noSuchFile {
      return false
    } catch {
      throw failure(.open, name, error)
    }
    var isTaken = false
    defer { if !isTaken { close(opened) } }
    let (device, inode) = try identity(of: opened, name)
    if let first = levels.first, first.device != device {
      // Mounted there: what it holds is not of this tree.
      throw failure(.remove, name, .busy)
    }
    let names: [String]
    do throws(Errno) { names = try DirectoryNames.all(in: opened) } catch {
      throw failure(.list, name, error)
    }
    if descriptor >= 0 { close(descriptor) }
    descriptor = opened
    isTaken = true
    levels.append(Level(name: name, device: device, inode: inode, names: names))
    return true
  }

  /// Goes back to the folder above, and removes the one that is empty now.
  private mutating func leave() throws(StorageError) {
    let last = levels.removeLast()
    var folder = AT_FDCWD
    if let above = levels.last {
      do throws(Errno) {
        folder = try systemCall { unsafe openat(descriptor, "..", O_RDONLY | O_CLOEXEC) }
      } catch {
        throw failure(.open, last.name, error)
      }
      let (device, inode) = try identity(of: folder, last.name)
      guard device == above.device, inode == above.inode else {
        close(folder)
        // It was moved elsewhere meanwhile.
        throw failure(.remove, last.name, .noSuchFile)
      }
    }
    close(descriptor)
    descriptor = levels.isEmpty ? -1 : folder
    do throws(Errno) {
      _ = try systemCall { unsafe unlinkat(folder, cPath(last.name), AT_REMOVEDIR) }
    } catch .noSuchFile {
    } catch {
      throw failure(.remove, last.name, error)
    }
  }

  private func identity(
    of file: Int32, _ name: String
  ) throws(StorageError) -> (device: dev_t, inode: ino_t) {
    var status = stat()
    do throws(Errno) { _ = try systemCall { unsafe fstat(file, &status) } } catch {
      throw failure(.inspect, name, error)
    }
    return (status.st_dev, status.st_ino)
  }

  private func failure(
    _ operation: StorageError.Operation, _ name: String, _ error: Errno
  ) -> StorageError {
    // The name of the first level is the whole path.
    let parts = levels.isEmpty || name == path ? [name] : levels.map(\.name) + [name]
    return StorageError(operation, parts.joined(separator: "/"), error)
  }
}

/// The names in a folder.
enum DirectoryNames {
  /// Sorted by their bytes, without `.` and `..`.
  static func all(in folder: Int32) throws(Errno) -> [String] {
    // The stream closes what it reads from.
    let own = try systemCall { fcntl(folder, F_DUPFD_CLOEXEC, 0) }
    guard let directory = unsafe fdopendir(own) else {
      let error = Errno(rawValue: errno)
      close(own)
      throw error
    }
    defer { unsafe _ = closedir(directory) }
    return try unsafe names(directory)
  }

  @unsafe
  static func names(_ directory: OpaquePointer) throws(Errno) -> [String] {
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(directory) else { break }
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe pathText($0)
        }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    if errno != 0 { throw Errno(rawValue: errno) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
