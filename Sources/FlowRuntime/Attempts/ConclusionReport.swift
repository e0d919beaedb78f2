import FlowCore
import FlowStorage

/// What the steps of `finally` and notices are told of the run, and rollbacks of their step: variables, and a file that
/// says what failed.
///
/// Everything in it comes from the history, besides the ends of outputs. An engine writes the file before
/// the first step of `finally` and the first notice that it launches, and before each rollback. It need not
/// be durable.
struct ConclusionReport<Store: Storage> {
  private let state: RunState
  private let folder: RunFolder
  private let storage: Store
  private let user: @Sendable (UInt32) -> String

  /// Steps that are described.
  private static var mostSteps: Int { 10 }
  /// Of the end of an output.
  private static var mostLines: Int { 20 }
  private static var mostBytes: Int { 4_096 }
  /// A variable holds no more than 128 KiB.
  private static var mostNameBytes: Int { 64 << 10 }

  /// - Parameter user: names the user with an id.
  init(
    _ state: RunState, in folder: RunFolder, _ storage: Store,
    user: @escaping @Sendable (UInt32) -> String
  ) {
    self.state = state
    self.folder = folder
    self.storage = storage
    self.user = user
  }

  /// Writes the file, and names it. Where nothing failed, or there is no space for it, that is a file which
  /// is always empty.
  func variables() -> [EnvironmentVariable] {
    let outcome: RunOutcome
    switch state.phase {
    case .concluding(let known), .concluded(let known): outcome = known
    case .running, .stopping, .finished: return []
    }
    var path = "/dev/null"
    if outcome != .succeeded, (try? write(text(outcome), to: folder.failure)) != nil {
      path = folder.failure
    }
    return [
      EnvironmentVariable(name: "FLOW_OUTCOME", value: "\(outcome)"),
      EnvironmentVariable(name: "FLOW_FAILED_STEPS", value: failedNames),
      EnvironmentVariable(name: "FLOW_FAILURE", value: path),
    ]
  }

  /// Why a notice runs, and what the run is compared with, if any notice compares it.
  func news(ofNotice step: Int) -> [EnvironmentVariable] {
    var variables: [EnvironmentVariable] = []
    if let word = state.news(ofNotice: step) {
      variables.append(EnvironmentVariable(name: "FLOW_NOTICE", value: word))
    }
    if let outcome = state.previousOutcome, state.definition.tellsOfRecovery {
      variables.append(EnvironmentVariable(name: "FLOW_PREVIOUS_OUTCOME", value: "\(outcome)"))
    }
    return variables
  }

  /// The same of the step that a rollback is for. The file is written for each attempt.
  func variables(ofStep step: Int) -> [EnvironmentVariable] {
    let outcome = state.steps[step].phase == .failed ? "failed" : "cancelled"
    let wanted = folder.failure(ofStep: step)
    let isWritten = (try? write(text(ofStep: step, outcome), to: wanted)) != nil
    return [
      EnvironmentVariable(name: "FLOW_OUTCOME", value: outcome),
      EnvironmentVariable(name: "FLOW_FAILURE", value: isWritten ? wanted : "/dev/null"),
    ]
  }

  private func write(_ text: String, to path: String) throws(StorageError) {
    let bytes = Array(text.utf8)
    let files = Folder(folder.path, in: storage)
    let newName = "\(PathName.last(of: path)).new"
    try files.removeIfPresent(newName)
    do throws(StorageError) {
      var file = try files.open(newName, .create)
      try file.write(bytes.span, at: 0)
      try file.replace(path)
      try file.close()
    } catch {
      try? files.removeIfPresent(newName)
      throw error
    }
  }

  // MARK: What failed

  /// To notices, the steps of `finally` are told with all others.
  private var told: Range<Int> {
    state.isConcluded ? 0..<state.definition.firstNotify : state.definition.ordinarySteps
  }

  private var failed: [Int] {
    told.filter {
      state.steps[$0].phase == .failed && !state.definition.settings(ofStep: $0).allowFailure
    }
  }

  /// As many ids as a variable may hold, with spaces between them.
  private var failedNames: String {
    var names = ""
    for step in failed {
      let id = state.definition.steps[step].id
      if names.utf8.count + id.utf8.count >= Self.mostNameBytes { break }
      names += names.isEmpty ? id : " \(id)"
    }
    return names
  }

  /// Where the run took too long, the steps that it did not wait for are to blame as well.
  private var blamed: [Int] {
    guard state.stopReason == .timedOut else { return failed }
    return failed
      + told.filter {
        state.steps[$0].phase == .cancelled
          && (state.failedEnds[Int32($0)] != nil || state.asked(byStep: $0) != nil)
      }
  }

  private var wording: EventWording {
    EventWording(
      state.definition, in: state.created.definitionFolder,
      systemError: { Errno(rawValue: $0).description }, user: user)
  }

  private func text(ofStep step: Int, _ outcome: String) -> String {
    let id = wording.id(Int32(step))
    let text = "run \(state.created.runID) of \(state.definition.name): \(id) \(outcome)\n\n"
    return Self.printable(text + end(ofStep: step, wording))
  }

  /// How the last attempt of a step has ended, and the end of its output.
  private func end(ofStep step: Int, _ wording: EventWording) -> String {
    let attempt = AttemptID(step: Int32(step), number: state.steps[step].attempt)
    if let asked = state.asked(byStep: step) {
      return wording.text(asked, ofStep: attempt.step) + "\n"
    }
    if let fault = state.itemFault(ofNode: step) {
      return "\(wording.id(attempt.step)) failed: \(fault)\n"
    }
    guard let end = state.failedEnds[attempt.step] else {
      // It has its end from an earlier round.
      return "\(wording.id(attempt.step)) failed before\n"
    }
    return wording.text(.attemptEnded(attempt, end)) + "\n" + tail(of: attempt, end)
  }

  private func text(_ outcome: RunOutcome) -> String {
    let wording = wording
    let id = state.created.runID
    var text = "run \(id) of \(state.definition.name): \(outcome)\n"
    if let reason = state.stopReason { text += "it was stopped: \(wording.text(reason))\n" }
    let blamed = blamed
    for step in blamed.prefix(Self.mostSteps) { text += "\n" + end(ofStep: step, wording) }
    if blamed.count > Self.mostSteps {
      text += "\nand \(blamed.count - Self.mostSteps) more: flow status \(id)\n"
    }
    return Self.printable(text)
  }

  /// The end of an attempt's output, indented, where all secrets in it are masked.
  private func tail(of attempt: AttemptID, _ end: AttemptEnd) -> String {
    if end.output.isUnscrubbed { return "" }
    let id = state.definition.fileID(ofStep: Int(attempt.step))
    let path = folder.output(ofStep: id, attempt: attempt.number)
    let read = try? { () throws(StorageError) -> (bytes: [UInt8], isWhole: Bool) in
      let file = try File(path, .read, in: storage)
      let size = try file.size()
      let start = max(0, size - Int64(Self.mostBytes))
      return (try file.read(at: start, count: Int(size - start)), start == 0)
    }()
    guard let read, !read.bytes.isEmpty else { return "" }
    var lines = read.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    // The first is only the rest of one.
    if !read.isWhole, lines.count > 1 { lines.removeFirst() }
    let shown = lines.suffix(Self.mostLines).map { "    \(String(decoding: $0, as: UTF8.self))\n" }
    return shown.joined() + "  in \(path)\n"
  }

  /// Without characters that control a terminal.
  private static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      let isControl =
        scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
      if !isControl { result.unicodeScalars.append(scalar) }
    }
    return result
  }
}
