/// `flow logs RUN [STEP]`.
package struct LogsCommand: Subcommand, Equatable {
  package let run: String
  /// Nil means every step that has output.
  package let step: String?
  /// Nil means the last.
  package let attempt: Int?

  private static let attemptOption = Option(
    "attempt", takes: .integer(placeholder: "N", 1...Int(Int32.max)),
    "of attempt N, instead of the last")

  package static let syntax = CommandSyntax(
    name: "logs", purpose: "print what the commands of a run wrote",
    arguments: [.run, Argument("STEP", .optional, "of this step only")],
    options: [attemptOption],
    examples: [
      .init("flow logs latest build", "the last attempt of step build"),
      .init("flow logs latest build --attempt 1", "the first"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment])

  package init(_ arguments: ScannedArguments) {
    run = arguments.positional[0]
    step = arguments.argument(1)
    attempt = arguments.integer(Self.attemptOption)
  }
}
