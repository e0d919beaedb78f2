import CLinux
import Glibc

/// The requests to end that reach a command which only waits: they are held back, and end its waits.
package struct StopSignals: Sendable {
  private let signals: sigset_t

  package init() {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM, SIGQUIT, SIGHUP] { unsafe sigaddset(&signals, signal) }
    unsafe sigprocmask(SIG_BLOCK, &signals, nil)
    self.signals = signals
  }

  /// Waits, until then or until the process is asked to end.
  ///
  /// - Returns: the signal that asks for it; nil if the time has passed.
  package func wait(microseconds: Int64) -> Int32? {
    var signals = signals
    var time = timespec(
      tv_sec: Int(microseconds / 1_000_000), tv_nsec: Int(microseconds % 1_000_000 * 1_000))
    let signal = unsafe sigtimedwait(&signals, nil, &time)
    return signal > 0 ? signal : nil
  }
}
