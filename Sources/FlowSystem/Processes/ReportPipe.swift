import CLinux
import CMonitor
import FlowStorage
import Glibc

/// The pipe on which launchers and monitors report. An engine has one for all its launchers, since
/// monitors outlive their launcher.
final class ReportPipe {
  let readDescriptor: Int32
  /// For launchers, which inherit it.
  let writeDescriptor: Int32
  private var buffer = [UInt8](repeating: 0, count: ReportPipe.capacity)

  /// The capacity of a pipe (pipe(7)): one read takes everything.
  private static let capacity = 1 << 16

  init() throws(Errno) {
    var ends: [Int32] = [-1, -1]
    _ = try systemCall { unsafe clinux_pipe(&ends) }
    (readDescriptor, writeDescriptor) = (ends[0], ends[1])
  }

  deinit {
    _ = close(readDescriptor)
    _ = close(writeDescriptor)
  }

  /// Calls `body` with each report in the pipe, in order.
  func read(_ body: (flow_report) -> Void) {
    let size = MemoryLayout<flow_report>.size
    while true {
      let count = unsafe Glibc.read(readDescriptor, &buffer, buffer.count)
      if count <= 0 {
        if count < 0 && errno == EINTR { continue }
        return
      }
      precondition(count % size == 0, "a report was written in pieces")
      unsafe buffer.withUnsafeBytes { bytes in
        for offset in stride(from: 0, to: count, by: size) {
          unsafe body(bytes.loadUnaligned(fromByteOffset: offset, as: flow_report.self))
        }
      }
      if count < buffer.count / size * size { return }
    }
  }
}
