import FlowCore

/// Steps that have succeeded, and whose work may be lost: a sync has failed, or there was none before the machine
/// went down. They run again in another round, as if they had not succeeded.
struct SuspectSteps {
  private let definition: WorkflowDefinition
  private var syncsWork = false
  /// Whether this round is given up for lost work, and comes to nothing.
  private(set) var isGivenUp = false
  /// By step that has succeeded in this round since the last sync, the event that says so.
  private var unsynced: [Int32: Int64] = [:]
  private(set) var suspects: Set<Int32> = []

  init(_ definition: WorkflowDefinition) { self.definition = definition }

  mutating func learn(_ event: Event) {
    switch event.body {
    case .runCreated(let created): syncsWork = created.syncsWork
    case .stepFinished(let step, .succeeded) where syncsWork:
      if definition.question(ofStep: Int(step)) == nil,
        definition.forEach(ofStep: Int(step)) == nil,
        !definition.isNotify(Int(step))
      {
        unsynced[step] = event.sequence
      }
    case .attemptScheduled(let attempt): forget(attempt.step)
    case .stepSkipped(let step, _): forget(step)
    case .workSynced(let sequence, .none): unsynced = unsynced.filter { $0.value > sequence }
    case .runStopping(let reason): isGivenUp = reason == .workLost
    case .runConcluding, .runConcluded, .runReopened: isGivenUp = false
    // A sync comes in the next round.
    case .runFinished where isGivenUp: break
    case .workSynced(_, .some), .runFinished:
      suspects.formUnion(unsynced.keys)
      unsynced = [:]
    case .attemptFound(let attempt, .unsynced):
      if unsynced.removeValue(forKey: attempt.step) != nil,
        Self.mayRunAgain(attempt.step, definition)
      {
        suspects.insert(attempt.step)
      }
    default: break
    }
  }

  /// Whether a step runs again whose work a power loss may have taken.
  static func mayRunAgain(_ step: Int32, _ definition: WorkflowDefinition) -> Bool {
    definition.settings(ofStep: Int(step)).onLost == .rerun && !definition.isRollback(Int(step))
  }

  private mutating func forget(_ step: Int32) {
    suspects.remove(step)
    unsynced[step] = nil
  }

  /// Whether a step is suspect, or a child of it.
  func contains(_ step: Int) -> Bool {
    suspects.contains(Int32(step))
      || definition.forEach(ofStep: step) != nil
        && suspects.contains { definition.child(Int($0))?.node == Int32(step) }
  }
}
