package import FlowCommandLine
import FlowCore
import FlowSystem

/// `flow report RUN`.
package struct ReportCommand: Subcommand, Equatable {
  package let run: String
  /// Where to write; nil means a file that is named after the run.
  package let file: String?

  private static let outputOption = Option(
    "output", short: "o", takes: .text(placeholder: "FILE"),
    "write to FILE, not to RUN.html; \"-\" means standard output")

  package static let syntax = CommandSyntax(
    name: "report", purpose: "write a report of a run as one HTML file",
    details: """
      The page needs no network and no scripts. It shows what went wrong, a timeline
      of all attempts, the step graph, where the time went, and the end of each
      output.
      """,
    arguments: [.run], options: [outputOption],
    examples: [
      .init("flow report latest", "writes RUN.html and prints its name"),
      .init("flow report latest -o page.html", "write to page.html"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment, .newer])

  package init(_ arguments: ScannedArguments) {
    run = arguments.positional[0]
    file = arguments.text(Self.outputOption)
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let run = try OpenedRun(named: run, into: RunHistory(keeping: .times), context)
    let explainer = try run.explainer(context)
    let path = file ?? "\(run.id).html"
    var sink = try OutputSink(path == "-" ? nil : path, context)
    let outputs = AttemptOutputs(runID: run.id, folder: run.folder)
    let warning = run.problem.map { "The history is only partly readable: \($0)" }
    let origin = ReportOrigin(of: run.folder, run.history)
    ReportPage(explainer, origin: origin, warning: warning) { attempt, limit in
      outputs.excerpt(attempt, explainer.state, limit: limit)
    }
    .write(to: &sink)
    try sink.finish()
    if file == nil { context.output.write("\(path)\n") }
    // The page shows the readable part of the history.
    if let problem = run.problem { throw problem }
    return .success
  }
}
