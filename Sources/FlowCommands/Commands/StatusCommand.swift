package import FlowCommandLine
import FlowCore

/// `flow status [RUN]`.
package struct StatusCommand: Subcommand, Equatable {
  /// Nil means the latest run.
  package let run: String?
  package let json: Bool
  /// Whether to show it as long as it goes on.
  package let watch: Bool
  package let showsAll: Bool
  /// Whether the exit code is that of the run.
  package let tellsByExit: Bool

  private static let watchOption = Option(
    "watch", short: "w", "update the view until the run ends")

  private static let allOption = Option(
    "all", "show all items of steps with forEach")

  private static let exitOption = Option(
    "exit-status", "exit as the run did; 4 if it is unfinished")

  package static let syntax = CommandSyntax(
    name: "status", purpose: "show the state of a run and its steps",
    arguments: [
      Argument("RUN", .optional, "a run id, a unique prefix of one, or \"latest\" (the default)")
    ],
    options: [watchOption, allOption, exitOption, .json],
    examples: [
      .init("flow status", "the most recent run"),
      .init("flow status --watch", "follow it until it ends"),
      .init("flow status nightly-2026", "the run whose id starts with this"),
    ],
    exitCodes: [
      .success, .runFailed, .usage, .runCancelled, .runUnfinished, .damaged, .environment, .newer,
    ],
    exitMeaning: { code in
      switch code {
      case .runUnfinished: "with --exit-status: the run is unfinished"
      case .runFailed, .runCancelled: "with --exit-status: \(code.meaning)"
      default: code.meaning
      }
    })

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    run = arguments.argument(0)
    json = arguments.has(.json)
    watch = arguments.has(Self.watchOption)
    showsAll = arguments.has(Self.allOption)
    tellsByExit = arguments.has(Self.exitOption)
    if watch && json {
      throw UsageError(
        command: Self.syntax.name,
        .exclusiveOptions(Self.watchOption.spelling, Option.json.spelling))
    }
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    if watch {
      let outcome = try RunWatch.follow(run ?? "latest", context)
      return tellsByExit ? outcome.map { ExitCode($0) } ?? .runUnfinished : .success
    }
    var output = context.output
    let history = RunHistory(keeping: json ? .allAttempts : .lastAttempts)
    let run = try OpenedRun(named: run ?? "latest", into: history, context)
    var printer = StatusPrinter(
      run.history, runID: run.id, isHeld: run.isHeld, engineProcessID: run.engineProcessID,
      isSuspended: run.isSuspended, lacking: run.lacking,
      abandoned: try run.abandonedAttempts(in: context.home()), problem: run.problem?.ofHistory,
      now: context.now().wall)
    if let state = run.history.state { printer.survivors = run.survivors(state) }
    printer.showsAll = showsAll
    printer.kept = KeptAnswers(run.history.state, in: try context.home(), now: context.now().wall)
    if json { printer.printJSON(to: &output) } else { printer.printText(to: &output) }
    if let problem = run.problem { throw problem }
    guard tellsByExit else { return .success }
    if let outcome = run.history.state?.conclusion { return ExitCode(outcome) }
    return .runUnfinished
  }
}
