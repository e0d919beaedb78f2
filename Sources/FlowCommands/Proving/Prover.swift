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
    /// Of each step that had one, children too.
    let attempts: [ProofRun.FirstAttempt]
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
      attempts: second.attempts, limit: limit)
  }

  /// Has the first attempt of a step lost, in another way in each round, until a round shows a fault. Of a step
  /// that runs for each item, that of one of them, which is drawn.
  func prove(_ step: Int32, _ normal: Undisturbed) throws(Problem) -> StepProof {
    let definition = file.definition
    var proof = StepProof(
      step: definition.steps[Int(step)].id,
      onLost: definition.settings(ofStep: Int(step)).onLost)
    let attempts = normal.attempts.filter { $0.step == step }
    if attempts.isEmpty { return proof }
    let known = Set(normal.differences.map(\.path))
    for round in 1...rounds {
      let place = SplitMix64.hash([seed, UInt64(step), UInt64(round)]) % UInt64(attempts.count)
      let disturbance = disturbance(of: attempts[Int(place)], in: round)
      guard let result = try lose(disturbance, limit: normal.limit),
        let killedAfter = result.killedAfterMicroseconds
      else { continue }
      proof.killed += 1
      if case .afterItsWork = disturbance { proof.killedAfterWork += 1 }
      proof.verdict = try verdict(result, proof.onLost, normal, known)
      if proof.isFault {
        proof.round = round
        if disturbance.step != proof.step { proof.item = disturbance.step }
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
    of attempt: ProofRun.FirstAttempt, in round: Int
  ) -> ProofRun.Disturbance {
    if round == 1 { return .afterItsWork(of: attempt.id) }
    let number = SplitMix64.hash(seed, UInt64(attempt.step), UInt64(round))
    let moment = Int64(number % UInt64(max(attempt.microseconds, 1)))
    return .during(attempt.id, afterMicroseconds: moment)
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
