import CLinux
package import FlowLog
import Glibc

/// Signals of this process, as something to read: blocked as signals, so that none interrupts
/// anything, and taken one by one.
package final class SignalDescriptor {
  let descriptor: Int32

  /// Children's ends and requests to stop. A hang-up, a broken pipe or a file that may not grow
  /// must not end a run unheard.
  ///
  /// - Throws: `Errno` if the process has no descriptor left.
  package init() throws(Errno) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in [SIGCHLD, SIGINT, SIGTERM] { unsafe sigaddset(&set, signal) }
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

  /// The next signal that came in; nil when there is none.
  func next() -> Int32? {
    var info = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    return unsafe read(descriptor, &info, size) == size ? Int32(info.ssi_signo) : nil
  }
}
