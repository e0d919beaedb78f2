/// Describes events in one line each, for `flow events` and for the simulator's timeline.
///
/// The text is not escaped. Ids, paths and commands may hold control characters, so code that
/// prints to a terminal escapes the entire line.
package struct EventWording: Sendable {
  private let definition: WorkflowDefinition?
  private let folder: String?
  package let systemError: @Sendable (Int32) -> String
  private let interpreter: @Sendable (String) -> String?
  private let user: @Sendable (UInt32) -> String

  /// - Parameters:
  ///   - definition: names the steps; while it is nil, steps are named by number.
  ///   - folder: of the definition, in which steps run; nil while it is unknown.
  ///   - systemError: describes an error number of the operating system.
  ///   - interpreter: which interpreter a script at a path names; nil where that is unknown.
  ///   - user: names the user with an id.
  package init(
    _ definition: WorkflowDefinition?, in folder: String? = nil,
    systemError: @escaping @Sendable (Int32) -> String,
    interpreter: @escaping @Sendable (String) -> String? = { _ in nil },
    user: @escaping @Sendable (UInt32) -> String = { "user \($0)" }
  ) {
    self.definition = definition
    self.folder = folder
    self.systemError = systemError
    self.interpreter = interpreter
    self.user = user
  }

  package func text(_ body: Event.Body) -> String {
    switch body {
    case .runCreated(let created): text(created)
    case .definitionPart(let bytes): "\(bytes.count) bytes of the definition"
    case .engineStarted(let engine):
      "engine life \(engine.life) started: process \(engine.processID), boot \(engine.host.bootID)"
    case .attemptLaunched(let attempt, let processID):
      "\(name(attempt)) started as process \(processID)"
    case .deadlinePassed(let attempt): "\(name(attempt)) timed out; stopping"
    case .attemptEnded(let attempt, let end): "\(name(attempt)) \(text(end, ofStep: attempt.step))"
    case .outputsPublished(let attempt, let parts):
      "\(name(attempt)) put out \(text(parts, ofStep: attempt.step))"
    case .attemptWithdrawn(let attempt): "\(name(attempt)) withdrawn before it started"
    case .cancelRequested(let request):
      "cancel requested\(request.force ? " by force" : "") (request \(request.id))"
    case .answered(let step, let answer): "\(id(step)) \(text(answer, ofStep: step))"
    case .timerFired(.retry(let step)): "backoff of \(id(step)) is over"
    case .timerFired(.question(let step)): "the time for an answer to \(id(step)) has passed"
    case .timerFired(.runTimeout): "timeout of the run passed"
    case .timerFired(.slow(let step)): "run takes long: \(id(step)) tells of it"
    case .timerFired(.launchPause): "pause after an interruption is over"
    case .attemptFound(let attempt, let finding): "\(name(attempt)) found \(Self.text(finding))"
    case .clockJumped(let microseconds):
      "wall clock jumped \(microseconds < 0 ? "back" : "ahead") by "
        + DurationText.of(microseconds: Int64(clamping: microseconds.magnitude))
    case .roomReturned(let microseconds, .space):
      "disk has space again, after \(DurationText.of(microseconds: microseconds))"
    case .roomReturned(let microseconds, .processes):
      "the system has a process again, after \(DurationText.of(microseconds: microseconds))"
    case .workSynced(let sequence, nil): "work up to event \(sequence) is on the disk"
    case .workSynced(let sequence, let failure?):
      "work up to event \(sequence) may be lost: cannot write it to the disk: \(systemError(failure))"
    case .runReopened(_, let scope): "run reopened: \(what(scope))"
    case .attemptScheduled(let attempt): "\(name(attempt)) scheduled"
    case .retryScheduled(let attempt, let delay):
      "\(name(attempt)) failed; retry in \(DurationText.of(milliseconds: delay))"
    case .rerunScheduled(let attempt): "\(name(attempt)) is rerun; its work may be done twice"
    case .probeScheduled(let attempt):
      "\(name(attempt)) lost; its probe is asked whether the work was done"
    case .publishScheduled(let attempt, completes: false):
      "files of \(name(attempt)) are published next"
    case .publishScheduled(let attempt, completes: true):
      "files of \(name(attempt)) are published next, as far as that had begun"
    case .stopRequested(let attempt, let force):
      "stop of \(name(attempt)) requested\(force ? ", by force" : "")"
    case .asked(let step): "\(id(step)) asks, and waits for an answer"
    case .stepExpanded(let step, .children(let count, let added)):
      "\(id(step)) has \(count) \(count == 1 ? "item" : "items")"
        + (added == count ? "" : ", \(added) of them new")
    case .stepExpanded(let step, .fault(let fault)): "\(id(step)): \(text(fault, ofStep: step))"
    case .stepFinished(let step, let outcome): "\(id(step)) \(outcome)"
    case .stepSkipped(let step, .need(let need)):
      "\(id(step)) skipped: it needs \(text(need: need, of: step))"
    case .stepSkipped(let step, .runStopping): "\(id(step)) skipped: the run is stopping"
    case .stepSkipped(let step, .notSelected): "\(id(step)) skipped: not selected"
    case .stepSkipped(let step, .condition(let inputs)):
      "\(id(step)) skipped: \(Self.text(inputs))"
    case .stepSkipped(let step, .nothingFailed):
      "\(id(step)) skipped: \(id(max(step, 1) - 1)) did not fail"
    case .stepSkipped(let step, .noItems): "\(id(step)) skipped: it has no items"
    case .stepSkipped(let step, .removed): "\(id(step)) skipped: its item is no longer in the list"
    case .stepSkipped(let step, .siblingsFailed):
      "\(id(step)) skipped: more items have failed than may"
    case .runStopping(let reason): "run is stopping: \(text(reason))"
    case .stepSkipped(let step, .nothingToTell):
      "\(id(step)) skipped: "
        + (isSlowNotice(step)
          ? "the run was over before its time" : "it tells of other ends of the run")
    case .runConcluding(let outcome): "run is concluding (\(outcome)): its finally steps run"
    case .runConcluded(let outcome): "run has come to its end (\(outcome))"
    case .runFinished(let outcome): "run \(outcome)"
    }
  }

  // MARK: Parts of events

  package func id(_ step: Int32) -> String {
    guard let definition, isKnown(step) else { return "step \(step)" }
    return definition.steps[Int(step)].id
  }

  /// A damaged history can name any step.
  private func isKnown(_ step: Int32) -> Bool {
    definition?.steps.indices.contains(Int(step)) ?? false
  }

  /// A need and what is wanted of it: `build`, or `build to fail`.
  package func text(need: Int32, of step: Int32) -> String {
    let name = id(need)
    guard let definition, isKnown(step) else { return name }
    switch definition.wanted(ofStep: Int(step), from: need) {
    case .done: return name
    case .succeeded: return "\(name) to succeed"
    case .failed: return "\(name) to fail"
    case .settled: return "\(name) to end"
    }
  }

  /// `its condition is false (params.full is false)`.
  package static func text(_ inputs: [ConditionInput]) -> String {
    let parts = inputs.map { "\($0.name) is \($0.value)" }
    return "its condition is false\(parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")"
  }

  /// `build#2`.
  package func name(_ attempt: AttemptID) -> String { "\(id(attempt.step))#\(attempt.number)" }

  /// `build, test and 3 more`.
  private func names(_ steps: StepSet) -> String {
    let shown = steps.steps.prefix(4).map { id($0) }
    let more = steps.count - shown.count
    return shown.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
  }

  /// `a and b run again, and all that follows`
  private func what(_ scope: ReopenScope) -> String {
    guard let steps = scope.named else {
      return "steps that did not succeed run again"
        + (scope.takesDependents ? ", and all that came after them" : "")
    }
    return "\(names(steps)) "
      + (scope.takesDependents
        ? "\(Self.run(steps)) again, and all that follows" : "alone \(Self.run(steps)) again")
  }

  private static func run(_ steps: StepSet) -> String { steps.count == 1 ? "runs" : "run" }

  private func isSlowNotice(_ step: Int32) -> Bool {
    guard let definition, definition.steps.indices.contains(Int(step)) else { return false }
    return definition.isSlowNotice(Int(step))
  }

  private static func past(_ outcome: RunOutcome) -> String {
    outcome == .cancelled ? "was cancelled" : "\(outcome)"
  }

  private func text(_ created: RunCreated) -> String {
    "run \(created.runID) created by flow \(created.programVersion):"
      + " policy \(created.policyVersion), seed \(created.seed), jobs \(created.jobs),"
      + " definition of \(created.definitionByteCount) bytes from \"\(created.definitionFolder)\""
      + (created.unselected.isEmpty ? "" : ", without \(created.unselected.count) of its steps")
      + (created.items.isEmpty ? "" : ", with items that are named")
      + (created.previousOutcome.map { "; the run before \(Self.past($0))" } ?? "")
  }

  /// `version = "1.2", files (2 MiB)`.
  private func text(_ parts: [OutputPart], ofStep step: Int32) -> String {
    parts.map { part in
      let output = definition?.output(ofStep: step, at: part.output)
      let value = Self.short(part.bytes, output?.type)
      return "\(outputName(part.output, ofStep: step)) = \(value)"
    }.joined(separator: ", ")
  }

  /// `approved by user 1000: "looks good"; version = "1.2"`.
  private func text(_ answer: Answer, ofStep step: Int32) -> String {
    var text = "\(answer.verdict) by \(user(answer.userID))"
    if !answer.note.isEmpty { text += ": \(Self.short(Array(answer.note.utf8), .string))" }
    if !answer.values.isEmpty { text += "; \(self.text(answer.values, ofStep: step))" }
    return text
  }

  package func outputName(_ place: Int32, ofStep step: Int32) -> String {
    definition?.output(ofStep: step, at: place)?.name ?? "output \(place)"
  }

  /// A value as people see it: a long one is cut.
  package static func short(_ value: [UInt8], _ type: OutputType?) -> String {
    var most = min(100, value.count)
    // Characters are not cut.
    while most > 0, most < value.count, value[most] & 0xC0 == 0x80 { most -= 1 }
    var text = String(decoding: value.prefix(most), as: UTF8.self)
    if value.count > most { text += "…" }
    switch type {
    case .int, .number, .bool, .date: return text
    case .lines:
      var shown = value.prefix(most)
      // Only whole lines.
      if value.count > most {
        shown = shown.prefix((shown.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)
      }
      let texts = OutputType.lines(of: Array(shown)).map { ConditionValue.text($0).text }
      return "[\((texts + (value.count > most ? ["…"] : [])).joined(separator: ", "))]"
    case .string, .json, nil: return ConditionValue.text(text).text
    }
  }

  /// `its output version is missing`.
  package func text(_ refusal: OutputRefusal, ofStep step: Int32) -> String {
    let outputs = isKnown(step) ? definition?.outputs(ofStep: Int(step)) : nil
    return refusal.text(outputs?.first { $0.name == refusal.name }?.type)
  }

  package func text(_ fault: ItemFault, ofStep step: Int32) -> String {
    let node = isKnown(step) ? definition?.forEach(ofStep: Int(step)) : nil
    return fault.text(most: node?.most ?? ForEach.impliedMost)
  }

  /// `exited 1 after 1.2s; timed out; 2 stragglers`.
  private func text(_ end: AttemptEnd, ofStep step: Int32) -> String {
    var parts: [String] = []
    switch end.result {
    case .exited, .signalled:
      let time = DurationText.of(microseconds: end.durationMicroseconds)
      parts.append("\(Self.text(end.result)) after \(time)")
    case .launchFailed(let failure):
      parts.append("\(Self.text(end.result)): \(text(failure, ofStep: step))")
    case .lost: parts.append("\(Self.text(end.result)): its outcome is unknown")
    }
    switch end.cause {
    case .byItself: break
    case .deadline: parts.append("timed out")
    case .stop: parts.append("stopped")
    case .force: parts.append("stopped by force")
    }
    if let signal = end.shellSignal { parts.append(Self.text(shellSignal: signal)) }
    if let refusal = end.refusal { parts.append(text(refusal, ofStep: step)) }
    switch end.look {
    case .hit(let run, let attempt): parts.append("reused attempt \(attempt) of run \(run)")
    case .miss(let miss): parts.append("not reused: \(miss)")
    case nil: break
    }
    if end.wasInterrupted { parts.append("interrupted: the system told it to end") }
    if end.stragglers > 0 {
      parts.append("\(end.stragglers) \(end.stragglers == 1 ? "straggler" : "stragglers")")
    }
    if end.unkillable > 0 { parts.append("\(end.unkillable) cannot be killed") }
    if end.output.isUnscrubbed { parts.append("secrets may be left in its output") }
    return parts.joined(separator: "; ")
  }

  /// How an attempt, or any process, ended: `exited 1`.
  package static func text(_ result: AttemptEnd.Result) -> String {
    switch result {
    case .exited(let code): "exited \(code)"
    case .signalled(let signal): "was killed by \(text(signal: signal))"
    case .launchFailed: "was not started"
    case .lost: "lost"
    }
  }

  private static func text(_ finding: AttemptFinding) -> String {
    switch finding {
    case .neverLaunched: "never launched"
    case .running(processID: 0, _): "about to start"
    case .running(let processID, let microseconds):
      "running as process \(processID), for \(DurationText.of(microseconds: microseconds))"
    case .unsynced: "without its work, perhaps: the machine went down before it was on the disk"
    }
  }

  package func text(_ reason: StopReason) -> String {
    switch reason {
    case .cancelled: "a cancel was requested"
    case .timedOut: "the run timed out"
    case .failFast(let step): "step \(id(step)) failed, and the workflow says failFast"
    case .workLost: "the machine went down before what its steps had made was on the disk"
    case .workNotSynced: "what its steps have made could not be written to the disk"
    }
  }

  /// `cannot execute "foo": no such file or directory (ENOENT)`.
  package func text(_ failure: LaunchFailure, ofStep step: Int32) -> String {
    if failure.operation == .execute, let script = script(ofStep: step) {
      let why: String
      switch failure.errno {
      case Self.noInterpreter, Self.noSuchFile:
        why = "its interpreter \"\(Self.interpreter(of: script))\" does not exist"
      case Self.noPermission:
        why =
          "\(systemError(failure.errno)): the folder of runs is mounted noexec, or the interpreter"
          + " \"\(Self.interpreter(of: script))\" is not executable"
      default: why = systemError(failure.errno)
      }
      return "cannot execute its script: \(why)"
    }
    if failure.operation == .execute, let program = program(ofStep: step) {
      switch failure.errno {
      case Self.noSuchFile where !program.utf8.contains(UInt8(ascii: "/")):
        return "cannot execute \"\(program)\": no such program in PATH (ENOENT)"
      case Self.noInterpreter:
        let path = path(of: program, step)
        let named = path.flatMap { interpreter($0) }.map { "its interpreter \"\($0)\"" }
        return
          "cannot execute \"\(program)\": the file exists, but \(named ?? "its interpreter") does not"
      default: break
      }
    }
    if failure.operation == .useSecret {
      return "the secret \(failure.secret ?? "") \(failure.fault?.text ?? "cannot be used")"
    }
    if failure.operation == .readSecret, let name = failure.secret,
      case .variable(let variable)? = definition?.secret(named: name)?.source
    {
      return
        "the secret \(name) comes from the variable \(variable), which the engine does not have"
    }
    if failure.operation == .useFiles { return "cannot \(attempted(failure, step))" }
    return "cannot \(attempted(failure, step)): \(systemError(failure.errno))"
  }

  /// The text of the step's command, if it is executed as a file of its own.
  private func script(ofStep step: Int32) -> String? {
    guard isKnown(step), let definition, definition.settings(ofStep: Int(step)).executesScripts
    else { return nil }
    return definition.steps[Int(step)].command.script
  }

  private static func interpreter(of script: String) -> String {
    let line = script.utf8.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    return String(decoding: line.drop(while: isBlank).prefix { !isBlank($0) }, as: UTF8.self)
  }

  /// ENOENT.
  private static let noSuchFile: Int32 = 2
  /// EACCES.
  private static let noPermission: Int32 = 13
  /// ELIBACC: the launcher says so of a program whose interpreter does not exist.
  private static let noInterpreter: Int32 = 79
  /// What says that a process has no /dev/null: ENOENT, ENXIO, EACCES.
  private static let noDevice: [Int32] = [noSuchFile, 6, 13]

  private func program(ofStep step: Int32) -> String? {
    switch isKnown(step) ? definition?.steps[Int(step)].command : nil {
    case .program(let arguments): arguments.first
    case .shell: "/bin/sh"
    case nil: nil
    }
  }

  /// Where a program stands that a step names with a path; nil where that is unknown: a plain name
  /// was looked for in PATH.
  private func path(of program: String, _ step: Int32) -> String? {
    guard program.utf8.contains(UInt8(ascii: "/")) else { return nil }
    func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }
    if isAbsolute(program) { return program }
    let own = definition?.settings(ofStep: Int(step)).workingDirectory
    if let own, isAbsolute(own) { return "\(own)/\(program)" }
    return folder.map { "\($0)/\(own.map { "\($0)/" } ?? "")\(program)" }
  }

  private func attempted(_ failure: LaunchFailure, _ step: Int32) -> String {
    switch failure.operation {
    case .createOutput: return "create the file for its output"
    case .createRecord: return "create the record of the attempt"
    case .fork where Self.noDevice.contains(failure.errno):
      return "open \"/dev/null\" for its monitor"
    case .fork: return "make a process for its monitor"
    case .makeSecret: return "make the file of \(secret(failure)) in memory"
    case .readSecret, .useSecret:
      if let name = failure.secret,
        case .file(let path)? = definition?.secret(named: name)?.source
      {
        return "read \(secret(failure)) from \"\(path)\""
      }
      return "read \(secret(failure))"
    case .makeOutputs: return "make the folder for its outputs"
    case .makeInputs: return "write the files of what other steps have put out"
    case .makeStage: return "make the folder for its files ($FLOW_STAGE)"
    case .useFiles:
      return
        "use the paths in its \"files\": with the values in them one is empty, absolute, or leads out of"
        + " the step's folder"
    case .changeDirectory:
      guard isKnown(step), let folder = definition?.settings(ofStep: Int(step)).workingDirectory
      else {
        return "change to the definition's folder\(folder.map { " \"\($0)\"" } ?? "")"
      }
      return "change to folder \"\(folder)\""
    case .execute:
      return program(ofStep: step).map { "execute \"\($0)\"" } ?? "execute the command"
    }
  }

  private func secret(_ failure: LaunchFailure) -> String {
    failure.secret.map { "the secret \($0)" } ?? "a secret"
  }

  /// `a process it ran died of SIGKILL`.
  package static func text(shellSignal signal: UInt8) -> String {
    "a process it ran died of \(name(ofSignal: signal) ?? "signal \(signal)")"
  }

  /// `signal 9 (SIGKILL)`.
  package static func text(signal: UInt8) -> String {
    name(ofSignal: signal).map { "signal \(signal) (\($0))" } ?? "signal \(signal)"
  }

  /// As signal(7) numbers them on x86 and ARM, the machines that Swift supports.
  package static func name(ofSignal signal: UInt8) -> String? {
    let names = [
      "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
      "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
      "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ]
    return names.indices.contains(Int(signal) - 1) ? "SIG\(names[Int(signal) - 1])" : nil
  }
}
