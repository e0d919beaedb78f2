import CLinux
package import FlowStorage
import Glibc

/// Standard output or standard error. A slow reader never blocks the run, and a closed one never
/// ends it: output that cannot be written yet is buffered, and output without a reader is dropped.
package final class StandardStream: TextOutputStream {
  private let descriptor: Int32
  private var pending: [UInt8] = []
  /// How much of `pending` was written.
  private var written = 0
  /// Why output fails; `.brokenPipe` if the reader is gone.
  package private(set) var failure: Errno?

  /// A pipe that `poll` reports as writable takes at least this much (POSIX: PIPE_BUF).
  private static let pieceByteCount = 4_096

  package static func output() -> StandardStream { StandardStream(STDOUT_FILENO) }
  package static func error() -> StandardStream { StandardStream(STDERR_FILENO) }

  private init(_ standard: Int32) {
    descriptor = Self.reopenedTerminal(standard) ?? standard
  }

  deinit {
    if descriptor > STDERR_FILENO { _ = close(descriptor) }
  }

  /// A write to a terminal with space for one byte blocks until its reader continues. A terminal
  /// that is opened again can be set not to block; the inherited descriptor cannot, since that
  /// would change it for every process that shares it.
  private static func reopenedTerminal(_ standard: Int32) -> Int32? {
    guard isatty(standard) == 1 else { return nil }
    return try? systemCall {
      unsafe clinux_open("/proc/self/fd/\(standard)", O_WRONLY | O_NONBLOCK, 0)
    }
  }

  /// Opens `/dev/null` for each standard stream that the parent closed. Otherwise a file of a run
  /// would get its number, and printed text would go into that file. Call it before any file is
  /// opened.
  package static func openMissing() {
    for descriptor in STDIN_FILENO...STDERR_FILENO
    where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
      // The lowest free number is this one.
      _ = unsafe open("/dev/null", O_RDWR)
    }
  }

  package var isTerminal: Bool { isatty(descriptor) == 1 }

  /// The descriptor if there is pending output to wait for; nil if all is written.
  package var pendingDescriptor: Int32? { written == pending.count ? nil : descriptor }

  /// How much output is pending.
  package var pendingByteCount: Int { pending.count - written }

  package func write(_ text: String) {
    if failure == nil { pending += text.utf8 }
  }

  package func write(bytes: [UInt8]) {
    if failure == nil { pending += bytes }
  }

  /// Writes what the reader takes without blocking.
  package func flushAvailable() {
    while written < pending.count, takesMore(timeout: 0), writePiece() {}
    // Pending bytes of a slow reader are not moved for each piece.
    if written >= pending.count / 2 {
      pending.removeFirst(written)
      written = 0
    }
  }

  /// Writes everything once enough is pending: for commands that print a lot and do nothing else.
  package func flushWhenLarge() {
    if pending.count >= 16 * Self.pieceByteCount { flush() }
  }

  /// Writes everything, however long the reader takes.
  package func flush() {
    while written < pending.count {
      // For a descriptor that does not block, this waits until it is writable.
      if takesMore(timeout: -1) { _ = writePiece() }
    }
    pending.removeAll(keepingCapacity: true)
    written = 0
  }

  private func takesMore(timeout: Int32) -> Bool {
    var output = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&output, 1, timeout) > 0
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
