package import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowSystem

/// `flow replay RUN`.
package struct ReplayCommand: Subcommand, Equatable {
  package let run: String
  package let limit: RunReplay.Limit
  package let isChecking: Bool
  package let json: Bool

  private static let toOption = Option(
    "to", takes: .integer(placeholder: "SEQ", 1...Int.max), "show the state after event SEQ")
  private static let atOption = Option(
    "at", takes: .text(placeholder: "TIME"), "show the state at TIME")
  private static let verifyOption = Option(
    "verify", "recompute every decision and compare")

  package static let syntax = CommandSyntax(
    name: "replay", purpose: "rebuild a run's state at any point of its history",
    details: """
      Runs no step: the state is computed from the recorded events. TIME is an offset
      into the run (90s, 3m07s) or a UTC time (02:19:03, 2026-11-21T02:19:03Z). With
      --verify, every decision is recomputed from the recorded facts and compared.
      """,
    arguments: [.run], options: [toOption, atOption, verifyOption, .json],
    examples: [
      .init("flow replay latest --at 90s", "the state 90 seconds into the run"),
      .init("flow replay latest --verify", "check every recorded decision"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment, .newer])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    run = arguments.positional[0]
    isChecking = arguments.has(Self.verifyOption)
    json = arguments.has(.json)
    let sequence = arguments.integer(Self.toOption)
    let time = arguments.text(Self.atOption)
    if sequence != nil && time != nil {
      throw UsageError(
        command: Self.syntax.name,
        .exclusiveOptions(Self.toOption.spelling, Self.atOption.spelling))
    }
    if let sequence {
      limit = .sequence(Int64(sequence))
    } else {
      limit = try Self.limit(at: time)
    }
  }

  private static func limit(at text: String?) throws(UsageError) -> RunReplay.Limit {
    guard let text else { return .end }
    if let time = TimeOption(text) { return .time(time) }
    throw UsageError(
      command: syntax.name,
      .invalidValue(atOption.spelling, value: text, expected: TimeOption.forms))
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let opened = try OpenedRun(
      named: run,
      into: RunReplay(
        to: limit, isChecking: isChecking, keeping: json ? .allAttempts : .lastAttempts), context)
    if let warning = opened.tail?.warning { context.warn(warning) }
    var replay = opened.history
    if opened.problem == nil { replay.finish() }
    try checkLimit(replay, opened.id)
    let printer = ReplayPrinter(
      replay, runID: opened.id, isHeld: opened.isHeld, engineProcessID: opened.engineProcessID)
    var output = context.output
    if json { printer.printJSON(to: &output) } else { printer.printText(to: &output) }
    if let problem = opened.problem { throw problem }
    if let difference = replay.check?.difference {
      throw .decisionsDiffer(runID: opened.id, printer.text(difference))
    }
    return .success
  }

  private func checkLimit(_ replay: RunReplay, _ id: String) throws(CommandError) {
    switch limit {
    case .end: break
    case .sequence(let sequence):
      if sequence > replay.lastSequence {
        throw .noSuchPoint(
          "no event \(sequence): run \(id) has \(replay.lastSequence) events")
      }
    case .time:
      if replay.last == nil, let first = replay.next {
        throw .noSuchPoint(
          "no state at that time: run \(id) was created at \(Timestamp(first.moment.wall).rfc3339)")
      }
    }
  }
}
