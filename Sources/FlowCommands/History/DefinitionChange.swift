import FlowCore
import FlowRuntime
import FlowSystem

/// That the file of a run's definition is no longer what the run recorded: a user who mends a failed step there
/// expects the mended one to run.
enum DefinitionChange {
  /// The largest file that is compared, in bytes.
  private static let limit = 256 << 20

  /// - Returns: nil where the file is as it was, cannot be read, or is not known.
  static func note(_ created: RunCreated, _ folder: RunFolder) -> String? {
    guard let file = created.definitionFile else { return nil }
    let path = "\(created.definitionFolder)/\(file)"
    guard FileReading.isFile(path), let now = try? FileReading.bytes(of: path, limit: limit),
      let recorded = try? FileReading.bytes(of: folder.definition, limit: limit),
      now != recorded
    else { return nil }
    return
      "\(path) has changed since run \(created.runID) was created; the run keeps the steps that it"
      + " recorded; to run the file as it is now: flow run \(path)"
  }
}
