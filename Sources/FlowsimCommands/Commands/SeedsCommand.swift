import FlowCommandLine
import FlowCore
import FlowSimulation

/// `flowsim --seed N`: the worlds of consecutive seeds.
enum SeedsCommand {
  private static let seedOption = Option(
    "seed", takes: .integer(placeholder: "N", 0...Int.max),
    "the first seed (required; 1 with --workflow)")
  private static let runsOption = Option(
    "runs", takes: .integer(placeholder: "K", 1...1_000_000_000),
    "run K seeds, from N on (1; 1000 with --workflow)")
  private static let traceOption = Option(
    "trace", takes: .text(placeholder: "FILE"),
    "write the first failure, shrunk, to FILE, or the world of a single seed")
  private static let timelineOption = Option(
    "timeline", "print the timeline of each world")
  private static let choicesOption = Option(
    "choices", "print every choice of each world: site, index, value, number of values")
  private static let hashesOption = Option(
    "hashes", "print only each seed and the trace hash of its world")
  private static let twiceOption = Option(
    "twice", "run each world twice: it must be the same")

  static let syntax = CommandSyntax(
    program: "flowsim", name: nil,
    purpose: "run the engine of flow in simulated worlds full of faults",
    details: """
      A seed is a world: a workflow, how its commands behave, and what goes wrong with
      disk, machine and clock. The same seed is always the same world. At the first
      world in which a property is violated, flowsim stops, shrinks it to the simplest
      world that violates the same property, prints that one, and writes it to a file
      for flowsim replay (flowsim-N.trace in the current folder).

      With --workflow the worlds run your own definition: without faults, with faults,
      and then with one change to the definition at a time. Power is lost, the disk
      fills up, engines are killed and restarted within a minute. A model file says
      how long each step takes and how it fails:

        {"default": {"duration": ["10s", "2m"], "fails": "1%"},
         "steps": {"upload": {"duration": "5m", "hangs": "0.1%", "crashes": "1%"}}}
      """,
    options: [
      seedOption, runsOption, WorkflowCommand.workflowOption, WorkflowCommand.modelOption,
      WorldOptions.option, traceOption, timelineOption, choicesOption, hashesOption, twiceOption,
      .json, .version,
    ],
    examples: [
      .init("flowsim --seed 1 --runs 1000", "a thousand worlds"),
      .init("flowsim --seed 42 --timeline", "one world, event by event"),
      .init("flowsim --seed 1 --runs 1000 --option steps=2", "with small workflows only"),
      .init("flowsim replay flowsim-42.trace", "replay a failure"),
      .init("flowsim --workflow nightly.json", "report the hazards of a definition"),
    ],
    exitCodes: [.success, .runFailed, .usage, .environment],
    exitMeaning: ExitCode.meaningOfFlowsim)

  static func perform(
    _ arguments: ScannedArguments, _ context: FlowsimContext
  ) throws(FlowsimError) -> ExitCode {
    if arguments.has(.version) {
      context.output.write("flowsim \(Version.current)\n")
      return .success
    }
    if let command = try workflow(arguments) { return try command.perform(context) }
    var (hunt, seeds) = try prepared(arguments, context)
    let start = context.now()
    for seed in seeds where !hunt.holds(seed) { return .runFailed }
    if !arguments.has(hashesOption) {
      let elapsed = context.now().monotonic.microseconds - start.monotonic.microseconds
      hunt.printTotals(elapsedMicroseconds: elapsed)
    }
    if let path = arguments.text(traceOption) { try writeTrace(of: seeds, to: path, hunt, context) }
    return .success
  }

  /// Nil where the workflows are drawn.
  private static func workflow(
    _ arguments: ScannedArguments
  ) throws(FlowsimError) -> WorkflowCommand? {
    do throws(UsageError) {
      guard let file = arguments.text(WorkflowCommand.workflowOption) else {
        if !arguments.has(WorkflowCommand.modelOption) { return nil }
        throw error(.missingArgument("--\(WorkflowCommand.workflowOption.name) FILE"))
      }
      let others = [
        WorldOptions.option, traceOption, timelineOption, choicesOption, hashesOption, twiceOption,
      ]
      if let other = others.first(where: arguments.has) {
        throw error(
          .exclusiveOptions(WorkflowCommand.workflowOption.spelling, other.spelling))
      }
      return WorkflowCommand(
        file: file, model: arguments.text(WorkflowCommand.modelOption),
        seeds: try seeds(arguments, first: 1, count: WorkflowCommand.defaultRuns),
        isJSON: arguments.has(.json))
    } catch {
      throw .usage(error)
    }
  }

  private static func prepared(
    _ arguments: ScannedArguments, _ context: FlowsimContext
  ) throws(FlowsimError) -> (Hunt, ClosedRange<UInt64>) {
    do throws(UsageError) {
      let seeds = try seeds(arguments, first: nil, count: 1)
      var hunt = Hunt(context, try WorldOptions.recipe(arguments, syntax, run: context.run))
      let shown = [Option.json, timelineOption, choicesOption, hashesOption].filter(arguments.has)
      // Only a timeline can be printed as JSON; the others exclude each other.
      if shown.count > 1, shown.map(\.name) != [Option.json.name, timelineOption.name] {
        throw error(.exclusiveOptions(shown[0].spelling, shown[1].spelling))
      }
      hunt.isJSON = arguments.has(.json)
      hunt.showsTimeline = arguments.has(timelineOption)
      hunt.showsChoices = arguments.has(choicesOption)
      hunt.showsHashes = arguments.has(hashesOption)
      hunt.isTwice = arguments.has(twiceOption)
      hunt.tracePath = arguments.text(traceOption)
      return (hunt, seeds)
    } catch {
      throw .usage(error)
    }
  }

  /// - Parameters:
  ///   - first: the first seed where none is given; nil if one must be.
  ///   - count: how many there are unless it is said.
  private static func seeds(
    _ arguments: ScannedArguments, first: Int?, count: Int
  ) throws(UsageError) -> ClosedRange<UInt64> {
    guard let seed = arguments.integer(seedOption) ?? first else {
      throw error(.missingArgument("--\(seedOption.name) N"))
    }
    let runs = arguments.integer(runsOption) ?? count
    let (last, overflow) = seed.addingReportingOverflow(runs - 1)
    guard !overflow else {
      throw error(
        .invalidValue(
          "--runs", value: String(runs), expected: "at most the number of seeds that are left"))
    }
    return UInt64(seed)...UInt64(last)
  }

  private static func error(_ reason: UsageError.Reason) -> UsageError {
    UsageError(program: syntax.program, command: nil, reason)
  }

  /// A world in which every property holds is written only if it is the only one.
  private static func writeTrace(
    of seeds: ClosedRange<UInt64>, to path: String, _ hunt: Hunt, _ context: FlowsimContext
  ) throws(FlowsimError) {
    guard seeds.count == 1, let seed = seeds.first else {
      return context.warn("\(path) was not written: no world failed")
    }
    try hunt.writeTrace(of: seed, to: path)
  }
}
