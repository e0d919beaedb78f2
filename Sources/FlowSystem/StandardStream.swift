import CLinux
import Glibc

/// Standard output or standard error. A reader that is slow holds up nobody, and one that is gone
/// ends nothing: what cannot be written now waits, and what nobody reads any more is dropped.
package final class StandardStream: TextOutputStream {
  private let descriptor: Int32
  private var pending: [UInt8] = []
  /// Whether the reader is gone.
  private var isGone = false

  /// At least this much fits where `poll` says that something does (POSIX: PIPE_BUF).
  private static let pieceByteCount = 4_096

  package static func output() -> StandardStream {
    StandardStream(Self.withoutBlocking(STDOUT_FILENO))
  }
  package static func error() -> StandardStream { StandardStream(STDERR_FILENO) }

  /// A terminal with a full buffer would hold up a write although `poll` saw some room. Opened anew
  /// it can be set not to block, and whoever else has it sees nothing of that.
  private static func withoutBlocking(_ descriptor: Int32) -> Int32 {
    guard isatty(descriptor) == 1 else { return descriptor }
    let own = unsafe clinux_open("/proc/self/fd/\(descriptor)", O_WRONLY | O_NONBLOCK, 0)
    return own < 0 ? descriptor : own
  }

  private init(_ descriptor: Int32) {
    self.descriptor = descriptor
  }

  package var isTerminal: Bool { isatty(descriptor) == 1 }

  /// What has something to write, and to be waited for; nil when all is written.
  package var pendingDescriptor: Int32? { pending.isEmpty ? nil : descriptor }

  /// How much waits for the reader.
  package var pendingByteCount: Int { pending.count }

  package func write(_ text: String) {
    if !isGone { pending += text.utf8 }
  }

  package func write(bytes: [UInt8]) {
    if !isGone { pending += bytes }
  }

  /// Writes what the reader takes at once.
  package func flushAvailable() {
    var written = 0
    while written < pending.count, takesMore(timeout: 0) {
      let count = writePiece(from: written)
      if count <= 0 { break }
      written += count
    }
    pending.removeFirst(min(written, pending.count))
  }

  /// Writes everything once a good deal has gathered: for commands that print much and do nothing
  /// else.
  package func flushWhenLarge() {
    if pending.count >= 16 * Self.pieceByteCount { flush() }
  }

  /// Writes everything, however long the reader takes.
  package func flush() {
    var written = 0
    while written < pending.count {
      // A descriptor may be set not to block; then its room is waited for.
      guard takesMore(timeout: -1) else { continue }
      let count = writePiece(from: written)
      if count < 0 { break }
      written += count
    }
    pending.removeAll(keepingCapacity: true)
  }

  private func takesMore(timeout: Int32) -> Bool {
    var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&room, 1, timeout) > 0
  }

  /// - Returns: how many bytes were taken; -1 if none ever will be.
  private func writePiece(from start: Int) -> Int {
    let size = min(Self.pieceByteCount, pending.count - start)
    let count = unsafe pending.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: start), size)
    }
    if count >= 0 { return count }
    if errno == EINTR || errno == EAGAIN { return 0 }
    isGone = true
    pending.removeAll()
    return -1
  }
}
