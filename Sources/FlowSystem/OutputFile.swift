import CLinux
package import FlowStorage
import Glibc

/// A file that is written for the user. It gets its name when it is complete, and replaces an
/// existing file. A device or pipe is written directly.
package final class OutputFile: TextOutputStream {
  private let path: String
  /// The temporary path; nil if the path itself is written.
  private let building: String?
  private var descriptor: Int32
  private var pending: [UInt8] = []
  private var failure: Errno?

  private static let bufferByteCount = 1 << 16

  package init(_ path: String) throws(Errno) {
    var status = stat()
    let isThere = unsafe stat(cPath(path), &status) == 0
    if isThere && status.st_mode & S_IFMT == S_IFDIR { throw .isDirectory }
    if isThere && status.st_mode & S_IFMT != S_IFREG {
      self.path = path
      building = nil
      descriptor = try systemCall { unsafe clinux_open(cPath(path), O_WRONLY, 0) }
      return
    }
    // For a symbolic link, the file it points to is replaced, not the link.
    let real = isThere ? try ProcessFacts.realPath(path) : path
    self.path = real
    let building = "\(real).new-\(getpid())"
    self.building = building
    descriptor = try systemCall {
      unsafe clinux_open(cPath(building), O_WRONLY | O_CREAT | O_TRUNC, 0o666)
    }
  }

  deinit {
    guard descriptor >= 0 else { return }
    _ = close(descriptor)
    if let building { unsafe _ = unlink(cPath(building)) }
  }

  package func write(_ text: String) {
    pending += text.utf8
    if pending.count >= Self.bufferByteCount { flush() }
  }

  private func flush() {
    var written = 0
    while written < pending.count && failure == nil {
      let count = unsafe pending.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
      }
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        failure = Errno(rawValue: errno)
      }
    }
    pending.removeAll(keepingCapacity: true)
  }

  /// Gives the file its name. After a failure nothing has changed, except what a device or pipe has
  /// received.
  package func finish() throws(Errno) {
    flush()
    if let failure { throw failure }
    if let building {
      // The name must not become durable before the bytes.
      _ = try systemCall { fsync(descriptor) }
      _ = try systemCall { unsafe rename(cPath(building), cPath(path)) }
    }
    let finished = descriptor
    descriptor = -1
    if close(finished) != 0 && errno != EINTR { throw Errno(rawValue: errno) }
  }
}

/// Writes files for users as other programs do: an existing file is overwritten, and nothing is
/// synced.
package enum FileWriting {
  package static func write(_ bytes: [UInt8], to path: String) throws(Errno) {
    let descriptor = try systemCall {
      unsafe clinux_open(cPath(path), O_WRONLY | O_CREAT | O_TRUNC, 0o666)
    }
    defer { _ = close(descriptor) }
    try write(bytes, to: descriptor)
  }

  /// Makes a file that gets its name when it is complete: another process may still read the file that has
  /// the name. It need not survive a power loss.
  ///
  /// - Parameter building: its name until then.
  static func replace(
    _ path: String, with bytes: [UInt8], building: String, permissions: mode_t
  ) throws(Errno) {
    unsafe _ = unlink(cPath(building))
    let descriptor = try systemCall {
      unsafe clinux_open(cPath(building), O_WRONLY | O_CREAT | O_EXCL, permissions)
    }
    do throws(Errno) {
      defer { _ = close(descriptor) }
      // Whatever the umask is.
      _ = try systemCall { fchmod(descriptor, permissions) }
      try write(bytes, to: descriptor)
    } catch {
      unsafe _ = unlink(cPath(building))
      throw error
    }
    _ = try systemCall { unsafe rename(cPath(building), cPath(path)) }
  }

  static func write(_ bytes: [UInt8], to descriptor: Int32) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = try systemCall {
        unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      }
      rest.removeFirst(count)
    }
  }
}
