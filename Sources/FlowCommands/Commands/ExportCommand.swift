package import FlowCommandLine
import FlowCore
import FlowLog
import FlowRuntime
import FlowSystem

/// `flow export RUN`.
package struct ExportCommand: Subcommand, Equatable {
  package let run: String
  package let format: ExportFormat
  /// Nil means standard output.
  package let file: String?
  /// Whether the events are part of the document; `.json` only.
  package let withEvents: Bool

  private static let formatOption = Option(
    "format", short: "f", takes: .text(placeholder: "FORMAT"),
    words: ExportFormat.allCases.map(\.rawValue),
    "json (the default), chrome-trace, junit, dot or mermaid")
  private static let eventsOption = Option("events", "include every event (json only)")

  package static let syntax = CommandSyntax(
    name: "export", purpose: "export a run for other programs",
    details: """
      json          the entire run as one document
      chrome-trace  a timeline for ui.perfetto.dev and chrome://tracing
      junit         a test report for CI servers, one test case per step
      dot, mermaid  the graph of the steps, coloured by state
      """,
    arguments: [.run], options: [formatOption, .output, eventsOption],
    examples: [
      .init("flow export latest --format junit -o report.xml", "for a CI server"),
      .init("flow export latest --events", "run and events, as JSON"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment, .newer])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    run = arguments.positional[0]
    file = arguments.outputFile
    withEvents = arguments.has(Self.eventsOption)
    let name = arguments.text(Self.formatOption) ?? ExportFormat.json.rawValue
    guard let format = ExportFormat(rawValue: name) else {
      throw UsageError(
        command: Self.syntax.name,
        .invalidValue(
          Self.formatOption.spelling, value: name,
          expected: "one of " + ExportFormat.allCases.map(\.rawValue).joined(separator: ", ")))
    }
    self.format = format
    if withEvents && format != .json {
      throw UsageError(
        command: Self.syntax.name,
        .exclusiveOptions(
          Self.eventsOption.spelling, "\(Self.formatOption.spelling) \(format.rawValue)"))
    }
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let run = try OpenedRun(named: run, into: RunHistory(keeping: .times), context)
    let explainer = try run.explainer(context)
    var sink = try OutputSink(file, context)
    var problem = run.problem
    var notice: String?
    switch format {
    case .json:
      let forEachEvent = { (body: (Event) -> Void) in
        do throws(CommandError) { try run.forEachEvent(context, body) } catch { problem = error }
      }
      JSONExporter(explainer: explainer, forEachEvent: withEvents ? forEachEvent : nil)
        .write(to: &sink)
    case .chromeTrace: ChromeTraceExporter(explainer).write(to: &sink)
    case .junit:
      let outputs = AttemptOutputs(runID: run.id, folder: run.folder)
      JUnitExporter(explainer) {
        outputs.excerpt($0, explainer.state, limit: OutputExcerpt.mostBytes)
      }
      .write(to: &sink)
    case .dot: DotExporter(explainer: explainer).write(to: &sink)
    case .mermaid: notice = MermaidExporter(explainer: explainer).write(to: &sink)
    }
    try sink.finish()
    if let notice { context.warn(notice) }
    // The document holds the readable part of the history.
    if let problem { throw problem }
    return .success
  }
}

extension Option {
  static let output = Option(
    "output", short: "o", takes: .text(placeholder: "FILE"),
    "write to FILE; \"-\" means standard output")
}

extension ScannedArguments {
  /// Nil means standard output: the default, or `-`.
  var outputFile: String? { text(.output).flatMap { $0 == "-" ? nil : $0 } }
}
