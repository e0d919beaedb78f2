import FlowCommandLine
import FlowCore
import FlowStorage
import FlowSystem

/// Runs a workflow again and again, each time with another attempt lost, and compares what it leaves with what
/// an undisturbed run leaves.
struct Prover {
  let file: DefinitionFile
  /// More words for `flow run`.
  let options: [String]
  let steps: [Int32]
  /// How often the attempt of each step is killed.
  let rounds: Int
  let plan: ProofPlan
  let comparison: ProofComparison
  let scratch: ProofScratch
  let signals: StopSignals

  /// An undisturbed run has no limit of its own; later ones have this, or ten times as much as that one took.
  private static let leastLimit: Int64 = 60_000_000
  private static let longestUndisturbed: Int64 = 24 * 3_600_000_000
  /// How often an attempt is hunted that ends before it is seen.
  static let tries = 12

  /// What two undisturbed runs have shown.
  struct Undisturbed {
    /// Where the folder is that the first has left.
    let folder: String
    let size: FolderContents.Size
    let differences: [ProofDifference]
    /// Of each step that had one, children too.
    let attempts: [ProofPlan.Attempt]
    let outputs: [String: [UInt8]]
    let published: Set<String>
    let limit: Int64
  }

  enum Problem: Error {
    case stop(ProofStop)
    /// The workflow does not succeed by itself; with what it printed.
    case fails(String)
  }

  /// Runs it twice with no disturbance.
  func undisturbed() throws(Problem) -> Undisturbed {
    let begin = EventLoop.monotonicNow().microseconds
    let first = try run(nil, limit: Self.longestUndisturbed)
    let took = EventLoop.monotonicNow().microseconds - begin
    guard first.succeeded else { throw .fails(first.errors) }
    let before = try wrap { () throws(ProofStop) in try scratch.keep(as: "undisturbed") }
    let limit = max(Self.leastLimit, 10 * took)
    let second = try run(nil, limit: limit)
    guard second.succeeded else { throw .fails(second.errors) }
    let differences = comparison.differences(
      try folders(before, scratch.work), published: first.published.union(second.published),
      outputs: first.outputs, second.outputs)
    return Undisturbed(
      folder: before, size: try size(of: before), differences: differences,
      attempts: second.attempts, outputs: first.outputs, published: first.published, limit: limit)
  }

  /// Has the first attempt of a step lost, in another way in each round, until a round shows a fault.
  func prove(_ step: Int32, _ normal: Undisturbed) throws(Problem) -> StepProof {
    let definition = file.definition
    var proof = StepProof(
      step: definition.steps[Int(step)].id,
      onLost: definition.settings(ofStep: Int(step)).onLost)
    let attempts = normal.attempts.filter { $0.step == step }
    if attempts.isEmpty {
      proof.verdict = .neverRan
      return proof
    }
    for round in 1...rounds {
      let disturbance = plan.disturbance(ofStep: step, among: attempts, in: round)
      guard let result = try lose(disturbance, limit: normal.limit), let kill = result.kill else {
        proof.missed += 1
        continue
      }
      proof.killed += 1
      if kill.isAfterWork { proof.killedAfterWork += 1 }
      proof.verdict = try verdict(result, proof.onLost, normal)
      if proof.isSettled {
        proof.round = round
        if disturbance.attempt.id != proof.step { proof.item = disturbance.attempt.id }
        (proof.kill, proof.recovery) = (kill, result.recovery)
        if proof.isFault { proof.kept = try keep(proof.step, round) }
        break
      }
    }
    return proof
  }

  private func keep(_ step: String, _ round: Int) throws(Problem) -> String {
    let name = String(step.map { $0 == "/" ? "+" : $0 })
    return try wrap { () throws(ProofStop) in try scratch.keep(as: "\(name).round-\(round)") }
  }

  /// A short attempt can be over before it is seen: then all is tried again.
  ///
  /// - Returns: nil if it was never caught.
  private func lose(
    _ disturbance: ProofPlan.Disturbance, limit: Int64
  ) throws(Problem) -> ProofRun.Result? {
    for _ in 1...Self.tries {
      let result = try run(disturbance, limit: limit)
      if result.kill != nil || result.ending == nil { return result }
    }
    return nil
  }

  private func verdict(
    _ result: ProofRun.Result, _ onLost: OnLost, _ normal: Undisturbed
  ) throws(Problem) -> StepProof.Verdict {
    let course = try course(result, normal)
    guard onLost == .fail, course != .endless else {
      return StepProof.verdict(course, restart: nil)
    }
    let again = try wrap { () throws(ProofStop) in
      try newRun.restart(limit: normal.limit)
    }
    return StepProof.verdict(course, restart: try self.course(again, normal))
  }

  private func course(
    _ result: ProofRun.Result, _ normal: Undisturbed
  ) throws(Problem) -> StepProof.Course {
    guard result.ending != nil else { return .endless }
    guard result.succeeded else { return .failed(result.errors) }
    var comparison = comparison
    comparison.known = Set(normal.differences.map(\.subject))
    return .succeeded(
      comparison.differences(
        try folders(normal.folder, scratch.work),
        published: normal.published.union(result.published),
        outputs: normal.outputs, result.outputs))
  }

  // MARK: One run

  private var newRun: ProofRun {
    ProofRun(file.fileName ?? "", options, in: scratch, signals)
  }

  private func run(
    _ disturbance: ProofPlan.Disturbance?, limit: Int64
  ) throws(Problem) -> ProofRun.Result {
    try wrap { () throws(ProofStop) in
      try scratch.begin()
      return try newRun.perform(disturbance, limit: limit)
    }
  }

  private func folders(
    _ old: String, _ new: String
  ) throws(Problem) -> [FolderDifference] {
    do throws(StorageError) { return try FolderContents.differences(between: old, and: new) } catch
    { throw .stop(.failed(.tool("\(error)"))) }
  }

  private func size(of folder: String) throws(Problem) -> FolderContents.Size {
    do throws(StorageError) { return try FolderContents.size(of: folder) } catch {
      throw .stop(.failed(.tool("\(error)")))
    }
  }

  private func wrap<Value>(_ body: () throws(ProofStop) -> Value) throws(Problem) -> Value {
    do throws(ProofStop) { return try body() } catch { throw .stop(error) }
  }
}
