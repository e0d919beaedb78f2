import FlowCore
import FlowRuntime
import FlowSystem

/// Who started a run, and where: as far as the run's folder and its history tell.
struct ReportOrigin {
  /// The owner of the run's folder, which is the user who started the run.
  var user: String?
  /// The machine that drove the run.
  var host: String?
  /// The run's folder.
  var folder: String?
}

extension ReportOrigin {
  /// - Parameter history: of the run. It tells boots, not names of machines: the name is known only
  ///   of a run that this machine drove since it was started.
  init(of folder: RunFolder, _ history: RunHistory) {
    self.folder = folder.path
    user = ProcessFacts.owner(ofFile: folder.path)
    if let last = history.lives.last?.engine.host,
      let here = try? ProcessFacts.hostContext(of: folder.path),
      last.bootID == here.bootID, last.processNamespace == here.processNamespace
    {
      host = ProcessFacts.hostName
    }
  }
}
