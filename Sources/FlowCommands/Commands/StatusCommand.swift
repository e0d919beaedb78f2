package import FlowCommandLine
import FlowCore

/// `flow status [RUN]`.
package struct StatusCommand: Subcommand, Equatable {
  /// Nil means the latest run.
  package let run: String?
  package let json: Bool

  package static let syntax = CommandSyntax(
    name: "status", purpose: "show where a run and its steps stand",
    arguments: [
      Argument("RUN", .optional, "a run id, a unique prefix of one, or \"latest\" (the default)")
    ],
    options: [.json],
    examples: [
      .init("flow status", "the run that was created last"),
      .init("flow status nightly-2026", "the one run whose id begins so"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment])

  package init(_ arguments: ScannedArguments) {
    run = arguments.argument(0)
    json = arguments.has(.json)
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    var output = context.output
    let run = try RecordedRun(named: run ?? "latest", context)
    let printer = StatusPrinter(
      run.summary, runID: run.id, engineProcessID: run.isHeld ? run.engineProcessID ?? 0 : nil,
      now: context.now().wall)
    if json { printer.printJSON(to: &output) } else { printer.printText(to: &output) }
    if let problem = run.problem { throw problem }
    return .success
  }
}
