import CLinux
package import FlowCore
import FlowRuntime
package import Glibc

/// The clocks of this machine, and the one place in which an engine waits.
package final class EventLoop: TimeSource {
  private let signals: SignalDescriptor
  /// Whether there is work already; then a wait returns at once. Called before every wait.
  package var hasWork: () -> Bool = { false }
  /// A descriptor that becomes readable when the sync in progress is complete.
  package var pendingSync: () -> Int32? = { nil }
  /// The same of the sync of what steps have made.
  package var pendingWorkSync: () -> Int32? = { nil }
  /// A descriptor with pending output; it ends a wait when it becomes writable.
  package var pendingOutput: () -> Int32? = { nil }
  /// The other descriptors to wait for; negative ones are ignored. Called before every wait.
  package var prepareWait: () -> [pollfd] = { [] }
  /// Receives the same descriptors, with their events, after every wait.
  package var takeReady: (ArraySlice<pollfd>) -> Void = { _ in }
  /// When the display needs an update although nothing happens, for running times.
  package var nextFrame: () -> Instant? = { nil }
  /// When to check a source that does not report its changes.
  package var nextLook: () -> Instant? = { nil }
  /// Receives each signal that has arrived.
  package var onSignal: (Int32) -> Void = { _ in }
  /// Who sent the signal that `onSignal` is called for.
  var signalSender: Int32 { signals.sender }
  var isSignalOfFlow: Bool { signals.isOfFlow }

  package init(signals: SignalDescriptor) {
    self.signals = signals
  }

  package func now() -> Moment { Self.now() }

  package static func now() -> Moment {
    Moment(
      monotonic: monotonicNow(),
      wall: WallTime(microseconds: microseconds(of: CLOCK_REALTIME)))
  }

  package static func monotonicNow() -> Instant {
    Instant(microseconds: microseconds(of: CLOCK_MONOTONIC))
  }

  package func wait(until deadline: Instant?) {
    // poll(2) ignores negative descriptors.
    var descriptors = [
      pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: pendingSync() ?? -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: pendingWorkSync() ?? -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: pendingOutput() ?? -1, events: Int16(POLLOUT), revents: 0),
    ]
    let ownCount = descriptors.count
    descriptors += prepareWait()
    let timeout = hasWork() ? 0 : Self.milliseconds(until: earliest(deadline))
    // An interrupted wait returns early, which callers allow.
    let count = unsafe poll(&descriptors, nfds_t(descriptors.count), timeout)
    if count <= 0 { return }
    if descriptors[0].revents != 0 {
      while let signal = signals.next() { onSignal(signal) }
    }
    takeReady(descriptors[ownCount...])
  }

  package func pause(until time: Instant) { Self.pause(until: time) }

  package static func pause(until time: Instant) {
    // An interrupted pause continues.
    while time > Self.monotonicNow() {
      _ = poll(nil, 0, Self.milliseconds(until: time))
    }
  }

  private static func microseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    let result = unsafe clock_gettime(clock, &time)
    precondition(result == 0, "the system has no clock \(clock)")
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
  }

  private func earliest(_ deadline: Instant?) -> Instant? {
    [deadline, nextFrame(), nextLook()].compactMap(\.self).min()
  }

  /// Rounded up: to wake before the deadline would only mean another wait.
  private static func milliseconds(until deadline: Instant?) -> Int32 {
    guard let deadline else { return -1 }
    let left = deadline.microseconds - monotonicNow().microseconds
    return left <= 0 ? 0 : Int32(clamping: (left + 999) / 1_000)
  }
}
