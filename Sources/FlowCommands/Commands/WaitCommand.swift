package import FlowCommandLine
import FlowSystem

/// `flow wait RUN…`.
package struct WaitCommand: Subcommand, Equatable {
  package let runs: [String]

  package static let syntax = CommandSyntax(
    name: "wait", purpose: "wait until runs have ended",
    details: """
      Prints a line for each run when it has ended, and exits as flow run would: with
      several runs, as the first of them that did not succeed. A run that no engine
      drives counts as unfinished.
      """,
    arguments: [
      Argument("RUN", .many, "a run id, a unique prefix of one, or \"latest\"")
    ],
    examples: [
      .init("flow wait latest", "wait for the most recent run"),
      .init("flow wait build-7 build-8", "wait for both"),
    ],
    exitCodes: [
      .success, .runFailed, .usage, .runCancelled, .runUnfinished, .damaged, .environment, .newer,
    ])

  package init(_ arguments: ScannedArguments) {
    runs = arguments.positional
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    try RunFollower.watch(runs, context) { watch, _ in
      // An engine that still lives runs its notices.
      if let outcome = watch.isHeld ? watch.conclusion : watch.outcome {
        context.output.write("run \(watch.id) \(outcome)\n")
        return ExitCode(outcome)
      }
      if watch.isHeld { return nil }
      let advice = "resume it with: flow restart \(watch.id)"
      context.output.write("run \(watch.id) is interrupted: no engine drives it; \(advice)\n")
      return .runUnfinished
    }
  }
}
