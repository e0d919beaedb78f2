import FlowLog
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

  init(_ options: TortureOptions) throws(RoundFailure) {
    do throws(Errno) {
      let own = try ProcessFacts.realPath("/proc/self/exe")
      program = own
      let sibling = "\(own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })/flow"
      flow = try ProcessFacts.realPath(options.flow ?? sibling)
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

  /// Removes the folder, if it was made here and holds no evidence.
  func leave() {
    if isOwn { try? LinuxStorage().removeDirectory(folder) }
  }
}
