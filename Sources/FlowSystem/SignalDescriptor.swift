import CLinux
package import FlowStorage
import Glibc

/// Signals of this process, as something to read: blocked as signals, so that none interrupts
/// anything, and taken one by one.
package final class SignalDescriptor {
  let descriptor: Int32

  /// Children's ends, requests to stop, and what changes how a terminal looks: a new size, and a
  /// shell that has had it meanwhile. A hang-up, a broken pipe or a file that may not grow must not
  /// end a run unheard.
  ///
  /// - Throws: `Errno` if the process has no descriptor left.
  package init() throws(Errno) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in [SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGWINCH, SIGCONT] {
      unsafe sigaddset(&set, signal)
    }
    unsafe sigprocmask(SIG_BLOCK, &set, nil)
    // A child of a process that ignores SIGCHLD, as its parent may have taught it, ends unseen.
    _ = signal(SIGCHLD, SIG_DFL)
    _ = signal(SIGHUP, SIG_IGN)
    _ = signal(SIGPIPE, SIG_IGN)
    // Then a write beyond a limit on file sizes is an error like any other.
    _ = signal(SIGXFSZ, SIG_IGN)
    descriptor = try systemCall { unsafe clinux_signalfd(&set) }
  }

  deinit {
    _ = close(descriptor)
  }

  /// Ends this process by a signal that it had taken, as if it never had: who started it, such as a
  /// shell in a loop, can see why it ended.
  package static func end(by number: Int32) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, number)
    _ = signal(number, SIG_DFL)
    _ = kill(getpid(), number)
    unsafe sigprocmask(SIG_UNBLOCK, &set, nil)
  }

  /// Whether a signal asks this process to end, and does not only tell it something.
  package static func asksToStop(_ signal: Int32) -> Bool {
    [SIGINT, SIGQUIT, SIGTERM].contains(signal)
  }

  /// The next signal that came in; nil when there is none.
  func next() -> Int32? {
    var info = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    return unsafe read(descriptor, &info, size) == size ? Int32(info.ssi_signo) : nil
  }
}
