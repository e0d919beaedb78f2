package import FlowCore

/// Judges what really ran, when all is over.
package enum LedgerOracle {
  package static func check(
    _ ledger: Ledger, _ definition: WorkflowDefinition
  ) throws(Violation) {
    for entry in ledger.entries {
      let settings = definition.settings(ofStep: Int(entry.attempt.step))
      let id = definition.steps[Int(entry.attempt.step)].id
      guard let endedAt = entry.endedAt else {
        throw Violation(.orphans, "\(id)#\(entry.attempt.number) runs on after the end of the run")
      }
      guard let timeout = settings.timeoutMilliseconds else { continue }
      let limit = entry.startedAt.advanced(
        byMilliseconds: timeout + settings.killGraceMilliseconds)
      if endedAt > limit {
        throw Violation(
          .timeout, "\(id)#\(entry.attempt.number) outlives its timeout and grace")
      }
    }
  }
}
