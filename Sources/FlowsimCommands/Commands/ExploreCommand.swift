import FlowCommandLine
import FlowCore
import FlowSimulation
import FlowSystem

/// `flowsim explore --steps S`: every world of all small workflows.
struct ExploreCommand {
  private static let stepsOption = Option(
    "steps", takes: .integer(placeholder: "S", 1...WorkflowShape.mostSteps),
    "workflows of up to S steps (needed)")
  private static let crashesOption = Option(
    "crashes", takes: .integer(placeholder: "C", 0...9),
    "the engine dies up to C times in a world (1)")
  private static let tierOption = Option(
    "tier", takes: .integer(placeholder: "T", 0...1),
    "what a power loss may leave: 0 as ext4 (the default), 1 all that POSIX allows")
  private static let apartOption = Option(
    "apart", takes: .integer(placeholder: "K", 0...1_000),
    "a power loss leaves all or nothing, but of up to K files and folders (any number)")
  private static let failuresOption = Option(
    "failures", takes: .integer(placeholder: "N", 0...100),
    "up to N commands fail in a world, whichever (none)")
  private static let minutesOption = Option(
    "minutes", takes: .integer(placeholder: "M", 1...100_000), "stop after so long")
  private static let traceOption = Option(
    "trace", takes: .text(placeholder: "FILE"), "write the first failure, shrunk")

  static let syntax = CommandSyntax(
    program: "flowsim", name: "explore",
    purpose: "go through all worlds of small workflows in which the engine dies",
    details: """
      Nothing is left to chance. Of workflows there is one of each shape, on one slot,
      two, and so on. At each moment (before each operation on the disk, launch and
      wait) there is a world in which the engine is killed, one for each image of the
      disk that a power loss may leave there, and one in which it lives. Its
      successors die at each of their moments, too, until C engines have died; the
      last brings the run to its end. After a kill it comes when commands still run,
      and when they have ended. Where worlds are the same up to a power loss, images
      that are the same are one; garbage stands for all garbage.

      All else is fixed: each command takes 40 ms, each action of a launcher or
      monitor takes a microsecond, and nothing else goes wrong. A failure is shrunk
      and written as by flowsim --seed. Where the time is over first, what was left
      out is said; that is no failure. The same bounds give the same trace.
      """,
    options: [
      stepsOption, crashesOption, tierOption, apartOption, failuresOption, minutesOption,
      traceOption, .json,
    ],
    examples: [
      .init("flowsim explore --steps 1", "wherever the engine dies in a run of one step"),
      .init("flowsim explore --steps 1 --crashes 2 --apart 1", "and wherever it dies again"),
      .init("flowsim explore --steps 3 --minutes 10", "as far as ten minutes go"),
    ],
    exitCodes: [.success, .runFailed, .usage], exitMeaning: meaning)

  private static let meaning: @Sendable (ExitCode) -> String = { code in
    switch code {
    case .success: "everything holds that must, in all worlds or as far as the time went"
    default:
      ExitCode.meaningOfFlowsim(code)
    }
  }

  private let context: FlowsimContext
  private let isJSON: Bool
  private let bounds: Exploration.Bounds
  private let start: Moment
  /// When the time is over; nil if it never is.
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
      // The same decisions, and not the same world: nothing to hold on to.
      return context.output.write(
        "a world of \(exploration.subject) fails, and not when it is made again\n")
    }
    let failure = Failure(
      report: report, violation: violation, name: "a world of \(exploration.subject)",
      command: nil)
    context.output.write(isJSON ? ReportJSON.of(report) : failure.beginning)
    // What comes next takes a while.
    context.output.flush()
    failure.show(
      world.shrunk(isolated: context.isolated, by: context.run), writingTo: path, isJSON: isJSON,
      context)
  }
}
