package import FlowCommandLine
import FlowCore
import FlowRuntime
package import FlowSystem
import FlowText

/// `flow restart RUN`.
package struct RestartCommand: Subcommand, Equatable {
  package let run: String
  package let failed: Bool
  /// Whether the run gets the environment of this process.
  package let takesEnvironment: Bool
  package let isQuiet: Bool
  package let json: Bool
  package let onTerminate: TerminationPolicy
  /// Milliseconds between signs of life; zero for none.
  package let heartbeat: Int64

  private static let failedOption = Option(
    "failed", "rerun what did not succeed, and all that came after it")

  private static let environmentOption = Option(
    "env-from-caller", "give the steps the environment of this command")

  package static let syntax = CommandSyntax(
    name: "restart", purpose: "resume a run whose engine is gone",
    details: """
      Reattaches to running attempts; lost ones follow the step's onLost. The
      definition is read from the run's history; the workflow file is not needed.
      Steps have the environment and umask that flow run had, unless
      --env-from-caller replaces them for good.
      """,
    arguments: [.run],
    options: [
      failedOption, environmentOption, RunCommand.onTermOption, RunCommand.quietOption,
      RunCommand.jsonOption, RunCommand.heartbeatOption,
    ],
    examples: [
      .init("flow restart latest", "after a crash, a reboot or a kill"),
      .init("flow restart latest --failed", "rerun what did not succeed, and all after it"),
    ],
    exitCodes: [
      .success, .runFailed, .usage, .runCancelled, .runUnfinished, .damaged, .environment, .newer,
    ])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    run = arguments.positional[0]
    failed = arguments.has(Self.failedOption)
    takesEnvironment = arguments.has(Self.environmentOption)
    isQuiet = arguments.has(RunCommand.quietOption)
    json = arguments.has(RunCommand.jsonOption)
    onTerminate = try RunCommand.onTerminate(arguments, command: Self.syntax.name)
    heartbeat = try RunCommand.heartbeat(arguments, command: Self.syntax.name)
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let home = try context.home()
    let id: String
    do throws(RunError) { id = try home.resolve(run) } catch { throw .run(error) }
    let folder = home.folder(of: id)
    let display = context.display(
      of: id, folder, isQuiet: isQuiet, json: json, heartbeat: heartbeat)
    let drive = try RunDrive(display, folder, onTerminate: onTerminate, home, context)
    let end = try drive.resume(
      id, reopening: failed, environment: takesEnvironment ? .caller : .run)
    if case .endedBefore(let outcome) = end, !isQuiet {
      let advice = outcome == .succeeded ? "" : "; to rerun its steps: flow restart --failed \(id)"
      context.warn("run \(id) has already ended: \(outcome)\(advice)")
    }
    return end.exitCode(ofRun: id, context)
  }
}
