import FlowCommandLine
import FlowCore
import FlowStorage
import FlowSystem

/// Runs a workflow again and again, each time with another attempt lost, and compares what is left in its
/// folder with what an undisturbed run leaves.
struct Prover {
  let file: DefinitionFile
  /// More words for `flow run`.
  let options: [String]
  let steps: [Int32]
  /// How often the attempt of each step is killed.
  let rounds: Int
  let seed: UInt64
  let scratch: ProofScratch
  let signals: StopSignals

  /// An undisturbed run has no limit of its own; later ones have this, or ten times as much as that one took.
  private static let leastLimit: Int64 = 60_000_000
  private static let longestUndisturbed: Int64 = 24 * 3_600_000_000

  /// What two undisturbed runs have shown.
  struct Undisturbed {
    /// Where the folder is that the first has left.
    let folder: String
    let size: FolderContents.Size
    let differences: [FolderDifference]
    /// How long the first attempt of each step took.
    let microseconds: [Int64?]
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
    let first = try run(.none, limit: Self.longestUndisturbed)
    let took = EventLoop.monotonicNow().microseconds - begin
    guard first.succeeded else { throw .fails(first.errors) }
    let before = try wrap { () throws(ProofStop) in try scratch.keep(as: "undisturbed") }
    let limit = max(Self.leastLimit, 10 * took)
    let second = try run(.none, limit: limit)
    guard second.succeeded else { throw .fails(second.errors) }
    let differences = try compare(before)
    return Undisturbed(
      folder: before, size: try size(of: before), differences: differences,
      microseconds: second.microseconds, limit: limit)
  }

  /// Has the first attempt of a step lost, in another way in each round, until a round shows a fault.
  func prove(_ step: Int32, _ normal: Undisturbed) throws(Problem) -> StepProof {
    let definition = file.definition
    var proof = StepProof(
      step: definition.steps[Int(step)].id,
      onLost: definition.settings(ofStep: Int(step)).onLost)
    guard let duration = normal.microseconds[Int(step)] else { return proof }
    let known = Set(normal.differences.map(\.path))
    for round in 1...rounds {
      let disturbance = disturbance(of: step, in: round, lasting: duration)
      guard let result = try lose(disturbance, limit: normal.limit),
        let killedAfter = result.killedAfterMicroseconds
      else { continue }
      proof.killed += 1
      if case .afterItsWork = disturbance { proof.killedAfterWork += 1 }
      proof.verdict = try verdict(result, proof.onLost, normal, known)
      if proof.isFault {
        proof.round = round
        proof.disturbance = disturbance
        proof.killedAfterMicroseconds = killedAfter
        let name = proof.step.map { $0 == "/" ? "+" : $0 }
        proof.kept = try wrap { () throws(ProofStop) in
          try scratch.keep(as: "\(String(name)).round-\(round)")
        }
        break
      }
    }
    return proof
  }

  /// A short attempt can be over before it is seen: then all is tried again.
  private func lose(
    _ disturbance: ProofRun.Disturbance, limit: Int64
  ) throws(Problem) -> ProofRun.Result? {
    for _ in 1...Self.tries {
      let result = try run(disturbance, limit: limit)
      if result.killedAfterMicroseconds != nil || result.ending == nil { return result }
    }
    return nil
  }

  private static let tries = 8

  private func verdict(
    _ result: ProofRun.Result, _ onLost: OnLost, _ normal: Undisturbed, _ known: Set<String>
  ) throws(Problem) -> StepProof.Verdict {
    if result.ending == nil { return .endless }
    if !result.succeeded {
      return onLost == .fail ? .stopsTheRun : .fails(result.errors)
    }
    let differences = try compare(normal.folder).filter { !known.contains($0.path) }
    return differences.isEmpty ? .idempotent : .differs(differences)
  }

  /// In the first round its work is done. After that, the moment is drawn.
  private func disturbance(
    of step: Int32, in round: Int, lasting duration: Int64
  ) -> ProofRun.Disturbance {
    if round == 1 { return .afterItsWork(of: step) }
    let number = SplitMix64.hash(seed, UInt64(step), UInt64(round))
    return .during(step, afterMicroseconds: Int64(number % UInt64(max(duration, 1))))
  }

  // MARK: One run

  private func run(
    _ disturbance: ProofRun.Disturbance, limit: Int64
  ) throws(Problem) -> ProofRun.Result {
    try wrap { () throws(ProofStop) in
      try scratch.begin()
      let run = ProofRun(
        file.fileName ?? "", options, of: file.definition, in: scratch, signals)
      return try run.perform(disturbance, limit: limit)
    }
  }

  private func compare(_ folder: String) throws(Problem) -> [FolderDifference] {
    do throws(StorageError) {
      return try FolderContents.differences(between: folder, and: scratch.work)
    } catch {
      throw .stop(.failed(.tool("\(error)")))
    }
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
