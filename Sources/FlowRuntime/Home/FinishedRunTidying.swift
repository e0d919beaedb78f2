import FlowCore
import FlowStorage

/// Removes what the history of a finished run has made redundant: attempt records whose end it
/// holds, scripts, empty outputs, and an empty folder for work. What processes that may outlive the run could
/// still use stays, and so do the outputs of policy 1, whose histories do not tell an empty output
/// from one that a user removed.
///
/// It is done while the run is held, after its end is durable. Nothing depends on it: what fails, or
/// a crash cuts short, stays.
struct FinishedRunTidying<Store: Storage> {
  private let folder: RunFolder
  private let storage: Store
  private let lastSequence: Int64
  private let removesOutputs: Bool
  /// The ids of steps whose stragglers are kept.
  private let keepers: Set<String>
  /// What steps were told of failures.
  private let failures: [String]

  init(_ folder: RunFolder, in storage: Store, _ state: RunState) {
    self.folder = folder
    self.storage = storage
    lastSequence = state.lastSequence
    removesOutputs = state.created.policyVersion > Policy.first.rawValue
    let definition = state.definition
    let keepers = definition.steps.indices.filter {
      definition.settings(ofStep: $0).stragglers == .keep
    }
    failures =
      [folder.failure]
      + definition.steps.indices.compactMap { step in
        state.isDue(step) ? folder.failure(ofStep: step - 1) : nil
      }
    self.keepers = Set(keepers.map { definition.fileID(ofStep: $0) })
  }

  func perform() {
    let attempts = Folder(folder.attempts, in: storage)
    guard let names = try? attempts.names() else { return }
    // Sorted, the output of an attempt comes before its record.
    var empty: String?
    // The attempt whose outputs are there.
    var copied: String?
    // The attempt whose record stays.
    var unsettled: String?
    for name in names {
      guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { continue }
      let path = "\(folder.attempts)/\(name)"
      switch name[dot...] {
      case ".out": empty = isUseless(name, path) ? String(name[..<dot]) : nil
      case ".outputs": copied = String(name[..<dot])
      case ".rec":
        let attempt = String(name[..<dot])
        guard isRedundant(path) else {
          unsettled = attempt
          continue
        }
        if empty == attempt { try? attempts.removeIfPresent("\(attempt).out") }
        if copied == attempt { try? attempts.removeIfPresent("\(attempt).outputs") }
        try? attempts.removeIfPresent(name)
      case ".cache": if keepers.isEmpty { try? attempts.removeIfPresent(name) }
      // What a command has left there beside its outputs stays.
      case ".stage":
        if keepers.isEmpty { removeStage(noted: name, in: attempts) }
      case ".put": try? storage.removeDirectory(path)
      case ".inputs", ".values": if keepers.isEmpty { try? storage.removeTree(path) }
      case ".script", ".new":
        // Read by a process that may outlive the run.
        guard let attempt = AttemptFileName(name), !keepers.contains(attempt.stepID),
          name[..<dot] != unsettled ?? ""
        else { continue }
        try? attempts.removeIfPresent(name)
      default:
        // A publication was killed.
        if AttemptFileName.isUnfinishedManifest(name) { try? attempts.removeIfPresent(name) }
      }
    }
    if isEmpty(folder.engineLog) {
      try? Folder(folder.path, in: storage).removeIfPresent(PathName.last(of: folder.engineLog))
    }
    // Another round writes it again.
    if keepers.isEmpty {
      for path in failures {
        try? Folder(folder.path, in: storage).removeIfPresent(PathName.last(of: path))
      }
    }
    // Refused unless it is empty.
    if keepers.isEmpty { try? storage.removeDirectory(folder.work) }
  }

  private func removeStage(noted name: String, in attempts: Folder<Store>) {
    do throws(StorageError) {
      try folder.removeStage(noted: "\(folder.attempts)/\(name)", in: storage)
      try attempts.removeIfPresent(name)
    } catch {}
  }

  /// Whether an output is empty, and no process can write to it any more.
  private func isUseless(_ name: String, _ path: String) -> Bool {
    guard removesOutputs, let attempt = AttemptFileName(name) else { return false }
    return !keepers.contains(attempt.stepID) && isEmpty(path)
  }

  /// A file that cannot be read is not.
  private func isEmpty(_ path: String) -> Bool {
    guard let file = try? File(path, .read, in: storage), let size = try? file.size() else {
      return false
    }
    return size == 0
  }

  /// Whether the history tells everything that the record does. A record without an end is evidence
  /// of a loss; one with processes that cannot be killed names them.
  private func isRedundant(_ path: String) -> Bool {
    guard let file = try? File(path, .read, in: storage),
      let bytes = try? file.read(at: 0, count: AttemptRecord.byteCount)
    else { return false }
    let record = AttemptRecord.decode(bytes)
    guard let start = record.start, let end = record.end else { return false }
    return !record.isUnreadable && !record.isNewer && start.intent <= lastSequence
      && end.unkillable == 0
  }
}
