package import FlowCommandLine
import FlowCore
import FlowRuntime
package import FlowSystem
import FlowText

/// `flow restart RUN`.
package struct RestartCommand: Subcommand, Equatable {
  /// Nil for every run whose engine is gone.
  package let run: String?
  package let failed: Bool
  /// The steps that run again in another round.
  let steps: StepOptions
  /// Whether the run gets the environment of this process.
  package let takesEnvironment: Bool
  package let isQuiet: Bool
  package let json: Bool
  package let onTerminate: TerminationPolicy
  /// Milliseconds between signs of life; zero for none.
  package let heartbeat: Int64
  /// Whether each item of a step has lines of its own.
  package let isVerbose: Bool
  /// Tells the process that started this one that the run is resumed; nil where none waits for that.
  package let readiness: DetachedEngine.Readiness?

  private static let allOption = Option(
    "all", "resume in the background every run without an engine")

  private static let failedOption = Option(
    "failed", "rerun what did not succeed, and all that came after it")

  private static let stepOptions = [
    StepOptions.option("from", "rerun these steps, and all that follows from them"),
    StepOptions.option("only", "rerun these steps alone"),
  ]

  private static let environmentOption = Option(
    "env-from-caller", "give the steps the environment of this command")

  package static let syntax = CommandSyntax(
    name: "restart", purpose: "resume a run whose engine is gone",
    details: """
      Reattaches to running attempts; lost ones follow the step's onLost. The
      definition is read from the run's history; the workflow file is not needed.
      Steps have the environment and umask that flow run had, unless
      --env-from-caller replaces them from now on. For that, envFiles of the workflow
      are read again.

      With --all, for example after a reboot, each run gets an engine of its own,
      runs that have an engine are left alone, and the command ends when all engines
      have begun. If runs cannot be resumed, the exit code is that of the first one.

      --failed, --from and --only begin another round of a finished run, also of one
      that succeeded. STEPS are ids, separated by commas. What such a step needs must
      be done, or run again too. All other steps keep their ends: the run succeeds if
      all have succeeded. Steps that the run left out stay so. Changes of the workflow
      file since flow run have no effect, and the command says so.
      """,
    arguments: [
      Argument("RUN", .optional, "a run id, a unique prefix of one, or \"latest\"")
    ],
    options: [
      failedOption, allOption, environmentOption, RunCommand.onTermOption, RunCommand.quietOption,
      RunCommand.verboseOption, RunCommand.jsonOption, RunCommand.heartbeatOption,
    ] + stepOptions,
    examples: [
      .init("flow restart latest", "after a crash, a reboot or a kill"),
      .init("flow restart --all", "every run that a reboot has interrupted"),
      .init("flow restart latest --failed", "rerun what did not succeed, and all after it"),
      .init("flow restart latest --from load", "rerun step load, and all after it"),
    ],
    exitCodes: [
      .success, .runFailed, .usage, .runCancelled, .runUnfinished, .damaged, .environment,
      .notStarted, .newer,
    ])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    run = arguments.argument(0)
    let isForAll = arguments.has(Self.allOption)
    if run == nil, !isForAll {
      throw UsageError(command: Self.syntax.name, .missingArgument("RUN"))
    }
    failed = arguments.has(Self.failedOption)
    steps = try StepOptions(arguments, Self.stepOptions, command: Self.syntax.name)
    if failed, let other = steps.first {
      throw UsageError(
        command: Self.syntax.name,
        .exclusiveOptions(Self.failedOption.spelling, other.spelling))
    }
    takesEnvironment = arguments.has(Self.environmentOption)
    isQuiet = arguments.has(RunCommand.quietOption)
    json = arguments.has(RunCommand.jsonOption)
    onTerminate = try RunCommand.onTerminate(arguments, command: Self.syntax.name)
    heartbeat = try RunCommand.heartbeat(arguments, command: Self.syntax.name)
    isVerbose = arguments.has(RunCommand.verboseOption)
    readiness = DetachedEngine.Readiness.ofThisProcess
    if isForAll {
      let others =
        [
          Self.failedOption, Self.environmentOption, RunCommand.jsonOption,
          RunCommand.verboseOption, RunCommand.heartbeatOption,
        ] + Self.stepOptions
      if let other = others.first(where: { arguments.has($0) }) {
        throw UsageError(
          command: Self.syntax.name,
          .exclusiveOptions(Self.allOption.spelling, other.spelling))
      }
      if let run {
        throw UsageError(command: Self.syntax.name, .exclusiveOptions(Self.allOption.spelling, run))
      }
    }
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    guard let run else {
      let options = ["--on-term", onTerminate.rawValue]
      return try RestartOfAll(context, options: options, isQuiet: isQuiet).perform()
    }
    let home = try context.home()
    let id: String
    do throws(RunError) { id = try home.resolve(run) } catch { throw .run(error) }
    let folder = home.folder(of: id)
    let reopening = try reopening(id, home)
    let display = context.display(
      of: id, folder, isQuiet: isQuiet, json: json, heartbeat: heartbeat, isVerbose: isVerbose)
    let drive = try RunDrive(display, folder, onTerminate: onTerminate, home, context)
    var hasTold = false
    func tell() {
      if hasTold { return }
      hasTold = true
      // Who waits for this process prints what it has to say so far.
      context.errors.flush()
      readiness?.tell(logTo: folder.engineLog)
    }
    switch try enter(id, isReopening: reopening != nil, home, context, onWait: tell) {
    case nil, .resume: break
    case .admitted(let membership): drive.hold(membership)
    case .skipped: return .success
    }
    if reopening != nil, !isQuiet, let created = try? Self.created(id, home),
      let note = DefinitionChange.note(created, folder)
    {
      context.warn(note)
    }
    let end = try drive.resume(
      id, reopening: reopening, environment: takesEnvironment ? .caller : .run
    ) { tell() }
    if case .endedBefore(let outcome) = end, !isQuiet {
      let advice = outcome == .succeeded ? "" : "; to rerun its steps: flow restart --failed \(id)"
      context.warn("run \(id) has already ended: \(outcome)\(advice)")
    }
    return end.exitCode(ofRun: id, context)
  }

  /// What runs again in another round; nil for none.
  private func reopening(
    _ id: String, _ home: RunHome<LinuxStorage>
  ) throws(CommandError) -> Reopening? {
    if failed { return .unsuccessful }
    if steps.isEmpty { return nil }
    let state: RunState?
    do throws(RunError) {
      var watch = try RunHistoryWatch(id, home)
      try watch.readOn()
      state = watch.state
    } catch {
      throw .run(error)
    }
    guard let state else { throw .run(.notFinished(id)) }
    do throws(UsageError) {
      let only = StepSet(try steps.steps(StepOptions.only, of: state.definition))
      let from = StepSet(try steps.steps(StepOptions.from, of: state.definition))
      let reopening = only.isEmpty ? Reopening.from(from) : .only(only)
      try steps.checkGone(state.childrenWithoutItem(reopening), state)
      return reopening
    } catch {
      throw .usage(error)
    }
  }

  private static func created(
    _ id: String, _ home: RunHome<LinuxStorage>
  ) throws(RunError) -> RunCreated? {
    var watch = try RunHistoryWatch(id, home)
    try watch.readOn()
    return watch.state?.created
  }

  /// Lets the run into its group, also while it has an engine: that may be about to end, and then this
  /// process drives the run.
  ///
  /// - Returns: nil if it has none, or has ended.
  private func enter(
    _ id: String, isReopening: Bool, _ home: RunHome<LinuxStorage>, _ context: CommandContext,
    onWait: () -> Void
  ) throws(CommandError) -> RunAdmission.Entry? {
    let created: RunCreated
    do throws(RunError) {
      var watch = try RunHistoryWatch(id, home)
      try watch.readOn()
      guard let state = watch.state, isReopening || watch.outcome == nil else { return nil }
      created = state.created
    } catch {
      // Whatever is wrong with the run, its take-over says it.
      return nil
    }
    guard let group = created.group else { return nil }
    let admission = RunAdmission(
      to: group, created.onConflict, home, context, isQuiet: isQuiet)
    return try admission.enter(id, isNew: false, onWait: onWait)
  }
}
