package import FlowCommandLine
import FlowSystem

/// `flow man [PAGE]`.
package struct ManCommand: Subcommand, Equatable {
  let page: ManualPage

  package static let syntax = CommandSyntax(
    name: "man", purpose: "print a manual page",
    details: """
      To read one: flow man flow.5 | man -l -
      To install it: flow man > /usr/local/share/man/man1/flow.1
      """,
    arguments: [
      Argument(
        "PAGE", .optional, words: ManualPage.allCases.map(\.rawValue),
        "flow.1: the commands (the default); flow.5: workflow files")
    ],
    examples: [
      .init("flow man", "the commands"), .init("flow man flow.5", "the keys of workflow files"),
    ],
    exitCodes: [.success, .usage])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    let name = arguments.argument(0) ?? ManualPage.command.rawValue
    guard let page = ManualPage(rawValue: name) else {
      throw UsageError(
        command: Self.syntax.name,
        .invalidValue("PAGE", value: name, expected: "flow.1 or flow.5"))
    }
    self.page = page
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    context.output.write(page.text)
    return .success
  }
}
