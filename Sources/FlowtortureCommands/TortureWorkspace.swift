import FlowStorage
import FlowSystem
import Glibc

/// The folder of the rounds, and the programs that they run.
struct TortureWorkspace {
  let folder: String
  let flow: String
  /// The path of this program, which is also the step program.
  let program: String
  /// Whether this process created the folder.
  private let isOwn: Bool
  /// The folder of this process's own copies of the programs.
  private var binaries: String?

  init(_ options: TortureOptions) throws(RoundFailure) {
    do throws(Errno) {
      program = try ProcessFacts.realPath("/proc/self/exe")
      flow = try ProcessFacts.realPath(options.flow ?? "\(Self.folder(of: program))/flow")
      let parent = ProcessFacts.environmentValue("TMPDIR") ?? "/tmp"
      let path = options.folder ?? "\(parent)/flowtorture-\(ProcessFacts.processID)"
      let storage = LinuxStorage()
      isOwn = try storage.attributes(of: path) == nil
      if isOwn {
        try storage.makeDirectory(path)
        try Self.open(path)
      }
      folder = try ProcessFacts.realPath(path)
    } catch {
      throw RoundFailure(text: "cannot find the programs, or cannot create the folder: \(error)")
    }
  }

  private init(_ other: TortureWorkspace, binaries: String) {
    folder = other.folder
    isOwn = other.isOwn
    flow = "\(binaries)/flow"
    program = "\(binaries)/flowtorture"
    self.binaries = binaries
  }

  private static func folder(of path: String) -> String {
    path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
  }

  /// The same workspace with its own copies of the programs, which no build replaces.
  func withOwnPrograms() throws(RoundFailure) -> TortureWorkspace {
    let workspace = TortureWorkspace(self, binaries: "\(folder)/programs-\(ProcessFacts.processID)")
    do throws(Errno) {
      try LinuxStorage().makeDirectory("\(folder)/programs-\(ProcessFacts.processID)")
      try Self.open("\(folder)/programs-\(ProcessFacts.processID)")
      try Self.link(flow, to: workspace.flow)
      try Self.link(program, to: workspace.program)
    } catch {
      throw RoundFailure(text: "cannot copy the programs to \(folder): \(error)")
    }
    return workspace
  }

  /// Lets all users reach what is in a folder: some rounds have a user of their own.
  private static func open(_ folder: String) throws(Errno) {
    _ = try systemCall { unsafe chmod(folder, 0o755) }
  }

  /// Makes a hard link, or a copy if there can be none.
  private static func link(_ path: String, to name: String) throws(Errno) {
    if unsafe Glibc.link(path, name) == 0 { return }
    let bytes = try FileReading.bytes(of: path, limit: 1 << 30)
    try FileWriting.write(bytes, to: name)
    _ = try systemCall { unsafe chmod(name, 0o755) }
  }

  /// Removes what this process created; the folder stays if it holds evidence.
  func leave() {
    if let binaries { try? RoundFolder.remove(binaries) }
    if isOwn { try? LinuxStorage().removeDirectory(folder) }
  }
}
