/// `flow events RUN`.
package struct EventsCommand: Subcommand, Equatable {
  package let run: String
  package let json: Bool

  private static let jsonOption = Option("json", "print each event as a line of JSON")

  package static let syntax = CommandSyntax(
    name: "events", purpose: "print the history of a run, event by event",
    details: "Times are UTC. Events of one wake-up of the engine share their time.",
    arguments: [.run], options: [jsonOption],
    examples: [
      .init("flow events latest", "what happened, and what the engine chose"),
      .init("flow events latest --json", "the same for programs"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment])

  package init(_ arguments: ScannedArguments) {
    run = arguments.positional[0]
    json = arguments.has(Self.jsonOption)
  }
}
