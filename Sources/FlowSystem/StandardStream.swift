import CLinux
package import FlowStorage
import Glibc

/// Standard output or standard error. A reader that is slow holds up nobody, and one that is gone
/// ends nothing: what cannot be written now waits, and what nobody reads any more is dropped.
package final class StandardStream: TextOutputStream {
  private let descriptor: Int32
  private var pending: [UInt8] = []
  /// How much of `pending` is written.
  private var written = 0
  /// Why nothing more can be written. Of a reader that has gone, `.brokenPipe`.
  package private(set) var failure: Errno?

  /// At least this much fits into a pipe where `poll` says that something does (POSIX: PIPE_BUF).
  private static let pieceByteCount = 4_096

  package static func output() -> StandardStream { StandardStream(STDOUT_FILENO) }
  package static func error() -> StandardStream { StandardStream(STDERR_FILENO) }

  private init(_ standard: Int32) {
    descriptor = Self.reopenedTerminal(standard) ?? standard
  }

  deinit {
    if descriptor > STDERR_FILENO { _ = close(descriptor) }
  }

  /// A terminal that has room for one byte takes none of the rest before its reader goes on, and a
  /// write to it waits that long. Opened anew it can be told not to; the descriptor that was handed
  /// down cannot, for what is set on it is set for every process that shares it.
  private static func reopenedTerminal(_ standard: Int32) -> Int32? {
    guard isatty(standard) == 1 else { return nil }
    return try? systemCall {
      unsafe clinux_open("/proc/self/fd/\(standard)", O_WRONLY | O_NONBLOCK, 0)
    }
  }

  /// Opens `/dev/null` where a standard stream was closed by the caller. Else a file of a run would
  /// get its number, and what is printed would go into that file. Call it before any file is opened.
  package static func openMissing() {
    for descriptor in STDIN_FILENO...STDERR_FILENO
    where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
      // The lowest free number is this one.
      _ = unsafe open("/dev/null", O_RDWR)
    }
  }

  package var isTerminal: Bool { isatty(descriptor) == 1 }

  /// What has something to write, and to be waited for; nil when all is written.
  package var pendingDescriptor: Int32? { written == pending.count ? nil : descriptor }

  /// How much waits for the reader.
  package var pendingByteCount: Int { pending.count - written }

  package func write(_ text: String) {
    if failure == nil { pending += text.utf8 }
  }

  package func write(bytes: [UInt8]) {
    if failure == nil { pending += bytes }
  }

  /// Writes what the reader takes at once.
  package func flushAvailable() {
    while written < pending.count, takesMore(timeout: 0), writePiece() {}
    // What waits for a slow reader is not moved each time that a piece is gone.
    if written >= pending.count / 2 {
      pending.removeFirst(written)
      written = 0
    }
  }

  /// Writes everything once a good deal has gathered: for commands that print much and do nothing
  /// else.
  package func flushWhenLarge() {
    if pending.count >= 16 * Self.pieceByteCount { flush() }
  }

  /// Writes everything, however long the reader takes.
  package func flush() {
    while written < pending.count {
      // A descriptor may be set not to block; then its room is waited for.
      if takesMore(timeout: -1) { _ = writePiece() }
    }
    pending.removeAll(keepingCapacity: true)
    written = 0
  }

  private func takesMore(timeout: Int32) -> Bool {
    var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&room, 1, timeout) > 0
  }

  /// - Returns: whether anything was written.
  private func writePiece() -> Bool {
    let size = min(Self.pieceByteCount, pending.count - written)
    let count = unsafe pending.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), size)
    }
    if count >= 0 {
      written += count
      return count > 0
    }
    if errno == EINTR || errno == EAGAIN { return false }
    failure = Errno(rawValue: errno)
    pending.removeAll()
    written = 0
    return false
  }
}
