import CLinux
package import FlowStorage
import Glibc

/// Writes files for users as other programs do: an existing file is overwritten, and nothing is
/// synced.
package enum FileWriting {
  package static func write(_ bytes: [UInt8], to path: String) throws(Errno) {
    let descriptor = try systemCall {
      unsafe clinux_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
    }
    defer { _ = close(descriptor) }
    try write(bytes, to: descriptor)
  }

  static func write(_ bytes: [UInt8], to descriptor: Int32) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = try systemCall {
        unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      }
      rest.removeFirst(count)
    }
  }
}
