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
  /// Each launch writes it again. No process is made meanwhile that could inherit the open file, which then
  /// could not be executed (ETXTBSY).
  static func write(_ text: String, to path: String) throws(Errno) {
    try FileWriting.replace(
      path, with: Array(text.utf8), building: RunFolder.unfinished(path), permissions: 0o700)
  }
}
