import FlowCore
import FlowRuntime
import FlowStorage

/// Learns how commands behave from the histories of a workflow's runs.
enum HistoryLearner {
  /// The model that was learned.
  struct Finding {
    var learned: LearnedModel
    /// Runs of any workflow whose histories could not be read.
    var unreadableRuns = 0
  }

  /// This many runs are enough, the youngest first.
  private static let limit = 200

  /// - Parameter bootID: of this boot.
  static func learn<Store: Storage>(
    _ definition: WorkflowDefinition, from home: RunHome<Store>, bootID: String
  ) throws(RunError) -> Finding {
    var finding = Finding(learned: LearnedModel(definition))
    for id in try home.list() where finding.learned.runs < limit {
      do throws(Unreadable) {
        let history = try read(home.folder(of: id), home.storage, bootID, name: definition.name)
        if let history { finding.learned.add(history) }
      } catch {
        finding.unreadableRuns += 1
      }
    }
    return finding
  }

  private struct Unreadable: Error {}

  private static func isAnother(_ name: String, _ history: RunHistory) -> Bool {
    history.state.map { $0.definition.name != name } ?? false
  }

  /// - Returns: nil for a run of another workflow.
  private static func read<Store: Storage>(
    _ folder: RunFolder, _ storage: Store, _ bootID: String, name: String
  ) throws(Unreadable) -> RunHistory? {
    var history = RunHistory(keeping: .allAttempts)
    do {
      var reader = try RunReader(folder, in: storage, bootID: bootID)
      // The definition is read long before the end.
      try reader.read(into: &history) { isAnother(name, $0) }
    } catch {
      throw Unreadable()
    }
    return history.state == nil || isAnother(name, history) ? nil : history
  }
}
