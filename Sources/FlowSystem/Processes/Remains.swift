import CLinux
import CMonitor
import FlowCore
import FlowRuntime
import Glibc

/// What is left of an attempt whose monitor was killed: found by the attempt's own environment, by
/// descent from what was found, and among those that fell to this process.
struct Remains {
  /// Whether an attempt may have left processes that are to stay. Then what fell to this process and
  /// cannot be told by its environment is left alone.
  var mayBeKept = false
  /// Whether the children of a launcher may have become ours.
  var launcherHasEnded = false
  /// What a launcher has killed already, of attempts whose end is still to be told.
  private var killedByLauncher: [AttemptID: Int32] = [:]

  private static let limitMicroseconds: Int64 = 5_000_000
  private static let pauseMilliseconds: Int32 = 20

  mutating func noteKilled(_ report: flow_report) {
    if report.killed == 0 { return }
    killedByLauncher[AttemptID(step: report.step, number: report.attempt), default: 0] +=
      report.killed
  }

  /// Kills until nothing is found any more, or five seconds are over.
  ///
  /// - Parameter launcher: a child of this process that belongs to no attempt.
  mutating func kill(
    _ request: LaunchRequest, sparing launcher: Int32?
  ) -> (killed: Int32, unkillable: Int32) {
    let search = RemainsSearch(
      request, sparing: [getpid(), launcher ?? 0], takesFallen: launcherHasEnded && !mayBeKept)
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

/// Looks through all processes for those of one attempt.
private struct RemainsSearch {
  private let marks: [[UInt8]]
  private let folder: String
  private let spared: Set<Int32>
  private let takesFallen: Bool

  /// What tells an attempt from all others of its run (`LaunchPlan`).
  private static let names = ["FLOW_RUN_ID", "FLOW_STEP_ID", "FLOW_ATTEMPT"]

  private static let folderName = "FLOW_RUN_DIR"
  /// Each pass catches another generation of processes that fork and end while they are looked for.
  private static let mostPasses = 10

  init(_ request: LaunchRequest, sparing spared: Set<Int32>, takesFallen: Bool) {
    func value(_ name: String) -> String {
      guard let variable = request.environment.last(where: { $0.name == name }) else {
        preconditionFailure("an attempt without \(name)")
      }
      return variable.value
    }
    marks = Self.names.map { Array("\($0)=\(value($0))".utf8) }
    folder = value(Self.folderName)
    self.spared = spared
    self.takesFallen = takesFallen
  }

  /// Those that live, each held by a descriptor so that no other can be meant.
  ///
  /// Returns as soon as somebody was found: that one is to be killed before it does anything more,
  /// and then it is looked again.
  ///
  /// - Parameter deadline: on a machine where processes come and go all the time, somebody is missed
  ///   always.
  func find(until deadline: Instant) -> [ProcessDescriptor] {
    var parents: [Int32: Int32] = [:]
    var found: [Int32: ProcessDescriptor] = [:]
    var seen = spared
    var isWhole: Bool
    var passes = 0
    // One that has ended before it was looked at may have left a child that was not listed yet.
    repeat {
      isWhole = true
      for processID in Self.processIDs() where seen.insert(processID).inserted {
        // First the descriptor: what is read then is of the process that it names, if that lives.
        let process = ProcessDescriptor(processID)
        let isMarked = isMarked(processID)
        guard let process, let status = process.status else {
          isWhole = false
          continue
        }
        parents[processID] = status.parent
        if isMarked || (takesFallen && status.parent == getpid() && !isOfAnother(processID)) {
          found[processID] = process
        }
      }
      passes += 1
    } while !isWhole && found.isEmpty && passes < Self.mostPasses
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

  /// Whether it is of this very run: in another home there may be one with the same id. One home can
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

  /// Whether it is a monitor, or belongs to another attempt by its own word.
  private func isOfAnother(_ processID: Int32) -> Bool {
    if Self.isMonitor(processID) { return true }
    let name = Array("FLOW_STEP_ID=".utf8)
    return environment(of: processID).contains { $0.starts(with: name) } && !isMarked(processID)
  }

  /// A monitor is a copy of this executable under a name of its own.
  private static func isMonitor(_ processID: Int32) -> Bool {
    let line = (try? FileReading.bytes(of: "/proc/\(processID)/comm", limit: 256)) ?? []
    return line.starts(with: Array("flow: ".utf8))
  }

  /// Empty where it cannot be read, as of another user's.
  private func environment(of processID: Int32) -> [ArraySlice<UInt8>] {
    let bytes = (try? FileReading.bytes(of: "/proc/\(processID)/environ", limit: 8 << 20)) ?? []
    return bytes.split(separator: 0)
  }
}
