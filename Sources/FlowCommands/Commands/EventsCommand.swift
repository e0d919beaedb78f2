package import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowSystem

/// `flow events RUN`.
package struct EventsCommand: Subcommand, Equatable {
  package let run: String
  package let json: Bool
  /// Whether to go on until the run has ended.
  package let follow: Bool

  private static let jsonOption = Option("json", "print each event as a line of JSON")

  package static let syntax = CommandSyntax(
    name: "events", purpose: "print the history of a run, event by event",
    details: "Times are UTC. Events of one wake-up of the engine share their time.",
    arguments: [.run], options: [.follow, jsonOption],
    examples: [
      .init("flow events latest", "what happened, and what the engine chose"),
      .init("flow events latest --follow", "the same as it goes on, until the run has ended"),
      .init("flow events latest --json", "the same for programs"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment])

  package init(_ arguments: ScannedArguments) {
    run = arguments.positional[0]
    json = arguments.has(Self.jsonOption)
    follow = arguments.has(.follow)
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    follow ? try followRun(context) : try printRun(context)
  }

  private func followRun(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let output = context.output
    return try RunFollower.follow(run, context) { events, state in
      let printer = EventPrinter(runID: state.created.runID, definition: state.definition)
      for event in events { output.write(json ? printer.json(event) : printer.text(event)) }
    }
  }

  private func printRun(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let output = context.output
    let home = try context.home()
    do throws(RunError) {
      let id = try home.resolve(run)
      var reader = try RunReader(home.folder(of: id), in: home.storage)
      var printer = EventPrinter(runID: id, definition: nil)
      var replay = Replay()
      var isDefined = false
      while let event = try reader.next() {
        if !isDefined {
          // Steps have names once the definition is complete, and no event speaks of one before.
          do throws(HistoryError) { try replay.apply(event) } catch {
            throw .history(path: home.folder(of: id).log, error)
          }
          if let definition = replay.state?.definition {
            printer = EventPrinter(runID: id, definition: definition)
            isDefined = true
          }
        }
        output.write(json ? printer.json(event) : printer.text(event))
        output.flushWhenLarge()
      }
      if let warning = reader.tail?.warning { context.warn(warning) }
      return .success
    } catch {
      throw .run(error)
    }
  }
}
