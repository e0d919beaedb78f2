package import FlowCommandLine
import FlowSystem

/// `flow completions SHELL`.
package struct CompletionsCommand: Subcommand, Equatable {
  let script: CompletionScript

  package static let syntax = CommandSyntax(
    name: "completions", purpose: "print a script that makes a shell complete command lines",
    details: """
      It completes commands, options and their values, run ids, the step ids of a run,
      and with flow run FILE -p the parameters of the file. For one shell:

        source <(flow completions bash)      also with zsh
        flow completions fish | source

      The first lines of a script say how all shells have it.
      """,
    arguments: [
      Argument(
        "SHELL", .one, words: CompletionScript.allCases.map(\.rawValue), "bash, zsh or fish")
    ],
    examples: [
      .init("flow completions bash", "print the script for bash")
    ],
    exitCodes: [.success, .usage])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    guard let script = CompletionScript(rawValue: arguments.positional[0]) else {
      throw UsageError(
        command: Self.syntax.name,
        .invalidValue(
          "SHELL", value: arguments.positional[0], expected: "bash, zsh or fish"))
    }
    self.script = script
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    context.output.write(script.text)
    return .success
  }
}
