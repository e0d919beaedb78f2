import FlowRuntime
import FlowStorage
import FlowSystem

/// The processes that a monitor could not kill, as its attempt record names them.
enum Survivors {
  /// `process 4711 (of user root; this user may not signal it)`; nil where the record names none, or
  /// names those of another boot or container.
  static func text(ofRecord path: String) -> String? {
    guard let bytes = try? FileReading.bytes(of: path, limit: 4_096) else { return nil }
    let record = AttemptRecord.decode(bytes)
    guard !record.survivors.isEmpty, let host = record.start?.host,
      let here = try? ProcessFacts.hostContext(of: PathName.parent(of: path) ?? "/"),
      host == HostMark(here)
    else { return nil }
    return record.survivors.map(text).joined(separator: ", ")
  }

  private static func text(_ processID: Int32) -> String {
    let reason: String
    switch ProcessFacts.survival(of: processID) {
    case .ended: reason = "it has ended since"
    case .ofUser(let name): reason = "it is \(name)'s, and was not permitted to be killed"
    case .inKernel: reason = "it waits in the kernel, as for a disk or a network file system"
    case .unknown: reason = "it is still there"
    }
    return "process \(processID) (\(reason))"
  }
}
