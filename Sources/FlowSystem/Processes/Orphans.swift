import CLinux
import CMonitor
import FlowCore
package import FlowRuntime
import Glibc

/// The processes that remain of an attempt whose monitor was killed. They are found by the
/// attempt's environment variables, by descent from a process that was found, and among the orphans
/// that became children of this process.
package struct Orphans {
  /// Whether an attempt may have left stragglers that may stay. Then an orphan without the
  /// attempt's variables is left alone.
  var mayBeKept = false
  /// Whether children of a launcher may have become children of this process.
  var launcherHasEnded = false
  /// How many processes a launcher has killed already, by attempts whose end was not reported yet.
  private var killedByLauncher: [AttemptID: Int32] = [:]

  /// Both must have passed: this process, or its machine, can be suspended for any time.
  private let limitMicroseconds: Int64
  private static let leastRounds = 25
  private static let pauseMilliseconds: Int32 = 20

  package init(limitMicroseconds: Int64 = 5_000_000) {
    self.limitMicroseconds = limitMicroseconds
  }

  mutating func noteKilled(_ report: flow_report) {
    if report.killed == 0 { return }
    killedByLauncher[AttemptID(step: report.step, number: report.attempt), default: 0] +=
      report.killed
  }

  /// Kills until no process is found any more, or for five seconds.
  ///
  /// - Parameter launcher: a child of this process that belongs to no attempt.
  package mutating func kill(
    _ request: LaunchRequest, sparing launcher: Int32?
  ) -> (killed: Int32, unkillable: Int32) {
    let search = OrphanSearch(
      request, sparing: [getpid(), launcher ?? 0], takesAdopted: launcherHasEnded && !mayBeKept)
    let deadline = EventLoop.monotonicNow().advanced(byMicroseconds: limitMicroseconds)
    var killed: Set<Int32> = []
    var left = search.find(until: deadline)
    var rounds = 0
    while !left.isEmpty {
      for process in left where process.signal(SIGKILL) { killed.insert(process.processID) }
      if rounds >= Self.leastRounds, EventLoop.monotonicNow() >= deadline { break }
      rounds += 1
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

  /// The variables that identify an attempt within its run (`LaunchPlan`), that of a child by the last.
  private static let names = ["FLOW_RUN_ID", "FLOW_ATTEMPT"]
  private static let idName = "FLOW_STEP_ID"
  private static let numberName = "FLOW_STEP_NUMBER"
  /// Each pass finds another generation of processes that fork and end during the search.
  private static let mostPasses = 10

  init(_ request: LaunchRequest, sparing spared: Set<Int32>, takesAdopted: Bool) {
    func value(_ name: String) -> String {
      guard let variable = request.environment.last(where: { $0.name == name }) else {
        preconditionFailure("an attempt without \(name)")
      }
      return variable.value
    }
    let isChild = request.environment.contains { $0.name == Self.numberName }
    let names = Self.names + [isChild ? Self.numberName : Self.idName]
    marks = names.map { Array("\($0)=\(value($0))".utf8) }
    folder = value(ProcessVariables.folderName)
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
      for processID in ProcessVariables.processIDs() where seen.insert(processID).inserted {
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
    let variables = ProcessVariables(of: processID)
    return marks.allSatisfy(variables.contain) && variables.areOfRun(folder)
  }

  /// Whether it is a monitor, or its variables name another attempt.
  private func isOfAnother(_ processID: Int32) -> Bool {
    if ProcessVariables.isOfMonitor(processID) { return true }
    return ProcessVariables(of: processID).value(of: "FLOW_STEP_ID") != nil && !isMarked(processID)
  }
}
