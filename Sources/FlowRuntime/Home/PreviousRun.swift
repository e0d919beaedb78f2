package import FlowCore
import FlowStorage

extension RunHome {
  /// How many of the most recent runs are looked at.
  private static var mostEarlierRuns: Int { 100 }

  /// What the last run of a workflow came to that has an end; nil if there is none among the most recent
  /// runs. Nothing is known of runs that cannot be read.
  ///
  /// - Parameter bootID: of the current boot.
  package func lastOutcome(ofWorkflow name: String, bootID: String) throws(RunError) -> RunOutcome?
  {
    for id in try list().prefix(Self.mostEarlierRuns) {
      let found: RunOutcome?
      do throws(RunError) {
        found = try outcome(of: folder(of: id), ifWorkflowIs: name, bootID: bootID)
      } catch { continue }
      if let found { return found }
    }
    return nil
  }

  private func outcome(
    of folder: RunFolder, ifWorkflowIs name: String, bootID: String
  ) throws(RunError) -> RunOutcome? {
    var reader = try RunReader(folder, in: storage, bootID: bootID)
    guard case .runCreated(let created)? = try reader.next()?.body,
      let policy = Policy(rawValue: created.policyVersion),
      case .definitionPart(let start)? = try reader.next()?.body,
      DefinitionCodec.name(in: start, policy: policy) == name
    else { return nil }
    var outcome: RunOutcome?
    while let event = try reader.next() {
      switch event.body {
      case .runConcluded(let known), .runFinished(let known): outcome = known
      case .runReopened: outcome = nil
      default: break
      }
    }
    return outcome
  }
}
