import FlowCommandLine
import FlowCore
import FlowSimulation

/// `flowsim soak --minutes M`: runs new worlds until the time is over.
enum SoakCommand {
  private static let minutesOption = Option(
    "minutes", takes: .integer(placeholder: "M", 1...100_000), "how long to run (required)")
  private static let seedOption = Option(
    "seed", takes: .integer(placeholder: "N", 0...Int.max),
    "the first seed (one that no earlier soak has reached)")
  private static let traceOption = Option(
    "trace", takes: .text(placeholder: "FILE"), "write the first failure, shrunk, to FILE")

  static let syntax = CommandSyntax(
    program: "flowsim", name: "soak",
    purpose: "run new worlds until the time is over or one fails",
    details: """
      Ends with totals: worlds, events, faults by kind, deaths of the engine by
      operation, and worlds per second. Reports its progress on standard error every
      ten seconds. A failure ends it, is shrunk, and is written as by flowsim --seed.
      """,
    options: [minutesOption, seedOption, WorldOptions.option, traceOption, .json],
    examples: [
      .init("flowsim soak --minutes 10", "ten minutes of new worlds"),
      .init("flowsim soak --minutes 1 --seed 1", "one minute, from seed 1 on"),
    ],
    exitCodes: [.success, .runFailed, .usage, .environment],
    exitMeaning: ExitCode.meaningOfFlowsim)

  static func perform(
    _ arguments: ScannedArguments, _ context: FlowsimContext
  ) throws(FlowsimError) -> ExitCode {
    var hunt = try prepared(arguments, context)
    let minutes = arguments.integer(minutesOption) ?? 0
    let start = context.now()
    // Microseconds: a thousand times as many as there are worlds, so no two soaks meet.
    var seed = UInt64(arguments.integer(seedOption) ?? Int(start.wall.microseconds))
    context.errors.write("flowsim: soaking for \(minutes) min from seed \(seed) on\n")
    context.errors.flush()
    let end = start.monotonic.advanced(byMicroseconds: Int64(minutes) * 60_000_000)
    var nextWord = start.monotonic.advanced(byMicroseconds: wordMicroseconds)
    var now = start.monotonic
    repeat {
      guard hunt.holds(seed) else { return .runFailed }
      seed &+= 1
      now = context.now().monotonic
      if now >= nextWord && now < end {
        let elapsed = now.microseconds - start.monotonic.microseconds
        context.errors.write("flowsim: \(hunt.totals.progress(elapsedMicroseconds: elapsed))\n")
        context.errors.flush()
        nextWord = now.advanced(byMicroseconds: wordMicroseconds)
      }
    } while now < end
    hunt.printTotals(elapsedMicroseconds: now.microseconds - start.monotonic.microseconds)
    return .success
  }

  private static let wordMicroseconds: Int64 = 10_000_000

  private static func prepared(
    _ arguments: ScannedArguments, _ context: FlowsimContext
  ) throws(FlowsimError) -> Hunt {
    do throws(UsageError) {
      guard arguments.has(minutesOption) else {
        throw UsageError(
          program: syntax.program, command: syntax.name,
          .missingArgument("--\(minutesOption.name) M"))
      }
      var hunt = Hunt(context, try WorldOptions.recipe(arguments, syntax, run: context.run))
      hunt.isJSON = arguments.has(.json)
      hunt.isQuiet = true
      hunt.tracePath = arguments.text(traceOption)
      return hunt
    } catch {
      throw .usage(error)
    }
  }
}
