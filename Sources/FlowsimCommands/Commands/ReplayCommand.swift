import FlowCommandLine
import FlowSimulation
import FlowStorage
import FlowSystem
import FlowText

/// `flowsim replay TRACE`: runs a recorded world again.
enum ReplayCommand {
  static let syntax = CommandSyntax(
    program: "flowsim", name: "replay",
    purpose: "run the world of a trace again, and print its timeline",
    details: """
      The timeline shows durable events, the storage, and the processes. If engine or
      simulator have changed since the recording, the world may differ from the
      recorded one; then flowsim warns.
      """,
    arguments: [
      Argument("TRACE", .one, "a file that flowsim has written")
    ],
    options: [.json],
    examples: [.init("flowsim replay flowsim-42.trace", "replay a failure")],
    exitCodes: [.success, .runFailed, .usage], exitMeaning: ExitCode.meaningOfFlowsim)

  /// Larger than the trace of any world.
  private static let longestFile = 16 << 20

  static func perform(
    _ arguments: ScannedArguments, _ context: FlowsimContext
  ) throws(FlowsimError) -> ExitCode {
    let world = try read(arguments.positional[0])
    LastWords.set("flowsim: the world of the trace breaks a precondition\n")
    let trace = Trace(keepsLines: true)
    let report = world.run(trace, by: context.run)
    let lines = trace.lines ?? []
    if arguments.has(.json) {
      context.output.write(TimelineText.json(lines))
      context.output.write(ReportJSON.of(report))
    } else {
      context.output.write(text(world, report, lines))
    }
    if report.traceHash != world.traceHash {
      context.warn(
        "the world differs from the recorded one (trace \(String(report.traceHash, radix: 16))"
          + " instead of \(String(world.traceHash, radix: 16))): engine or simulator have changed")
    }
    return report.violation == nil ? .success : .runFailed
  }

  private static func read(_ path: String) throws(FlowsimError) -> RecordedWorld {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try FileReading.bytes(of: path, limit: longestFile)
    } catch {
      throw .unreadable(path, error)
    }
    do throws(TraceText.Problem) {
      return try TraceText.world(from: bytes)
    } catch {
      throw .trace(path, error)
    }
  }

  private static func text(
    _ world: RecordedWorld, _ report: Simulation.Report, _ lines: [Trace.Line]
  ) -> String {
    let before = world.property.map { "it failed (\($0.rawValue))" } ?? "every property held"
    let verdict =
      report.violation.map { "fails: \($0)" }
      ?? "every property holds, and the run \(report.outcome.map { "\($0)" } ?? "did not end")"
    return """
      seed \(world.seed), recorded when \(before)
      options: \(world.options)

      \(TimelineText.of(lines))\(TerminalText.escaped(verdict))

      """
  }
}
