import CLinux
import CMonitor
import FlowCore
import FlowRuntime
import Glibc

/// The processes that remain of an attempt whose monitor was killed. They are found by the
/// attempt's environment variables, by descent from a process that was found, and among the orphans
/// that became children of this process.
struct Orphans {
  /// Whether an attempt may have left stragglers that may stay. Then an orphan without the
  /// attempt's variables is left alone.
  var mayBeKept = false
  /// Whether children of a launcher may have become children of this process.
  var launcherHasEnded = false
  /// How many processes a launcher has killed already, by attempts whose end was not reported yet.
  private var killedByLauncher: [AttemptID: Int32] = [:]

  private static let limitMicroseconds: Int64 = 5_000_000
  private static let pauseMilliseconds: Int32 = 20

  mutating func noteKilled(_ report: flow_report) {
    if report.killed == 0 { return }
    killedByLauncher[AttemptID(step: report.step, number: report.attempt), default: 0] +=
      report.killed
  }

  /// Kills until no process is found any more, for up to five seconds.
  ///
  /// - Parameter launcher: a child of this process that belongs to no attempt.
  mutating func kill(
    _ request: LaunchRequest, sparing launcher: Int32?
  ) -> (killed: Int32, unkillable: Int32) {
    let search = OrphanSearch(
      request, sparing: [getpid(), launcher ?? 0], takesAdopted: launcherHasEnded && !mayBeKept)
    let deadline = EventLoop.monotonicNow().advanced(byMicroseconds: Self.limitMicroseconds)
    var killed: Set<Int32> = []
    var left = search.find(until: deadline)
    while !left.isEmpty {
      for process in left where process.signal(SIGKILL) { killed.insert(process.processID) }
      if EventLoop.monotonicNow() >= deadline { break }
      for process in left { _ = process.awaitEnd(milliseconds: Self.pauseMilliseconds) }
      left = search.find(until: deadline)
    }
    let before = killedByLauncher.removeValue(forKey: request.attempt) ?? 0
    let unkillable = Set(left.map(\.processID))
    return (before + Int32(clamping: killed.subtracting(unkillable).count), Int32(left.count))
  }
}

/// Searches all processes for those of one attempt.
private struct OrphanSearch {
  private let marks: [[UInt8]]
  private let folder: String
  private let spared: Set<Int32>
  private let takesAdopted: Bool

  /// The variables that identify an attempt within its run (`LaunchPlan`).
  private static let names = ["FLOW_RUN_ID", "FLOW_STEP_ID", "FLOW_ATTEMPT"]

  private static let folderName = "FLOW_RUN_DIR"
  /// Each pass finds another generation of processes that fork and end during the search.
  private static let mostPasses = 10

  init(_ request: LaunchRequest, sparing spared: Set<Int32>, takesAdopted: Bool) {
    func value(_ name: String) -> String {
      guard let variable = request.environment.last(where: { $0.name == name }) else {
        preconditionFailure("an attempt without \(name)")
      }
      return variable.value
    }
    marks = Self.names.map { Array("\($0)=\(value($0))".utf8) }
    folder = value(Self.folderName)
    self.spared = spared
    self.takesAdopted = takesAdopted
  }

  /// The living processes of the attempt, each held by a pidfd that names no other process.
  ///
  /// Returns after the first pass that finds a process, so that the caller kills it before it does
  /// more and then searches again.
  ///
  /// - Parameter deadline: ends the search on a machine whose processes come and go all the time,
  ///   where every pass misses one.
  func find(until deadline: Instant) -> [ProcessDescriptor] {
    var parents: [Int32: Int32] = [:]
    var found: [Int32: ProcessDescriptor] = [:]
    var seen = spared
    var isComplete: Bool
    var passes = 0
    // A process that ended before it was examined may have left a child that was not listed yet.
    repeat {
      isComplete = true
      for processID in Self.processIDs() where seen.insert(processID).inserted {
        // The pidfd comes first: if its process lives afterwards, the reads in between were of that
        // process.
        let process = ProcessDescriptor(processID)
        let isMarked = isMarked(processID)
        guard let process, let status = process.status else {
          isComplete = false
          continue
        }
        parents[processID] = status.parent
        if isMarked || (takesAdopted && status.parent == getpid() && !isOfAnother(processID)) {
          found[processID] = process
        }
      }
      passes += 1
    } while !isComplete && found.isEmpty && passes < Self.mostPasses
      && EventLoop.monotonicNow() < deadline
    addDescendants(parents, to: &found)
    return found.keys.sorted().compactMap { found[$0] }
  }

  private static func processIDs() -> [Int32] {
    ((try? LinuxStorage().entries(of: "/proc")) ?? []).compactMap { Int32($0) }
  }

  private func addDescendants(
    _ parents: [Int32: Int32], to found: inout [Int32: ProcessDescriptor]
  ) {
    var hasNews = true
    while hasNews {
      hasNews = false
      for (child, parent) in parents where found[child] == nil && found[parent] != nil {
        guard let process = ProcessDescriptor(child), process.status?.parent == parent else {
          continue
        }
        found[child] = process
        hasNews = true
      }
    }
  }

  private func isMarked(_ processID: Int32) -> Bool {
    let variables = environment(of: processID)
    return marks.allSatisfy { mark in variables.contains { $0.elementsEqual(mark) } }
      && isOfRun(variables)
  }

  /// Whether it belongs to this run: another home may hold a run with the same id. One home can
  /// have two paths.
  private func isOfRun(_ variables: [ArraySlice<UInt8>]) -> Bool {
    let name = Array("\(Self.folderName)=".utf8)
    guard let variable = variables.first(where: { $0.starts(with: name) }) else { return false }
    let other = String(decoding: variable.dropFirst(name.count), as: UTF8.self)
    if other == folder { return true }
    var (one, two) = (stat(), stat())
    guard unsafe stat(folder, &one) == 0, unsafe stat(other, &two) == 0 else { return false }
    return one.st_dev == two.st_dev && one.st_ino == two.st_ino
  }

  /// Whether it is a monitor, or its variables name another attempt.
  private func isOfAnother(_ processID: Int32) -> Bool {
    if Self.isMonitor(processID) { return true }
    let name = Array("FLOW_STEP_ID=".utf8)
    return environment(of: processID).contains { $0.starts(with: name) } && !isMarked(processID)
  }

  /// A monitor is a copy of this executable with a name of its own.
  private static func isMonitor(_ processID: Int32) -> Bool {
    let line = (try? FileReading.bytes(of: "/proc/\(processID)/comm", limit: 256)) ?? []
    return line.starts(with: Array("flow: ".utf8))
  }

  /// Empty if it cannot be read, as for another user's process.
  private func environment(of processID: Int32) -> [ArraySlice<UInt8>] {
    let bytes = (try? FileReading.bytes(of: "/proc/\(processID)/environ", limit: 8 << 20)) ?? []
    return bytes.split(separator: 0)
  }
}
