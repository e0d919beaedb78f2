package import FlowCommandLine
import FlowSystem

/// `flow help [COMMAND]`.
package struct HelpCommand: Subcommand, Equatable {
  package let topic: String?

  package static let syntax = CommandSyntax(
    name: "help", purpose: "show this overview, or the help of a command",
    arguments: [Argument("COMMAND", .optional, "the command to explain")],
    exitCodes: [.success, .usage])

  package init(_ arguments: ScannedArguments) {
    topic = arguments.argument(0)
  }

  func answer() throws(UsageError) -> Invocation {
    guard let topic else { return .text(Invocation.overview) }
    return .text(HelpText.of(try Invocation.command(named: topic).syntax))
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    do throws(UsageError) {
      if case .text(let text) = try answer() { context.output.write(text) }
      return .success
    } catch {
      throw .usage(error)
    }
  }
}
