import FlowCore
import FlowStorage

/// The files that the attempts of a run have left in its folder, to be compared with its history.
///
/// They must be read before the history is: an intent is durable before any file is made for it, so
/// a history that is read later knows every intent.
struct AttemptTraces {
  private struct Record {
    let path: String
    let stepID: String
    let number: Int32
    let content: AttemptRecord
    /// Whether its monitor may still write it.
    let isLocked: Bool
  }

  private let folder: RunFolder
  private var records: [Record] = []
  /// Indices of records, by the event that they name as their intent.
  private var byIntent: [Int64: [Int]] = [:]
  private var byAttempt: [AttemptID: Int] = [:]
  /// The output files.
  private var outputs: [(name: String, stepID: String, number: Int32)] = []
  private var hasOutput: Set<String> = []
  private var isThere = false
  private var found: [LogProblem] = []
  private var launched: [AttemptID] = []
  private var silent: Set<AttemptID> = []
  private var strangers: [String] = []
  /// Whether the file at that path has no byte.
  private let isEmpty: (String) -> Bool

  /// - Parameter folder: nil for a log outside a run's folder.
  init<Store: Storage>(_ folder: RunFolder?, in storage: Store) throws(RunError) {
    self.folder = folder ?? RunFolder(path: "")
    isEmpty = { path in
      guard let file = try? File(path, .read, in: storage), let size = try? file.size() else {
        return false
      }
      return size == 0
    }
    guard let folder else { return }
    let names: [String]
    do throws(StorageError) { names = try Folder(folder.attempts, in: storage).names() } catch {
      if error.errno == .noSuchFile { return }
      throw .storage(error)
    }
    isThere = true
    for name in names { try add(name, storage) }
  }

  private mutating func add<Store: Storage>(
    _ name: String, _ storage: Store
  ) throws(RunError) {
    guard let file = AttemptFileName(name) else {
      if AttemptFileName.isUnfinishedManifest(name) { return }
      strangers.append(name)
      return
    }
    switch file.suffix {
    case AttemptFileName.output:
      outputs.append((name, file.stepID, file.number))
      hasOutput.insert(name)
    case AttemptFileName.record:
      let path = "\(folder.attempts)/\(name)"
      guard let (content, isLocked) = try Self.read(path, storage) else { return }
      let record = Record(
        path: path, stepID: file.stepID, number: file.number, content: content, isLocked: isLocked)
      if let start = content.start {
        byIntent[start.intent, default: []].append(records.count)
        byAttempt[start.id] = records.count
      }
      records.append(record)
    case AttemptFileName.script, AttemptFileName.unfinishedScript, AttemptFileName.mask,
      AttemptFileName.put, AttemptFileName.outputs, AttemptFileName.values, AttemptFileName.inputs,
      AttemptFileName.manifest, AttemptFileName.stage, AttemptFileName.cache:
      break
    default: strangers.append(name)
    }
  }

  private static func read<Store: Storage>(
    _ path: String, _ storage: Store
  ) throws(RunError) -> (AttemptRecord, isLocked: Bool)? {
    do throws(StorageError) {
      let file = try File(path, .read, in: storage)
      let isLocked = try file.isLockedByAnother()
      let bytes = try file.read(at: 0, count: AttemptRecord.byteCount)
      return (AttemptRecord.decode(bytes), isLocked)
    } catch {
      // Removed since it was listed.
      if error.errno == .noSuchFile { return nil }
      throw .storage(error)
    }
  }

  // MARK: Comparing

  /// Compares the next event of the history with the files of its attempt.
  mutating func compare(_ event: Event) {
    for index in byIntent.removeValue(forKey: event.sequence) ?? [] {
      check(records[index], against: event)
    }
    if case .attemptLaunched(let attempt, _) = event.body, isThere { launched.append(attempt) }
    if case .attemptEnded(let attempt, let end) = event.body {
      check(end, of: attempt, event.sequence)
      // An empty output is no file once its run has ended.
      if end.output.byteCount == 0 { silent.insert(attempt) }
    }
  }

  private mutating func check(_ record: Record, against event: Event) {
    guard let attempt = record.content.start?.id else { return }
    if event.body == .attemptScheduled(attempt) { return }
    // This is how another engine renews an intent for an attempt that was never launched.
    if event.body == .attemptFound(attempt, .neverLaunched) { return }
    found.append(
      LogProblem(.intentDiffers(intent: event.sequence), in: record.path, event: event.sequence))
  }

  private mutating func check(_ end: AttemptEnd, of attempt: AttemptID, _ sequence: Int64) {
    guard let index = byAttempt[attempt], let recorded = records[index].content.end,
      end.result != .lost, end.result != recorded.result
    else { return }
    found.append(
      LogProblem(
        .endDiffers(recorded: recorded, history: end), in: records[index].path, event: sequence))
  }

  /// Contradictions between the files and a history that was read to its end.
  ///
  /// - Parameters:
  ///   - state: after the last event.
  ///   - last: the number of that event.
  func contradictions(of state: RunState?, through last: Int64) -> [LogProblem] {
    var problems = found
    for intent in byIntent.keys.sorted() where intent > last {
      problems += (byIntent[intent] ?? []).map { index in
        LogProblem(
          .attemptUnknown(intent: intent, last: last), in: records[index].path, event: intent)
      }
    }
    problems += records.filter(\.content.isNewer).map { LogProblem(.recordNewer, in: $0.path) }
    guard let state else { return problems }
    let steps = Self.index(state.definition)
    for (name, stepID, number) in outputs {
      guard let step = steps[stepID], state.steps[step].attempt < number else { continue }
      let path = "\(folder.attempts)/\(name)"
      // An attempt that was withdrawn leaves nothing, and a crash can bring the name of its output back.
      if isEmpty(path) { continue }
      problems.append(LogProblem(.attemptUnknown(intent: nil, last: last), in: path))
    }
    return problems
  }

  private static func index(_ definition: WorkflowDefinition) -> [String: Int] {
    definition.stepsByFileID
  }

  // MARK: Notes

  /// Remarks on files that are unusual, but do not contradict the history.
  func notes(_ state: RunState?) -> [String] {
    guard let state else { return [] }
    let steps = Self.index(state.definition)
    var notes: [String] = []
    for record in records where !record.isLocked && record.content.isUnreadable {
      notes.append("\(record.path): the attempt record cannot be read")
    }
    for record in records where steps[record.stepID] == nil || isAnothers(record, steps) {
      notes.append("\(record.path): the attempt record is of another attempt than its name says")
    }
    for name in strangers { notes.append("\(folder.attempts)/\(name): not a file of this run") }
    let missing = launched.filter {
      !silent.contains($0) && !hasOutput.contains(outputName(of: $0, state.definition))
    }
    if let first = missing.first {
      let name = outputName(of: first, state.definition)
      let others = missing.count == 1 ? "" : ", and the output of \(missing.count - 1) more"
      notes.append("\(folder.attempts)/\(name): the output of an attempt is missing\(others)")
    }
    return notes
  }

  private func isAnothers(_ record: Record, _ steps: [String: Int]) -> Bool {
    guard let start = record.content.start, let step = steps[record.stepID] else { return false }
    return Int(start.step) != step || start.attempt != record.number
  }

  private func outputName(of attempt: AttemptID, _ definition: WorkflowDefinition) -> String {
    AttemptFileName(
      ofStep: definition.fileID(ofStep: Int(attempt.step)), attempt: attempt.number,
      suffix: AttemptFileName.output
    ).text
  }
}
