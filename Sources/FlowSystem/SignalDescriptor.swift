import CLinux
package import FlowStorage
import Glibc

/// The signals of this process as a descriptor. They are blocked as signals, so that they interrupt
/// no call, and read one by one.
package final class SignalDescriptor {
  let descriptor: Int32
  /// The process that sent the last signal that was read; zero if it is not known here.
  private(set) var sender: Int32 = 0
  /// Whether another flow sent that signal (`ProcessDescriptor.askToCancel`).
  private(set) var isOfFlow = false

  /// Reads the ends of children, requests to stop, and changes of the terminal: its size, and the
  /// return from a shell. Ignores a hang-up, a broken pipe and a file size limit, which must not
  /// kill the engine, and the rule of a terminal that no program in the background may write to it
  /// (`stty tostop`), which must not stop the engine.
  ///
  /// - Throws: `Errno` if the process is out of descriptors.
  package init() throws(Errno) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in [SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGWINCH, SIGCONT] {
      unsafe sigaddset(&set, signal)
    }
    unsafe sigprocmask(SIG_BLOCK, &set, nil)
    // An inherited SIG_IGN for SIGCHLD would discard the exit status of children.
    _ = signal(SIGCHLD, SIG_DFL)
    _ = signal(SIGHUP, SIG_IGN)
    _ = signal(SIGPIPE, SIG_IGN)
    _ = signal(SIGTTOU, SIG_IGN)
    // Then a write beyond the file size limit fails with an error.
    _ = signal(SIGXFSZ, SIG_IGN)
    descriptor = try systemCall { unsafe clinux_signalfd(&set) }
  }

  deinit {
    _ = close(descriptor)
  }

  /// Kills this process with a signal that it had handled, so that its parent, such as a shell in a
  /// loop, sees that the signal ended it.
  package static func end(by number: Int32) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, number)
    _ = signal(number, SIG_DFL)
    _ = kill(getpid(), number)
    unsafe sigprocmask(SIG_UNBLOCK, &set, nil)
  }

  /// Whether a signal asks this process to stop.
  package static func asksToStop(_ signal: Int32) -> Bool {
    [SIGINT, SIGQUIT, SIGTERM].contains(signal)
  }

  /// The next signal that has arrived; nil if there is none.
  func next() -> Int32? {
    var info = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    guard unsafe read(descriptor, &info, size) == size else { return nil }
    sender = Int32(bitPattern: info.ssi_pid)
    isOfFlow = info.ssi_code == Int32(SI_QUEUE)
    return Int32(info.ssi_signo)
  }
}
