import FlowStorage
import FlowSystem
import Glibc

/// Where the torture is played, and with which programs.
struct TorturePlace {
  let folder: String
  let flow: String
  /// This very program, which is also the steps'.
  let program: String
  /// Whether the folder was made by this process.
  private let isOwn: Bool
  /// Where the programs are if they are only this torture's.
  private var binaries: String?

  init(_ options: TortureOptions) throws(RoundFailure) {
    do throws(Errno) {
      program = try ProcessFacts.realPath("/proc/self/exe")
      flow = try ProcessFacts.realPath(options.flow ?? "\(Self.folder(of: program))/flow")
      let parent = ProcessFacts.environmentValue("TMPDIR") ?? "/tmp"
      let path = options.folder ?? "\(parent)/flowtorture-\(ProcessFacts.processID)"
      let storage = LinuxStorage()
      isOwn = try storage.attributes(of: path) == nil
      if isOwn { try storage.makeDirectory(path) }
      folder = try ProcessFacts.realPath(path)
    } catch {
      throw RoundFailure(text: "cannot find the programs or make the folder: \(error)")
    }
  }

  private init(_ other: TorturePlace, binaries: String) {
    folder = other.folder
    isOwn = other.isOwn
    flow = "\(binaries)/flow"
    program = "\(binaries)/flowtorture"
    self.binaries = binaries
  }

  private static func folder(of path: String) -> String {
    path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
  }

  /// The same place with programs that nobody else replaces while they run.
  func withOwnPrograms() throws(RoundFailure) -> TorturePlace {
    let place = TorturePlace(self, binaries: "\(folder)/programs-\(ProcessFacts.processID)")
    do throws(Errno) {
      try LinuxStorage().makeDirectory("\(folder)/programs-\(ProcessFacts.processID)")
      try Self.link(flow, to: place.flow)
      try Self.link(program, to: place.program)
    } catch {
      throw RoundFailure(text: "cannot keep the programs in \(folder): \(error)")
    }
    return place
  }

  /// Copies only where there can be no second name.
  private static func link(_ path: String, to name: String) throws(Errno) {
    if unsafe Glibc.link(path, name) == 0 { return }
    let bytes = try FileReading.bytes(of: path, limit: 1 << 30)
    try FileWriting.write(bytes, to: name)
    _ = try systemCall { unsafe chmod(name, 0o700) }
  }

  /// Removes what was made here; the folder stays if it holds evidence.
  func leave() {
    if let binaries { try? RoundFolder.remove(binaries) }
    if isOwn { try? LinuxStorage().removeDirectory(folder) }
  }
}
