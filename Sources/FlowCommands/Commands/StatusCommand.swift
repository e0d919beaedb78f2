package import FlowCommandLine
import FlowCore

/// `flow status [RUN]`.
package struct StatusCommand: Subcommand, Equatable {
  /// Nil means the latest run.
  package let run: String?
  package let json: Bool
  /// Whether to show it as long as it goes on.
  package let watch: Bool

  private static let watchOption = Option(
    "watch", short: "w", "update the view until the run ends")

  package static let syntax = CommandSyntax(
    name: "status", purpose: "show the state of a run and its steps",
    arguments: [
      Argument("RUN", .optional, "a run id, a unique prefix of one, or \"latest\" (the default)")
    ],
    options: [watchOption, .json],
    examples: [
      .init("flow status", "the most recent run"),
      .init("flow status --watch", "follow it until it ends"),
      .init("flow status nightly-2026", "the run whose id starts with this"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment, .newer])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    run = arguments.argument(0)
    json = arguments.has(.json)
    watch = arguments.has(Self.watchOption)
    if watch && json {
      throw UsageError(
        command: Self.syntax.name,
        .exclusiveOptions(Self.watchOption.spelling, Option.json.spelling))
    }
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    if watch { return try RunWatch.follow(run ?? "latest", context) }
    var output = context.output
    let history = RunHistory(keeping: json ? .allAttempts : .lastAttempts)
    let run = try OpenedRun(named: run ?? "latest", into: history, context)
    let printer = StatusPrinter(
      run.history, runID: run.id, isHeld: run.isHeld, engineProcessID: run.engineProcessID,
      isWaitingForSpace: run.isWaitingForSpace,
      abandoned: try run.abandonedAttempts(in: context.home()), problem: run.problem?.ofHistory,
      now: context.now().wall)
    if json { printer.printJSON(to: &output) } else { printer.printText(to: &output) }
    if let problem = run.problem { throw problem }
    return .success
  }
}
