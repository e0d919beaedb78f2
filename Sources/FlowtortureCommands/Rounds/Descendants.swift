import CTorture
import FlowStorage
import FlowSystem
import Glibc

/// A descendant of this process. The round is a subreaper, so every process that it starts stays its
/// descendant, and no foreign process is ever signalled.
struct Descendant {
  let process: Int32
  let parent: Int32
  /// The kernel's letter; `Z` has ended.
  let state: Character
  let name: String
  /// In clock ticks since boot. It distinguishes the process from a later one with the same id.
  let startTime: UInt64

  var hasEnded: Bool { state == "Z" || state == "X" }

  /// The path of its executable.
  var program: String? { Self.target("/proc/\(process)/exe") }

  /// The paths of its open files.
  var openFiles: [String] {
    let folder = "/proc/\(process)/fd"
    let names = (try? LinuxStorage().entries(of: folder)) ?? []
    return names.compactMap { Self.target("\(folder)/\($0)") }
  }

  /// The target of a symbolic link.
  private static func target(_ link: String) -> String? {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink(link, &path, path.count)
    guard count > 0 else { return nil }
    return String(decoding: path[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  var arguments: [String] { Self.words("/proc/\(process)/cmdline") }

  var environment: [String] { Self.words("/proc/\(process)/environ") }

  private static func words(_ path: String) -> [String] {
    let bytes = (try? FileReading.bytes(of: path, limit: 1 << 20)) ?? []
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  /// - Returns: whether the process was still the same and got the signal.
  @discardableResult
  func signal(_ number: Int32) -> Bool {
    let descriptor = torture_open_process(process)
    guard descriptor >= 0 else { return false }
    defer { _ = close(descriptor) }
    // Checked after the descriptor was opened: it names this process, or the process is gone.
    guard Descendant(process)?.startTime == startTime else { return false }
    return torture_signal_process(descriptor, number) == 0
  }
}

extension Descendant {
  /// - Returns: nil if there is no such process.
  init?(_ process: Int32) {
    guard let bytes = try? FileReading.bytes(of: "/proc/\(process)/stat", limit: 1 << 16),
      // The name is the second field. It may hold any character, and ends with the last bracket.
      let open = bytes.firstIndex(of: UInt8(ascii: "(")),
      let bracket = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    // The first of these is the third field.
    let fields = bytes[bracket...].split(separator: UInt8(ascii: " ")).dropFirst()
      .map { String(decoding: $0, as: UTF8.self) }
    guard fields.count > 19, let state = fields[0].first, let parent = Int32(fields[1]),
      let startTime = UInt64(fields[19])
    else { return nil }
    self.init(
      process: process, parent: parent, state: state,
      name: String(decoding: bytes[(open + 1)..<bracket], as: UTF8.self), startTime: startTime)
  }

  /// All descendants of this process, sorted by id.
  static func all() -> [Descendant] {
    let names = (try? LinuxStorage().entries(of: "/proc")) ?? []
    let processes = names.compactMap { Int32($0) }.compactMap { Descendant($0) }
    var known: Set<Int32> = [getpid()]
    var found: [Descendant] = []
    var rest = processes
    while true {
      let next = rest.filter { known.contains($0.parent) }
      if next.isEmpty { break }
      rest.removeAll { known.contains($0.parent) }
      known.formUnion(next.map(\.process))
      found += next
    }
    return found.sorted { $0.process < $1.process }
  }

  /// Kills all descendants of this process, and waits until none is left.
  ///
  /// - Returns: false if a process does not end.
  @discardableResult
  static func killAll() -> Bool {
    for _ in 0..<5_000 {
      let left = all()
      for descendant in left where !descendant.hasEnded { descendant.signal(SIGKILL) }
      var status: Int32 = 0
      while unsafe waitpid(-1, &status, WNOHANG) > 0 {}
      if unsafe waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD { return true }
      usleep(1_000)
    }
    return false
  }
}
