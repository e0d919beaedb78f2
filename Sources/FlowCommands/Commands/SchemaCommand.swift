package import FlowCommandLine
import FlowDefinition
import FlowSystem

/// `flow schema`.
package struct SchemaCommand: Subcommand, Equatable {
  /// Nil for both.
  let spelling: DefinitionSpelling?

  private static let spellingOption = Option(
    "spelling", takes: .text(placeholder: "WHAT"), words: ["json"],
    "json: refuse what only YAML takes, such as PORT: 8080")

  package static let syntax = CommandSyntax(
    name: "schema", purpose: "print the JSON Schema of workflow files, for editors",
    details: """
      Editors that know JSON Schema (2020-12) complete keys, show what they mean and
      mark errors. Write it to a file. The first line of a YAML file names that:

        # yaml-language-server: $schema=flow.schema.json

      For JSON it is a setting of the editor. "flow validate" checks more: needs,
      templates, probes.
      """,
    options: [spellingOption],
    examples: [
      .init("flow schema", "for YAML and JSON"),
      .init("flow schema --spelling json", "for files in JSON alone"),
    ],
    exitCodes: [.success, .usage])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    switch arguments.text(Self.spellingOption) {
    case nil: spelling = nil
    case "json": spelling = .json
    case let word?:
      throw UsageError(
        command: Self.syntax.name,
        .invalidValue(Self.spellingOption.spelling, value: word, expected: "json"))
    }
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    context.output.write(DefinitionSchema.text(of: spelling))
    return .success
  }
}
