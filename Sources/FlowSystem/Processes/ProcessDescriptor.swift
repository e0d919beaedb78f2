import CLinux
import FlowRuntime
import Glibc

/// A pidfd: it names one process, and no later process with the same id.
package final class ProcessDescriptor {
  package let processID: Int32
  /// Becomes readable when the process has ended.
  let descriptor: Int32

  /// - Returns: nil if there is no such process, or this process is out of descriptors.
  package init?(_ processID: Int32) {
    guard processID > 0 else { return nil }
    descriptor = clinux_open_process(processID)
    self.processID = processID
    guard descriptor >= 0 else { return nil }
  }

  deinit {
    if descriptor >= 0 { _ = close(descriptor) }
  }

  /// True also for a zombie.
  private var hasEnded: Bool { awaitEnd(milliseconds: 0) }

  /// - Returns: whether the process ended within the time.
  package func awaitEnd(milliseconds: Int32) -> Bool {
    var end = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&end, 1, milliseconds) > 0
  }

  /// Whether it has ended, or was killed and has not been scheduled since.
  package var isDying: Bool { hasEnded || status?.isDying ?? true }

  /// The same, after a moment in which a signal can arrive.
  package var isLeaving: Bool { awaitEnd(milliseconds: Self.signalMilliseconds) || isDying }

  /// Whether it is a monitor, or a launcher.
  package var isMonitor: Bool { ProcessVariables.isOfMonitor(processID) }

  /// Whether it does nothing until it is continued: Ctrl-Z, SIGSTOP, a debugger.
  package var isSuspended: Bool { status?.isStopped ?? false }

  /// How long a signal may be delivered but not yet handled.
  private static let signalMilliseconds: Int32 = 50

  /// - Returns: false if the process is gone, or another user's.
  @discardableResult
  package func signal(_ number: Int32) -> Bool {
    clinux_signal_process(descriptor, number) == 0
  }

  /// Sends an engine the signal of a first Ctrl-C, or without grace that of Ctrl-\. Unlike a second
  /// Ctrl-C, asking again changes nothing.
  ///
  /// - Returns: false if the process is gone, or another user's.
  package func askToCancel(force: Bool) -> Bool {
    clinux_queue_signal(descriptor, force ? SIGQUIT : SIGINT) == 0
  }

  /// Whether a signal was sent to the process, and it has not taken it yet. False if that is unknown.
  package func hasPending(_ signal: Int32) -> Bool {
    let bytes = (try? FileReading.bytes(of: "/proc/\(processID)/status", limit: 1 << 16)) ?? []
    let pending = bytes.split(separator: UInt8(ascii: "\n")).contains { line in
      // Of the process (proc(5)); a pidfd sends none to a single thread.
      guard line.starts(with: "ShdPnd:".utf8) else { return false }
      let digits = String(decoding: line.dropFirst(7), as: UTF8.self).drop { $0 == "\t" }
      guard let mask = UInt64(digits, radix: 16) else { return false }
      return mask >> UInt64(signal - 1) & 1 == 1
    }
    // If the process still lives, its id named no other process in the meantime.
    return pending && !hasEnded
  }

  /// The process in `/proc`; nil once it has ended.
  package var status: ProcessStatus? {
    let status = ProcessStatus(of: processID)
    // If the process still lives, its id named no other process in the meantime.
    return hasEnded ? nil : status
  }
}

/// A process as `/proc` shows it (proc(5), `stat`).
package struct ProcessStatus {
  package let parent: Int32
  /// In the kernel's clock ticks since boot.
  package let startTime: UInt64
  /// Whether it is exiting or was killed, so that it runs no more code of its own.
  let isDying: Bool
  /// Whether a signal, or a debugger, keeps it from running.
  let isStopped: Bool

  /// One of the flags (`PF_EXITING`, which no user header has).
  private static let exiting: UInt32 = 0x4
  private static let killed: UInt64 = 1 << (UInt64(SIGKILL) - 1)

  /// - Returns: nil if there is no such process.
  init?(of processID: Int32) {
    guard let bytes = try? FileReading.bytes(of: "/proc/\(processID)/stat", limit: 1 << 16),
      // The name is the second field, may hold any character, and ends with the last bracket.
      let bracket = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    // The first of these is the third field.
    let fields = bytes[bracket...].split(separator: UInt8(ascii: " ")).dropFirst()
      .map { String(decoding: $0, as: UTF8.self) }
    guard fields.count > 28, let parent = Int32(fields[1]), let startTime = UInt64(fields[19]),
      let flags = UInt32(fields[6]), let pendingSignals = UInt64(fields[28])
    else { return nil }
    self.parent = parent
    self.startTime = startTime
    isStopped = fields[0] == "T" || fields[0] == "t"
    isDying = flags & Self.exiting != 0 || pendingSignals & Self.killed != 0
  }
}
