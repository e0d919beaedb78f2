import CLinux
package import FlowCore
import FlowRuntime
package import Glibc

/// The clocks of this machine, and one wait for everything that can happen.
package final class EventLoop: TimeSource {
  private let signals: SignalDescriptor
  /// Asked before every wait: what is already there is not waited for.
  package var hasWork: () -> Bool = { false }
  /// A descriptor that is readable when the sync under way is done.
  package var pendingSync: () -> Int32? = { nil }
  /// A descriptor that has something to be written, which ends a wait when there is room.
  package var pendingOutput: () -> Int32? = { nil }
  /// Called before every wait: what else is waited for. A negative descriptor is passed over.
  package var prepareWait: () -> [pollfd] = { [] }
  /// Called after every wait with what it has shown of these.
  package var takeReady: (ArraySlice<pollfd>) -> Void = { _ in }
  /// When something is to be shown although nothing has happened, such as the passing of time.
  package var nextFrame: () -> Instant? = { nil }
  /// When something is to be looked at that does not tell when it changes.
  package var nextLook: () -> Instant? = { nil }
  /// Called with each signal that came in.
  package var onSignal: (Int32) -> Void = { _ in }

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
    // A negative descriptor is passed over by the system.
    var descriptors = [
      pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: pendingSync() ?? -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: pendingOutput() ?? -1, events: Int16(POLLOUT), revents: 0),
    ]
    let ownCount = descriptors.count
    descriptors += prepareWait()
    let timeout = hasWork() ? 0 : Self.milliseconds(until: earliest(deadline))
    // An interrupted wait is a return for no reason, which is allowed.
    let count = unsafe poll(&descriptors, nfds_t(descriptors.count), timeout)
    if count <= 0 { return }
    if descriptors[0].revents != 0 {
      while let signal = signals.next() { onSignal(signal) }
    }
    takeReady(descriptors[ownCount...])
  }

  package func pause(until time: Instant) { Self.pause(until: time) }

  package static func pause(until time: Instant) {
    // An interrupted pause is gone on with.
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

  /// Rounded up: waking before the deadline would only mean to wait again.
  private static func milliseconds(until deadline: Instant?) -> Int32 {
    guard let deadline else { return -1 }
    let left = deadline.microseconds - monotonicNow().microseconds
    return left <= 0 ? 0 : Int32(clamping: (left + 999) / 1_000)
  }
}
