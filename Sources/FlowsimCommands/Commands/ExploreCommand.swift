import FlowCommandLine
import FlowCore
import FlowSimulation
import FlowSystem

/// `flowsim explore --steps S`: every world of all small workflows.
struct ExploreCommand {
  private static let stepsOption = Option(
    "steps", takes: .integer(placeholder: "S", 1...WorkflowShape.mostSteps),
    "workflows of up to S steps (required)")
  private static let crashesOption = Option(
    "crashes", takes: .integer(placeholder: "C", 0...9),
    "the engine dies up to C times in a world (1)")
  private static let tierOption = Option(
    "tier", takes: .integer(placeholder: "T", 0...1),
    "what a power loss may leave: 0 as on ext4 (default), 1 whatever POSIX allows")
  private static let apartOption = Option(
    "apart", takes: .integer(placeholder: "K", 0...1_000),
    "up to K files and folders fare differently from the others at a power loss (any)")
  private static let failuresOption = Option(
    "failures", takes: .integer(placeholder: "N", 0...100),
    "up to N commands fail, or answers reject, in a world (0)")
  private static let finallyOption = Option(
    "finally", "each workflow has a step of finally besides its S steps")
  private static let onFailureOption = Option(
    "on-failure", "each of the S steps has an onFailure")
  private static let notifyOption = Option(
    "notify", "each workflow has a notify that tells of every end")
  private static let askOption = Option(
    "ask", "the first of the S steps asks a person, who answers at once")
  private static let forEachOption = Option(
    "for-each", "one of the S steps runs for each of up to two items")
  private static let chainOption = Option(
    "chain", "two steps run for each of up to two items, in place of one of the S")
  private static let filesOption = Option(
    "files", "each step makes two files, which are published; at a power loss that has come any way"
  )
  private static let valuesOption = Option(
    "values", "each step has outputs, and a condition over those before it")
  private static let minutesOption = Option(
    "minutes", takes: .integer(placeholder: "M", 1...100_000), "stop after M minutes")
  private static let traceOption = Option(
    "trace", takes: .text(placeholder: "FILE"), "write the first failure, shrunk, to FILE")

  static let syntax = CommandSyntax(
    program: "flowsim", name: "explore",
    purpose: "explore all worlds of small workflows in which the engine dies",
    details: """
      Nothing is left to chance. There is one workflow of each shape, on one slot, on
      two, and so on. At each moment (before each operation on the disk, launch and
      wait) there is a world in which the engine is killed, one for each image of the
      disk that a power loss may leave, and one in which the engine lives on. The next
      engines die at each of their moments, too, until C engines have died; the last
      one finishes the run. After a kill it starts while commands still run, or when
      they have ended. Worlds that are equal up to a power loss share equal images,
      and one pattern of garbage stands for all.

      Everything else is fixed: a command takes 40 ms, an action of a launcher or
      monitor takes a microsecond, and nothing else goes wrong. A failure is shrunk
      and written as by flowsim --seed. If the time limit comes first, flowsim says
      what was left out; that is no failure. The same bounds give the same trace.
      """,
    options: [
      stepsOption, crashesOption, tierOption, apartOption, failuresOption, finallyOption,
      onFailureOption, notifyOption, askOption, forEachOption, chainOption, filesOption,
      valuesOption,
      minutesOption, traceOption, .json,
    ],
    examples: [
      .init("flowsim explore --steps 1", "wherever the engine dies in a run of one step"),
      .init("flowsim explore --steps 1 --crashes 2 --apart 1", "and wherever the next one dies"),
      .init("flowsim explore --steps 3 --minutes 10", "as far as ten minutes allow"),
    ],
    exitCodes: [.success, .runFailed, .usage], exitMeaning: meaning)

  private static let meaning: @Sendable (ExitCode) -> String = { code in
    switch code {
    case .success: "every property holds, in all worlds or as far as the time allowed"
    default:
      ExitCode.meaningOfFlowsim(code)
    }
  }

  private let context: FlowsimContext
  private let isJSON: Bool
  private let bounds: Exploration.Bounds
  private let start: Moment
  /// The end of the time limit; nil if there is none.
  private let end: Instant?
  private var nextWord: Instant
  private var totals: ExplorationTotals

  private static let wordMicroseconds: Int64 = 10_000_000

  static func perform(
    _ arguments: ScannedArguments, _ context: FlowsimContext
  ) throws(FlowsimError) -> ExitCode {
    guard let steps = arguments.integer(stepsOption) else {
      throw .usage(
        UsageError(
          program: syntax.program, command: syntax.name,
          .missingArgument("--\(stepsOption.name) S")))
    }
    var command = ExploreCommand(arguments, steps: steps, context)
    return command.perform(tracePath: arguments.text(traceOption) ?? "flowsim-explore.trace")
  }

  private init(_ arguments: ScannedArguments, steps: Int, _ context: FlowsimContext) {
    self.context = context
    isJSON = arguments.has(.json)
    var bounds = Exploration.Bounds()
    bounds.crashes = arguments.integer(Self.crashesOption) ?? bounds.crashes
    if arguments.integer(Self.tierOption) == 1 { bounds.tier = .weak }
    bounds.apart = arguments.integer(Self.apartOption) ?? bounds.apart
    bounds.failures = arguments.integer(Self.failuresOption) ?? bounds.failures
    bounds.hasFinally = arguments.has(Self.finallyOption)
    bounds.hasRollbacks = arguments.has(Self.onFailureOption)
    bounds.hasNotice = arguments.has(Self.notifyOption)
    bounds.hasQuestion = arguments.has(Self.askOption)
    bounds.hasNode = arguments.has(Self.forEachOption)
    bounds.hasChain = arguments.has(Self.chainOption)
    bounds.hasFiles = arguments.has(Self.filesOption)
    bounds.hasValues = arguments.has(Self.valuesOption)
    self.bounds = bounds
    totals = ExplorationTotals(steps: steps, bounds)
    start = context.now()
    end = arguments.integer(Self.minutesOption).map { [start] minutes in
      start.monotonic.advanced(byMicroseconds: Int64(minutes) * 60_000_000)
    }
    nextWord = start.monotonic.advanced(byMicroseconds: Self.wordMicroseconds)
  }

  private mutating func perform(tracePath: String) -> ExitCode {
    for subject in totals.subjects {
      var exploration = Exploration(subject, bounds, run: context.run)
      LastWords.set("flowsim: a world of \(subject) breaks a precondition\n")
      var isOver = isTimeOver(exploration)
      while !isOver, let report = exploration.next() {
        if report.violation != nil {
          fail(exploration, writingTo: tracePath)
          return .runFailed
        }
        isOver = isTimeOver(exploration)
      }
      totals.add(exploration)
      if isOver && !exploration.isDone { break }
      context.output.write(
        isJSON ? totals.json(of: exploration) : totals.text(of: exploration))
      context.output.flush()
    }
    let elapsed = context.now().monotonic.microseconds - start.monotonic.microseconds
    context.output.write(
      isJSON
        ? totals.json(elapsedMicroseconds: elapsed) : totals.text(elapsedMicroseconds: elapsed))
    return .success
  }

  private mutating func isTimeOver(_ exploration: Exploration) -> Bool {
    let now = context.now().monotonic
    if now >= nextWord {
      let elapsed = now.microseconds - start.monotonic.microseconds
      context.errors.write(
        "flowsim: \(totals.progress(exploration, elapsedMicroseconds: elapsed))\n")
      context.errors.flush()
      nextWord = now.advanced(byMicroseconds: Self.wordMicroseconds)
    }
    return end.map { now >= $0 } ?? false
  }

  private func fail(_ exploration: Exploration, writingTo path: String) {
    let (report, world) = exploration.recordFailure()
    guard let violation = report.violation else {
      // The same decisions made another world: there is nothing to shrink.
      return context.output.write(
        "a world of \(exploration.subject) fails, but not when it is run again\n")
    }
    let failure = Failure(
      report: report, violation: violation, name: "a world of \(exploration.subject)",
      command: nil)
    context.output.write(isJSON ? ReportJSON.of(report) : failure.beginning)
    // Shrinking takes a while.
    context.output.flush()
    failure.show(
      world.shrunk(isolated: context.isolated, by: context.run), writingTo: path, isJSON: isJSON,
      context)
  }
}
