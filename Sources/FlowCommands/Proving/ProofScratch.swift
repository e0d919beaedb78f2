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
  /// What is not copied, relative to the source: the runs of a home that is in it.
  let excluded: String?
  private let signals: StopSignals

  var work: String { "\(path)/work" }
  var home: String { "\(path)/home" }
  /// What commands of a run print on standard error.
  var errors: String { "\(path)/errors" }
  /// What the programs print on standard error that copy and remove.
  private var tools: String { "\(path)/tools" }

  /// - Parameters:
  ///   - source: the workflow's folder.
  ///   - excluded: a folder in it that is not copied, relative to it.
  ///   - parent: where the place is made.
  init(
    of source: String, without excluded: String?, in parent: String, _ signals: StopSignals
  ) throws(CommandError) {
    self.source = source
    self.excluded = excluded
    self.signals = signals
    var template = cPath("\(parent)/flow-prove.XXXXXX")
    guard unsafe mkdtemp(&template) != nil else {
      throw .system("make a folder in \(parent)", Errno(rawValue: errno))
    }
    path = RawText.text(template.dropLast().map(UInt8.init(bitPattern:)))
  }

  /// Makes `work` what the workflow's folder is, and `home` empty.
  func begin() throws(ProofStop) {
    try clear()
    guard let excluded else { return try copy([source], to: work, isOne: true) }
    try copy(
      source, to: work,
      without: excluded.utf8.split(separator: UInt8(ascii: "/")).map {
        String(Substring($0))
      }[...])
  }

  /// Copies a folder except what is at the end of a path in it.
  private func copy(
    _ folder: String, to copy: String, without path: ArraySlice<String>
  ) throws(ProofStop) {
    guard unsafe mkdir(cPath(copy), 0o700) == 0 else {
      throw .failed(.system("make \(copy)", Errno(rawValue: errno)))
    }
    let names: [String]
    do throws(Errno) { names = try LinuxStorage().entries(of: folder) } catch {
      throw .failed(.system("list \(folder)", error))
    }
    let others = names.filter { !$0.utf8.elementsEqual((path.first ?? "").utf8) }
    for start in stride(from: 0, to: others.count, by: Self.mostNames) {
      let some = others[start..<min(start + Self.mostNames, others.count)]
      try self.copy(some.map { "\(folder)/\($0)" }, to: copy, isOne: false)
    }
    if let next = path.first, path.count > 1 {
      try self.copy("\(folder)/\(next)", to: "\(copy)/\(next)", without: path.dropFirst())
    }
    // What is made in a folder gives it another time.
    for tool in geteuid() == 0 ? ["chown", "chmod", "touch"] : ["chmod", "touch"] {
      try perform([tool, "--reference=\(folder)", "--", copy], "copy the attributes of \(folder)")
    }
  }

  /// How many files a command line names.
  private static let mostNames = 200

  /// With modes, owners, times, links and holes.
  private func copy(_ files: [String], to target: String, isOne: Bool) throws(ProofStop) {
    try perform(
      ["cp", "-a", isOne ? "-T" : "-t"]
        + (isOne ? ["--"] + files + [target] : [target, "--"] + files),
      "copy \(source)")
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
    try remove([work, home, errors], "empty \(path)")
    unsafe _ = unlink(cPath(tools))
  }

  func remove() throws(ProofStop) {
    HomeProcesses.kill(ofHome: home)
    try remove([path], "remove \(path)")
  }

  /// Whatever the permissions of folders.
  private func remove(_ paths: [String], _ what: String) throws(ProofStop) {
    let removal = ["rm", "-rf", "--"] + paths
    do throws(ProofStop) { try perform(removal, what) } catch .failed {
      // A folder that its owner may not write keeps what it holds.
      let there = paths.filter { unsafe access(cPath($0), F_OK) == 0 }
      try perform(["chmod", "-R", "u+rwX", "--"] + there, what)
      try perform(removal, what)
    }
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
        errors: .file(tools))
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
        let said = (try? FileReading.bytes(of: tools, limit: 1 << 16)) ?? []
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
