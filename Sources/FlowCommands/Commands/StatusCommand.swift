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
}
