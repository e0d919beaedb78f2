/// `flow run FILE`.
package struct RunCommand: Subcommand, Equatable {
  package let file: String
  /// Nil means what the definition says.
  package let jobs: Int?
  /// Nil means that one is made.
  package let runID: String?
  package let isQuiet: Bool
  package let json: Bool

  private static let jobsOption = Option(
    "jobs", short: "j", takes: .integer(placeholder: "N", 1...4_096),
    "run at most N attempts at once (1 to 4096)")
  private static let runIDOption = Option(
    "run-id", takes: .text(placeholder: "ID"), "name the run, instead of by workflow and time")
  private static let quietOption = Option("quiet", short: "q", "print nothing but errors")
  private static let jsonOption = Option("json", "print each event as a line of JSON")

  package static let syntax = CommandSyntax(
    name: "run", purpose: "create a run of a workflow and drive it to its end",
    details: "The first line that is printed is \"run ID\"; progress follows.",
    arguments: [Argument("FILE", .one, "the workflow definition")],
    options: [jobsOption, runIDOption, quietOption, jsonOption],
    examples: [
      .init("flow run nightly.json", "run it"),
      .init("flow run --jobs 4 nightly.json", "at most four attempts at once"),
      .init("flow run --json nightly.json", "for a program that follows the run"),
    ],
    exitCodes: [
      .success, .runFailed, .usage, .runCancelled, .runUnfinished, .damaged, .environment,
    ])

  package init(_ arguments: ScannedArguments) {
    file = arguments.positional[0]
    jobs = arguments.integer(Self.jobsOption)
    runID = arguments.text(Self.runIDOption)
    isQuiet = arguments.has(Self.quietOption)
    json = arguments.has(Self.jsonOption)
  }
}
