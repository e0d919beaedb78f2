import FlowCommandLine
import FlowCore
import FlowSystem

/// What a command line of `flowtorture` says.
struct TortureOptions {
  /// Nil: until so many engines have been killed.
  let minutes: Int?
  let kills: Int?
  let seed: UInt64
  /// Nil: the seed of each round says.
  let mode: KillMode?
  let parallel: Int
  let flow: String?
  let folder: String?
  /// Plays the one round and nothing else.
  let isOneRound: Bool

  private static let minutesOption = Option(
    "minutes", takes: .integer(placeholder: "M", 1...100_000), "end after so long (default: 1)")
  private static let killsOption = Option(
    "kills", takes: .integer(placeholder: "K", 1...100_000_000),
    "end when so many engines have been killed")
  private static let seedOption = Option(
    "seed", takes: .integer(placeholder: "N", 0...Int.max),
    "the first round's seed (one that was never had)")
  private static let killOption = Option(
    "kill", takes: .text(placeholder: "WHAT"), "none, engine or all (default: as the seed says)")
  private static let parallelOption = Option(
    "parallel", takes: .integer(placeholder: "P", 1...256), "rounds at a time")
  private static let flowOption = Option(
    "flow", takes: .text(placeholder: "FILE"), "the program (default: beside this one)")
  private static let folderOption = Option(
    "folder", takes: .text(placeholder: "DIR"), "where rounds are played and evidence is kept")
  private static let roundOption = Option("round", "play the round of the seed, and no other")

  static let syntax = CommandSyntax(
    program: "flowtorture", name: nil,
    purpose: "run workflows with flow, kill what drives them, and look whether all holds",
    details: """
      A round is a random workflow and what is done to its run; both follow from the
      round's seed, and seeds count up. Steps write a ledger of what they do, and are
      as unruly as they come. When the run has ended, the ledger is compared with its
      history. The evidence of a violation stays in the folder, under the seed.
      """,
    options: [
      minutesOption, killsOption, seedOption, killOption, parallelOption, flowOption, folderOption,
      roundOption,
    ],
    examples: [
      .init("flowtorture --minutes 5", "five minutes"),
      .init("flowtorture --kills 5000 --kill engine", "nothing may run twice then, or be lost"),
      .init("flowtorture --round --seed 7", "that round again, as far as time allows"),
    ],
    exitCodes: [.success, .runFailed, .usage, .environment], exitMeaning: meaning)

  private static let meaning: @Sendable (ExitCode) -> String = { code in
    switch code {
    case .success: "everything held"
    case .runFailed: "something was violated: the evidence is kept"
    case .usage: "the command line is wrong"
    case .environment: "a round could not be played"
    case .runCancelled, .runUnfinished, .damaged: code.meaning
    }
  }

  init(_ arguments: ScannedArguments) throws(UsageError) {
    kills = arguments.integer(Self.killsOption)
    minutes = arguments.integer(Self.minutesOption) ?? (kills == nil ? 1 : nil)
    // Microseconds: far more than there are rounds, so that no two tortures meet.
    let now = EventLoop.now().wall.microseconds
    seed = UInt64(arguments.integer(Self.seedOption) ?? Int(now))
    parallel = arguments.integer(Self.parallelOption) ?? 4 * ProcessFacts.availableProcessors
    flow = arguments.text(Self.flowOption)
    folder = arguments.text(Self.folderOption)
    isOneRound = arguments.has(Self.roundOption)
    guard let word = arguments.text(Self.killOption) else {
      mode = nil
      return
    }
    mode = KillMode(rawValue: word)
    if mode == nil {
      throw UsageError(
        program: Self.syntax.program, command: nil,
        .invalidValue(
          Self.killOption.spelling, value: word,
          expected: KillMode.allCases.map(\.rawValue).joined(separator: ", ")))
    }
  }
}
