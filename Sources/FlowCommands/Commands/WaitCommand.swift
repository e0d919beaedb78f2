package import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowStorage
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

  /// How often to look.
  private static let intervalMilliseconds: Int64 = 100

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let home = try context.home()
    let time: EventLoop
    do throws(Errno) { time = EventLoop(signals: try SignalDescriptor()) } catch {
      throw .system("watch runs", error)
    }
    var interrupt: Int32?
    time.onSignal = { if SignalDescriptor.asksToStop($0) { interrupt = $0 } }
    time.pendingOutput = { context.output.pendingDescriptor }
    var code = ExitCode.success
    for run in runs {
      var watch: RunHistoryWatch
      do throws(RunError) { watch = try RunHistoryWatch(try home.resolve(run), home) } catch {
        throw .run(error)
      }
      var ended: ExitCode?
      while ended == nil {
        ended = try Self.look(&watch, context)
        if ended != nil { break }
        time.wait(
          until: EventLoop.monotonicNow().advanced(byMilliseconds: Self.intervalMilliseconds))
        if let interrupt {
          context.output.flushAvailable()
          SignalDescriptor.end(by: interrupt)
        }
      }
      if code == .success, let ended { code = ended }
    }
    return code
  }

  /// - Returns: nil while an engine drives the run.
  private static func look(
    _ watch: inout RunHistoryWatch, _ context: CommandContext
  ) throws(CommandError) -> ExitCode? {
    do throws(RunError) { try watch.readOn() } catch { throw .run(error) }
    if let outcome = watch.outcome {
      context.output.write("run \(watch.id) \(outcome)\n")
      return ExitCode(outcome)
    }
    if watch.isHeld { return nil }
    // What its engine wrote last may not have been read yet.
    do throws(RunError) { try watch.readOn() } catch { throw .run(error) }
    if watch.outcome != nil || watch.isHeld { return try look(&watch, context) }
    context.output.write(
      "run \(watch.id) is interrupted: no engine drives it; resume it with: flow restart \(watch.id)\n"
    )
    return .runUnfinished
  }
}
