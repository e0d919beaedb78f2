import CLinux
package import FlowStorage
import Glibc

/// Computes something in a copy of this process: what breaks a precondition ends that copy, and not
/// who asked.
package enum ForkedComputation {
  /// - Precondition: This process has no other threads: what they do is not in the copy.
  /// - Returns: what `compute` returns; nil if the copy came to no result.
  /// - Throws: if there can be no copy.
  package static func bytes(_ compute: () -> [UInt8]) throws(Errno) -> [UInt8]? {
    // Else the kernel would keep nothing of how it ended.
    signal(SIGCHLD, SIG_DFL)
    var end: Int32 = -1
    let process = try systemCall { unsafe clinux_fork(&end) }
    if process == 0 {
      let isWritten: Void? = try? FileWriting.write(compute(), to: end)
      _exit(isWritten == nil ? 1 : 0)
    }
    var bytes: [UInt8] = []
    // What cannot be read was not said.
    try? FileReading.forEachPiece(of: end) { (piece) throws(Errno) in bytes += piece }
    close(end)
    var status: Int32 = 0
    _ = try systemCall { unsafe waitpid(process, &status, 0) }
    return clinux_exited(status) != 0 && clinux_exit_code(status) == 0 ? bytes : nil
  }
}
