import FlowCommandLine
import FlowStorage
import FlowSystem
import FlowText
import Glibc

/// A place of its own for the runs of a proof: in `work` a copy of the workflow's folder, always under the
/// same path, since steps may write it down; in `home` the runs; what is kept, beside them.
struct ProofScratch {
  let path: String
  private let source: String
  private let signals: StopSignals

  var work: String { "\(path)/work" }
  var home: String { "\(path)/home" }
  /// What commands of a run print on standard error.
  var errors: String { "\(path)/errors" }

  /// - Parameters:
  ///   - source: the workflow's folder.
  ///   - parent: where the place is made.
  init(of source: String, in parent: String, _ signals: StopSignals) throws(CommandError) {
    self.source = source
    self.signals = signals
    var template = cPath("\(parent)/flow-prove.XXXXXX")
    guard unsafe mkdtemp(&template) != nil else {
      throw .system("make a folder in \(parent)", Errno(rawValue: errno))
    }
    path = RawText.text(template.dropLast().map(UInt8.init(bitPattern:)))
  }

  /// Makes `work` what the workflow's folder is, and `home` empty.
  func begin() throws(ProofStop) {
    try perform(["rm", "-rf", "--", work, home, errors], "empty \(path)")
    try perform(["cp", "-a", "--", source, work], "copy \(source)")
  }

  /// Moves `work` away.
  ///
  /// - Returns: where it is.
  func keep(as name: String) throws(ProofStop) -> String {
    let kept = "\(path)/\(name)"
    guard unsafe rename(cPath(work), cPath(kept)) == 0 else {
      throw .failed(.system("rename \(work)", Errno(rawValue: errno)))
    }
    return kept
  }

  /// Removes what is not kept.
  func clear() throws(ProofStop) {
    try perform(["rm", "-rf", "--", work, home, errors], "empty \(path)")
  }

  func remove() throws(ProofStop) {
    try perform(["rm", "-rf", "--", path], "remove \(path)")
  }

  func remove(_ kept: String) throws(ProofStop) {
    try perform(["rm", "-rf", "--", kept], "remove \(kept)")
  }

  /// How much space is left, in bytes.
  static func space(in folder: String) throws(CommandError) -> Int64 {
    var status = statvfs()
    guard unsafe statvfs(cPath(folder), &status) == 0 else {
      throw .file(folder, Errno(rawValue: errno))
    }
    let (bytes, overflow) = Int64(clamping: status.f_bavail).multipliedReportingOverflow(
      by: Int64(clamping: status.f_frsize))
    return overflow ? .max : bytes
  }

  private func perform(_ line: [String], _ what: String) throws(ProofStop) {
    let process: Int32
    do throws(Errno) {
      process = try ChildProcess.start(
        ["/usr/bin/env"] + line, environment: Self.environment, output: .nothing,
        errors: .file("\(path)/tools"))
    } catch {
      throw .failed(.system(what, error))
    }
    var stopped: Int32?
    while true {
      switch ChildProcess.end(of: process) {
      case nil: stopped = signals.wait(microseconds: 500) ?? stopped
      case .exit(0):
        if let stopped { throw .asked(stopped) }
        return
      case .some:
        let said = (try? FileReading.bytes(of: "\(path)/tools", limit: 1 << 16)) ?? []
        throw .failed(.tool("cannot \(what): \(String(decoding: said, as: UTF8.self))"))
      }
    }
  }

  private static let environment: [String] =
    ["PATH=\(ProcessFacts.environmentValue("PATH") ?? "/usr/bin:/bin")", "LC_ALL=C"]
}

/// Why a proof ends before its time.
enum ProofStop: Error {
  case failed(CommandError)
  /// A signal asks for it.
  case asked(Int32)
}
