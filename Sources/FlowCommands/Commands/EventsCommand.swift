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
    details: "Times are UTC. Events that the engine recorded together share one time.",
    arguments: [.run], options: [.follow, jsonOption],
    examples: [
      .init("flow events latest", "all facts and decisions of the most recent run"),
      .init("flow events latest --follow", "print events as they happen"),
      .init("flow events latest --json", "one JSON object per line"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment, .newer])

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
      var lines = EventLines(runID: id, json: json, output: output)
      try reader.read(into: &lines)
      if let warning = reader.tail?.warning { context.warn(warning) }
      return .success
    } catch {
      throw .run(error)
    }
  }
}

/// Prints each event that it is given.
private struct EventLines: EventFold {
  private let runID: String
  private let json: Bool
  private let output: StandardStream
  private var printer: EventPrinter
  private var replay = Replay()
  /// Whether events to come can make steps, which have names only then.
  private var makesSteps = false

  init(runID: String, json: Bool, output: StandardStream) {
    self.runID = runID
    self.json = json
    self.output = output
    printer = EventPrinter(runID: runID, definition: nil)
  }

  mutating func apply(_ event: Event) throws(HistoryError) {
    if !replay.isDefined {
      // Steps have names once the definition is complete, and no event names one before that.
      try replay.apply(event)
      nameSteps()
      makesSteps = replay.state?.definition.hasForEach ?? false
    } else if makesSteps {
      // What cannot follow is printed all the same.
      do throws(HistoryError) { try replay.apply(event) } catch { makesSteps = false }
      if case .stepExpanded = event.body { nameSteps() }
    }
    output.write(json ? printer.json(event) : printer.text(event))
    output.flushWhenLarge()
  }

  private mutating func nameSteps() {
    guard let definition = replay.state?.definition else { return }
    printer = EventPrinter(runID: runID, definition: definition)
  }
}
