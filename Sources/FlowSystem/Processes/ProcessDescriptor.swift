import CLinux
import FlowRuntime
import Glibc

/// Names one process and no later one with the same number (a pidfd).
package final class ProcessDescriptor {
  package let processID: Int32
  /// Readable when the process has ended.
  let descriptor: Int32

  /// - Returns: nil if there is no such process, or no descriptor left.
  package init?(_ processID: Int32) {
    guard processID > 0 else { return nil }
    descriptor = clinux_open_process(processID)
    self.processID = processID
    guard descriptor >= 0 else { return nil }
  }

  deinit {
    if descriptor >= 0 { _ = close(descriptor) }
  }

  /// Also of one that has ended and that nobody has waited for yet.
  private var hasEnded: Bool { awaitEnd(milliseconds: 0) }

  /// - Returns: whether the process has ended within the time.
  package func awaitEnd(milliseconds: Int32) -> Bool {
    var end = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&end, 1, milliseconds) > 0
  }

  /// Whether it has ended or is about to, as one does that was just killed but had no time to die.
  package var isDying: Bool { hasEnded || status?.isDying ?? true }

  /// The same, but for one that goes on it takes a moment, in which a signal may arrive.
  package var isLeaving: Bool { awaitEnd(milliseconds: Self.signalMilliseconds) || isDying }

  /// How long a signal may be on its way: taken, and not yet obeyed.
  private static let signalMilliseconds: Int32 = 50

  /// - Returns: false if the process is gone, or another user's.
  @discardableResult
  package func signal(_ number: Int32) -> Bool {
    clinux_signal_process(descriptor, number) == 0
  }

  /// What the kernel shows of the process; nil once it has ended.
  package var status: ProcessStatus? {
    let status = ProcessStatus(of: processID)
    // If it lives now, it is what was looked at: its number was nobody else's.
    return hasEnded ? nil : status
  }
}

/// What the kernel shows of a process (proc(5), `stat`).
package struct ProcessStatus {
  package let parent: Int32
  /// In the kernel's own count.
  package let startTime: UInt64
  /// Whether it was killed, or ends by itself, and does nothing more of its own.
  let isDying: Bool

  /// Of the flags (`PF_EXITING`, which no header for programs has).
  private static let exiting: UInt32 = 0x4
  private static let killed: UInt64 = 1 << (UInt64(SIGKILL) - 1)

  /// - Returns: nil if there is no such process.
  init?(of processID: Int32) {
    guard let bytes = try? FileReading.bytes(of: "/proc/\(processID)/stat", limit: 1 << 16),
      // The name is the second field, and may hold anything but ends with the last bracket.
      let bracket = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    // The first of these is the third.
    let fields = bytes[bracket...].split(separator: UInt8(ascii: " ")).dropFirst()
      .map { String(decoding: $0, as: UTF8.self) }
    guard fields.count > 28, let parent = Int32(fields[1]), let startTime = UInt64(fields[19]),
      let flags = UInt32(fields[6]), let pendingSignals = UInt64(fields[28])
    else { return nil }
    self.parent = parent
    self.startTime = startTime
    isDying = flags & Self.exiting != 0 || pendingSignals & Self.killed != 0
  }
}
