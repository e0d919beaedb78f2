import FlowCache
package import FlowCommandLine
import FlowRuntime
import FlowStorage
import FlowSystem

/// `flow launch-cached`, as which the command of a step with `inputs` or `cache` begins: it looks whether the
/// inputs are there, and whether a former result can be used; if not, it becomes the command.
///
/// Where it does not become the command, what it prints is the output of the attempt.
package struct LaunchCachedCommand: Subcommand {
  private let step: CachedStepOptions
  private let outputs: [String]
  private let command: [String]

  private static let output = Option(
    CachedCommand.output, takes: .text(placeholder: "NAME=TYPE"), isRepeatable: true,
    "an output of the step")

  package static let syntax = CommandSyntax(
    name: CachedCommand.name, purpose: "use a former result, or run the command, for the engine",
    arguments: [Argument("COMMAND", .many, "a program and its arguments")],
    options: CachedStepOptions.all + [output], exitCodes: [.success, .runFailed],
    exitMeaning: { code in
      code == .success
        ? "a former result is used" : "an input is missing, or the command cannot be executed"
    })

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    step = try CachedStepOptions(arguments, Self.syntax.name)
    outputs = arguments.texts(Self.output)
    command = arguments.positional
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let launch = CachedStepLaunch(step, command: command, outputs: outputs)
    switch launch.look() {
    case .reused: return .success
    case .refused(let reason):
      context.errors.write("\(reason)\n")
      return .runFailed
    case .runs(let environment):
      context.errors.flush()
      let errno = CommandExecution.become(command, environment: environment)
      launch.note(.notExecuted(errno: errno.rawValue))
      return .runFailed
    }
  }
}
