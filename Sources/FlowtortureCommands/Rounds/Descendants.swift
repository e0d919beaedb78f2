import CTorture
import FlowStorage
import FlowSystem
import Glibc

/// A process below this one. Everything that a round starts stays below it, for what loses its
/// parent falls to the round: nobody else's process can be meant.
struct Descendant {
  let process: Int32
  let parent: Int32
  /// As the kernel shows it: `Z` has ended.
  let state: Character
  let name: String
  /// In the kernel's own count: what tells it from a later process with the same number.
  let startTime: UInt64

  var hasEnded: Bool { state == "Z" || state == "X" }

  /// The program that it runs.
  var program: String? { Self.target("/proc/\(process)/exe") }

  /// The paths of the files that it has open.
  var openFiles: [String] {
    let folder = "/proc/\(process)/fd"
    let names = (try? LinuxStorage().entries(of: folder)) ?? []
    return names.compactMap { Self.target("\(folder)/\($0)") }
  }

  /// What a link leads to.
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

  /// - Returns: whether it was still that process, below this one.
  @discardableResult
  func signal(_ number: Int32) -> Bool {
    let descriptor = torture_open_process(process)
    guard descriptor >= 0 else { return false }
    defer { _ = close(descriptor) }
    // Looked at behind the descriptor: it is what that names, or is gone.
    guard Descendant(process)?.startTime == startTime else { return false }
    return torture_signal_process(descriptor, number) == 0
  }
}

extension Descendant {
  /// - Returns: nil if there is no such process.
  init?(_ process: Int32) {
    guard let bytes = try? FileReading.bytes(of: "/proc/\(process)/stat", limit: 1 << 16),
      // The name is the second field, and may hold anything but ends with the last bracket.
      let open = bytes.firstIndex(of: UInt8(ascii: "(")),
      let bracket = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    // The first of these is the third.
    let fields = bytes[bracket...].split(separator: UInt8(ascii: " ")).dropFirst()
      .map { String(decoding: $0, as: UTF8.self) }
    guard fields.count > 19, let state = fields[0].first, let parent = Int32(fields[1]),
      let startTime = UInt64(fields[19])
    else { return nil }
    self.init(
      process: process, parent: parent, state: state,
      name: String(decoding: bytes[(open + 1)..<bracket], as: UTF8.self), startTime: startTime)
  }

  /// All processes below this one, in the order of their numbers.
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

  /// Kills everything below this process, and returns when nothing is left.
  ///
  /// - Returns: false if something does not go.
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
