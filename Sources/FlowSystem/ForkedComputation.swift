import CLinux
package import FlowStorage
import Glibc

/// Computes something in a copy of this process. A failed precondition ends the copy, not the
/// caller.
package enum ForkedComputation {
  /// - Parameter seconds: of processor time, after which the copy is ended; nil for no limit.
  /// - Precondition: This process has no other threads; they would not exist in the copy.
  /// - Returns: the result of `compute`; nil if the copy ended without one.
  /// - Throws: if the process cannot fork.
  package static func bytes(
    within seconds: Int? = nil, _ compute: () -> [UInt8]
  ) throws(Errno) -> [UInt8]? {
    // If SIGCHLD were ignored, the kernel would discard the exit status.
    signal(SIGCHLD, SIG_DFL)
    var end: Int32 = -1
    let process = try systemCall { unsafe clinux_fork(&end) }
    if process == 0 {
      if let seconds { _ = clinux_limit_processor_time(UInt(seconds)) }
      let isWritten: Void? = try? FileWriting.write(compute(), to: end)
      _exit(isWritten == nil ? 1 : 0)
    }
    var bytes: [UInt8] = []
    // A failed read counts as the end of the output.
    try? FileReading.forEachPiece(of: end) { (piece) throws(Errno) in bytes += piece }
    close(end)
    var status: Int32 = 0
    _ = try systemCall { unsafe waitpid(process, &status, 0) }
    return clinux_exited(status) != 0 && clinux_exit_code(status) == 0 ? bytes : nil
  }
}

/// What this process prints on standard error if it traps.
package enum LastWords {
  /// - Parameter words: with a line feed; the first 255 bytes are used.
  package static func set(_ words: String) {
    unsafe clinux_set_last_words(words)
  }
}
