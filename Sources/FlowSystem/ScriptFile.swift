import CLinux
import FlowRuntime
import FlowStorage
import Glibc

/// A script: a file whose first line names its interpreter.
package enum ScriptFile {
  /// The kernel reads no more of a file to find the interpreter.
  private static let limit = 256

  /// The interpreter that the first line names (`#!`); nil if it names none, or cannot be read.
  package static func interpreter(of path: String) -> String? {
    guard let bytes = try? FileReading.beginning(of: path, limit: limit),
      bytes.starts(with: "#!".utf8)
    else { return nil }
    let blanks: [UInt8] = [UInt8(ascii: " "), UInt8(ascii: "\t")]
    let line = bytes.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
    let name = line.drop { blanks.contains($0) }.prefix { !blanks.contains($0) }
    return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
  }

  /// Writes a script that only this user can execute.
  ///
  /// It gets its name when it is complete: a process of an earlier launch may still read the file of
  /// that name. It need not survive a power loss, since each launch writes it again. No process is
  /// made meanwhile that could inherit the open file, which then could not be executed (ETXTBSY).
  static func write(_ text: String, to path: String) throws(Errno) {
    let building = RunFolder.unfinished(path)
    unsafe _ = unlink(cPath(building))
    let descriptor = try systemCall {
      unsafe clinux_open(cPath(building), O_WRONLY | O_CREAT | O_EXCL, 0o700)
    }
    do throws(Errno) {
      defer { _ = close(descriptor) }
      // Whatever the umask is.
      _ = try systemCall { fchmod(descriptor, 0o700) }
      var rest = Array(text.utf8)[...]
      while !rest.isEmpty {
        let count = try systemCall {
          unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        }
        rest = rest.dropFirst(count)
      }
    } catch {
      unsafe _ = unlink(cPath(building))
      throw error
    }
    _ = try systemCall { unsafe rename(cPath(building), cPath(path)) }
  }
}
