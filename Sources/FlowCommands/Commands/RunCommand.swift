package import FlowCommandLine
package import FlowCore
import FlowDefinition
import FlowRuntime
import FlowStorage
package import FlowSystem
import FlowText

/// `flow run FILE`.
package struct RunCommand: Subcommand, Equatable {
  package let file: String
  let parameters: RunParameters
  /// Which steps the run has.
  let steps: StepOptions
  /// Whether only to say what the workflow takes.
  let tellsParameters: Bool
  /// Whether only to say what a run would do.
  let isDry: Bool
  /// Nil means what the definition says.
  package let jobs: Int?
  /// Nil means that one is made.
  package let runID: String?
  package let isQuiet: Bool
  package let json: Bool
  /// Whether another process is to drive the run.
  package let isDetached: Bool
  package let onTerminate: TerminationPolicy
  /// Milliseconds between signs of life; zero for none.
  package let heartbeat: Int64
  /// Whether each item of a step has lines of its own.
  package let isVerbose: Bool
  /// The run's group; nil for that of the definition.
  package let group: String?
  /// Nil for what the definition says.
  package let onConflict: OnConflict?
  /// Whether what steps write is synced before the run may have succeeded.
  let syncsWork: Bool
  let ignoresResults: Bool
  /// Tells the process that started this one that the run exists; nil where none waits for that.
  package let readiness: DetachedEngine.Readiness?

  private static let jobsOption = Option(
    "jobs", short: "j", takes: .integer(placeholder: "N", 1...4_096),
    "run at most N attempts at once (1 to 4096)")
  private static let runIDOption = Option(
    "run-id", takes: .text(placeholder: "ID"), "set the run's id (default: workflow name and time)")
  static let quietOption = Option(
    "quiet", short: "q", "print only failures, on standard error")
  static let heartbeatOption = Option(
    "heartbeat", takes: .text(placeholder: "TIME"),
    "say what runs every TIME, if no terminal (5m; 0: off)")
  static let verboseOption = Option(
    "verbose", "print lines for each item of forEach, if no terminal")
  static let jsonOption = Option("json", "print each event as a line of JSON")

  private static let helpParametersOption = Option(
    "help-params", "print the parameters of the workflow, and run nothing")

  private static let stepOptions = [
    StepOptions.only, StepOptions.from, StepOptions.to, StepOptions.skip,
  ]

  private static let dryOption = Option(
    "dry-run", "print the plan and the values, and write nothing")

  private static let exclusiveOption = Option(
    "exclusive", takes: .text(placeholder: "KEY"), "let one run of group KEY exist at a time")
  private static let conflictOption = Option(
    "on-conflict", takes: .text(placeholder: "WHAT"), words: OnConflict.allCases.map { "\($0)" },
    "if one exists: fail, skip, queue, resume or replace")
  private static let detachOption = Option(
    "detach", short: "d", "return once the run exists; it runs in the background")
  static let onTermOption = Option(
    "on-term", takes: .text(placeholder: "WHAT"), words: TerminationPolicy.allCases.map(\.rawValue),
    "on SIGTERM: detach (running steps continue) or cancel")

  private static let noSyncOption = Option(
    "no-work-sync", "leave it to steps to sync to disk what they write")

  private static let noCacheOption = Option(
    "no-cache", "run cached steps whatever results they have")

  package static let syntax = CommandSyntax(
    name: "run", purpose: "create a run of a workflow and drive it to its end",
    details: """
      Prints "run ID" first, then progress. Steps run in the folder of FILE, or, if
      that is a pipe (-, /dev/stdin, <(…)), in the folder of the caller.

      Exit code 4 means that the run has not ended: SIGTERM has told this process to
      detach, or it failed. Running steps continue, unless what sent the SIGTERM ends
      them too, as a reboot or the stop of a systemd unit does: such attempts are
      interrupted, which uses up no retry. "flow restart ID" resumes the run.


      """ + StepOptions.details,
    arguments: [.definition],
    options: [
      jobsOption, runIDOption, detachOption, onTermOption, quietOption, verboseOption, jsonOption,
      heartbeatOption, exclusiveOption, conflictOption, noSyncOption, noCacheOption,
      RunParameters.option, RunParameters.fileOption,
      helpParametersOption, dryOption,
    ] + stepOptions,
    examples: [
      .init("flow run nightly.yaml", "run a workflow in the foreground"),
      .init("flow run --jobs 4 nightly.yaml", "at most four attempts at once"),
      .init("flow run --detach nightly.yaml", "run in the background"),
      .init("flow run -p since=yesterday nightly.yaml", "with a value for a parameter"),
      .init("flow run --from load nightly.yaml", "begin with step load"),
      .init("flow run --exclusive etl etl.yaml", "not beside another run of that group"),
      .init("flow run --json nightly.yaml", "one JSON object per event"),
    ],
    exitCodes: [
      .success, .runFailed, .usage, .runCancelled, .runUnfinished, .damaged, .environment,
      .notStarted, .newer,
    ])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    file = arguments.positional[0]
    parameters = try RunParameters(arguments, command: Self.syntax.name)
    steps = try StepOptions(arguments, Self.stepOptions, command: Self.syntax.name)
    tellsParameters = arguments.has(Self.helpParametersOption)
    isDry = arguments.has(Self.dryOption)
    jobs = arguments.integer(Self.jobsOption)
    runID = arguments.text(Self.runIDOption)
    isQuiet = arguments.has(Self.quietOption)
    json = arguments.has(Self.jsonOption)
    isDetached = arguments.has(Self.detachOption)
    if isDetached && json {
      throw UsageError(
        command: Self.syntax.name,
        .exclusiveOptions(Self.detachOption.spelling, Self.jsonOption.spelling))
    }
    onTerminate = try Self.onTerminate(arguments, command: Self.syntax.name)
    heartbeat = try Self.heartbeat(arguments, command: Self.syntax.name)
    isVerbose = arguments.has(Self.verboseOption)
    syncsWork = !arguments.has(Self.noSyncOption)
    ignoresResults = arguments.has(Self.noCacheOption)
    group = try Self.group(arguments)
    onConflict = try Self.onConflict(arguments)
    readiness = DetachedEngine.Readiness.ofThisProcess
  }

  private static func group(_ arguments: ScannedArguments) throws(UsageError) -> String? {
    guard let name = arguments.text(exclusiveOption) else { return nil }
    if !name.isEmpty { return name }
    throw UsageError(
      command: syntax.name,
      .invalidValue(exclusiveOption.spelling, value: name, expected: "the name of a group"))
  }

  private static func onConflict(
    _ arguments: ScannedArguments
  ) throws(UsageError) -> OnConflict? {
    guard let word = arguments.text(conflictOption) else { return nil }
    if let conflict = OnConflict.allCases.first(where: { "\($0)" == word }) { return conflict }
    throw UsageError(
      command: syntax.name,
      .invalidValue(
        conflictOption.spelling, value: word,
        expected: OnConflict.allCases.map { "\($0)" }.joined(separator: ", ")))
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let file = try context.definition(file)
    if tellsParameters {
      let parameters = file.definition.parameters.filter { !$0.isGivenByCall }
      context.output.write(
        parameters.isEmpty
          ? "\(TerminalText.escaped(file.definition.name)) has no parameters\n"
          : ParameterPrinter.help(parameters))
      return .success
    }
    var leftOut: (steps: StepSet, items: [ItemSelection])
    do throws(UsageError) {
      leftOut = try steps.leftOut(file.definition, file.graph)
    } catch {
      throw .usage(error)
    }
    let (values, files) = try whatIsGiven(to: file, context)
    do throws(UsageError) {
      leftOut.items = try steps.checked(leftOut.items, file.definition, values)
    } catch {
      throw .usage(error)
    }
    let home = try context.home()
    if let runID {
      do throws(RunError) { try home.checkFree(runID) } catch { throw .run(error) }
    }
    if isDry { return try tell(file, values, without: leftOut.steps, context) }
    let now = context.now().wall
    let id = runID ?? NewRunID.make(for: file.definition.name, at: now)
    let folder = home.folder(of: id)
    let group = group ?? file.definition.group
    let onConflict = onConflict ?? file.definition.onConflict
    let admission = group.map {
      RunAdmission(to: $0, onConflict, home, context, isQuiet: isQuiet)
    }
    if isDetached {
      let other = try onConflict == .resume ? admission?.interrupted() : nil
      return try detach(id, file, values, resuming: other, context)
    }
    var membership: RunGroup<LinuxStorage>.Membership?
    if let admission, let group {
      switch try admission.enter(id, isNew: true) {
      case .admitted(let entered): membership = entered
      case .skipped: return .success
      case .resume(let other): return try resume(other, of: group, context)
      }
    }
    let previous = try file.definition.tellsOfRecovery ? lastOutcome(file, home) : nil
    let run = NewRun(
      runID: id, seed: ProcessFacts.randomBits(), programVersion: Version.current,
      jobs: Int32(jobs ?? file.definition.jobs ?? ProcessFacts.availableProcessors),
      definitionFolder: file.folder, definitionFile: file.fileName,
      definition: file.definition, graph: file.graph,
      group: group, onConflict: onConflict, parameters: values, unselected: leftOut.steps,
      items: leftOut.items, previousOutcome: previous, syncsWork: syncsWork,
      ignoresResults: ignoresResults)
    let display = context.display(
      of: id, folder, isQuiet: isQuiet, json: json, heartbeat: heartbeat,
      isVerbose: isVerbose, file.definition)
    let drive = try RunDrive(display, folder, onTerminate: onTerminate, home, context)
    if let membership { drive.hold(membership) }
    let end = try drive.create(run, definitionFile: file.bytes, files: files) {
      // Who waits for this process prints what it has to say so far.
      context.errors.flush()
      readiness?.tell(logTo: folder.engineLog)
    }
    return end.exitCode(ofRun: id, context)
  }

  /// The values of parameters, and the variables of files: before another run of the group is waited for, or
  /// cancelled.
  ///
  /// - Throws: all that is wrong with them.
  private func whatIsGiven(
    to file: DefinitionFile, _ context: CommandContext
  ) throws(CommandError) -> ([ParameterValue], [EnvironmentVariable]) {
    var errors: [CommandError] = []
    var values: [ParameterValue] = []
    var files: [EnvironmentVariable] = []
    do throws(CommandError) {
      let given = try parameters.all()
      values = try RunParameters.values(of: file.definition, given, at: context.now().wall)
    } catch {
      errors.append(error)
    }
    do throws(DefinitionFileError) { files = try file.variables() } catch {
      errors.append(.definition(error))
    }
    if errors.count > 1 { throw .several(errors) }
    if let only = errors.first { throw only }
    return (values, files)
  }

  /// What the run is compared with by its notices.
  private func lastOutcome(
    _ file: DefinitionFile, _ home: RunHome<LinuxStorage>
  ) throws(CommandError) -> RunOutcome? {
    let bootID: String
    do throws(Errno) { bootID = try ProcessFacts.bootID() } catch {
      throw .system("read the id of this boot", error)
    }
    do throws(RunError) {
      return try home.lastOutcome(ofWorkflow: file.definition.name, bootID: bootID)
    } catch {
      throw .run(error)
    }
  }

  /// Does what a run does before it exists, except to write anything, and prints what would run.
  private func tell(
    _ file: DefinitionFile, _ values: [ParameterValue], without unselected: StepSet,
    _ context: CommandContext
  ) throws(CommandError) -> ExitCode {
    let selection: StepSelection
    do throws(UsageError) { selection = try steps.selection(of: file.definition) } catch {
      throw .usage(error)
    }
    let reader = SecretReader(
      file.definition, in: file.folder, environment: ProcessFacts.environment,
      file: { path, limit in
        Result { () throws(Errno) in try SecretFiles.read(path, limit: limit) }
      })
    let isLeftOut = unselected.flags(of: file.definition.steps.count)
    let secrets = reader.find(file.definition.steps.indices.filter { !isLeftOut[$0] })
    let plan = PlanPrinter(file.definition, file.graph, values, selection, secrets)
    context.output.write(json ? plan.json : plan.text)
    do throws(RunError) {
      try SecretFinding.check(secrets)
      try reader.check(values)
    } catch {
      throw .run(error)
    }
    return .success
  }

  /// Resumes an interrupted run of the group instead.
  private func resume(
    _ id: String, of group: String, _ context: CommandContext
  ) throws(CommandError) -> ExitCode {
    var line = ["--on-term", onTerminate.rawValue]
    if isQuiet { line.append("--quiet") }
    if json { line.append("--json") }
    if isVerbose { line.append(Self.verboseOption.spelling) }
    let command: RestartCommand
    do throws(UsageError) {
      guard
        case .arguments(let arguments) = try ArgumentScanner.scan(
          (line + ["--", id])[...], as: RestartCommand.syntax)
      else { preconditionFailure("a restart was taken for a question") }
      command = try RestartCommand(arguments)
    } catch {
      throw .usage(error)
    }
    do throws(CommandError) { return try command.perform(context) } catch {
      // Another starter has resumed it at the same moment.
      if case .run(.runIsHeld) = error { throw .groupIsTaken(group, by: id) }
      throw error
    }
  }

  /// Lets another process create the run and drive it, out of reach of this terminal.
  ///
  /// - Parameters:
  ///   - file: a definition that only this process can read is handed over.
  ///   - other: an interrupted run of the group, to be resumed instead.
  private func detach(
    _ id: String, _ file: DefinitionFile, _ values: [ParameterValue], resuming other: String?,
    _ context: CommandContext
  ) throws(CommandError) -> ExitCode {
    let options = ["--quiet", "--on-term", onTerminate.rawValue]
    let line =
      other.map { ["restart"] + options + ["--", $0] } ?? creation(of: id, file, values, options)
    do throws(DetachedEngine.Failure) {
      let input = file.isStream && other == nil ? file.bytes : nil
      context.errors.write(try DetachedEngine.start(line, input: input))
    } catch {
      switch error {
      case .system(let errno): throw .system("start an engine", errno)
      case .ended(let code, let errors):
        context.errors.write(errors)
        return ExitCode(rawValue: code) ?? .environment
      }
    }
    if !isQuiet { context.output.write("run \(other ?? id)\n") }
    return .success
  }

  /// The command line of a detached engine that creates a run.
  private func creation(
    of id: String, _ file: DefinitionFile, _ values: [ParameterValue], _ options: [String]
  ) -> [String] {
    var line =
      ["run"] + options + ["--run-id", id] + RunParameters.words(values, of: file.definition)
    line += steps.words
    if let jobs { line += ["--jobs", String(jobs)] }
    if !syncsWork { line.append(Self.noSyncOption.spelling) }
    if ignoresResults { line.append(Self.noCacheOption.spelling) }
    if let group { line += ["--exclusive", group] }
    if let onConflict { line += ["--on-conflict", "\(onConflict)"] }
    return line + ["--", file.isStream ? "-" : self.file]
  }

  static func heartbeat(
    _ arguments: ScannedArguments, command: String?
  ) throws(UsageError) -> Int64 {
    guard let text = arguments.text(heartbeatOption) else { return Heartbeat.defaultMilliseconds }
    if text == "0" { return 0 }
    guard let time = DurationFormat.milliseconds(ArraySlice(text.utf8)),
      time <= DurationFormat.longestMilliseconds
    else {
      throw UsageError(
        command: command,
        .invalidValue(
          heartbeatOption.spelling, value: text, expected: "a time such as 30s or 5m, or 0"))
    }
    return time
  }

  static func onTerminate(
    _ arguments: ScannedArguments, command: String?
  ) throws(UsageError) -> TerminationPolicy {
    guard let word = arguments.text(onTermOption) else { return .usual }
    guard let policy = TerminationPolicy(rawValue: word) else {
      throw UsageError(
        command: command,
        .invalidValue(
          onTermOption.spelling, value: word,
          expected: TerminationPolicy.allCases.map(\.rawValue).joined(separator: " or ")))
    }
    return policy
  }
}
