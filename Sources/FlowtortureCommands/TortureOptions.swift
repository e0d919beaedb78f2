import FlowCommandLine
import FlowCore
import FlowSystem

/// The options of a `flowtorture` command line.
struct TortureOptions {
  /// Nil if `kills` is the limit.
  let minutes: Int?
  let kills: Int?
  let seed: UInt64
  /// Nil if the seed of each round chooses.
  let mode: KillMode?
  let parallel: Int
  let flow: String?
  let folder: String?
  /// Plays only the round of the seed.
  let isOneRound: Bool

  private static let minutesOption = Option(
    "minutes", takes: .integer(placeholder: "M", 1...100_000), "end after M minutes (default: 1)")
  private static let killsOption = Option(
    "kills", takes: .integer(placeholder: "K", 1...100_000_000),
    "end after K killed engines")
  private static let seedOption = Option(
    "seed", takes: .integer(placeholder: "N", 0...Int.max),
    "seed of the first round (default: the time)")
  private static let killOption = Option(
    "kill", takes: .text(placeholder: "WHAT"),
    "kill none, engine or all (default: the seed chooses)")
  private static let parallelOption = Option(
    "parallel", takes: .integer(placeholder: "P", 1...256),
    "rounds at the same time (default: four a processor)")
  private static let flowOption = Option(
    "flow", takes: .text(placeholder: "FILE"), "the flow to test (default: beside this program)")
  private static let folderOption = Option(
    "folder", takes: .text(placeholder: "DIR"),
    "folder for rounds and evidence (default: a temporary one)")
  private static let roundOption = Option("round", "play only the round of the seed")

  static let syntax = CommandSyntax(
    program: "flowtorture", name: nil,
    purpose: "run workflows with flow, kill its processes, and check what must hold",
    details: """
      A round is a random workflow and a list of disturbances of its run. Both follow
      from the round's seed; the next round has the next seed. Unruly steps write a
      ledger of their actions. After the run the ledger is compared with its history.
      The evidence of a violation stays in the folder, under the seed.
      """,
    options: [
      minutesOption, killsOption, seedOption, killOption, parallelOption, flowOption, folderOption,
      roundOption,
    ],
    examples: [
      .init("flowtorture --minutes 5", "five minutes"),
      .init("flowtorture --kills 5000 --kill engine", "then no step may run twice or get lost"),
      .init("flowtorture --round --seed 7", "repeat a round; its exact timing differs"),
    ],
    exitCodes: [.success, .runFailed, .usage, .environment], exitMeaning: meaning)

  private static let meaning: @Sendable (ExitCode) -> String = { code in
    switch code {
    case .success: "no violation was found"
    case .runFailed: "a property was violated; the evidence is kept"
    case .usage: "the command line is wrong"
    case .environment: "a round could not be played"
    default: code.meaning
    }
  }

  init(_ arguments: ScannedArguments) throws(UsageError) {
    kills = arguments.integer(Self.killsOption)
    minutes = arguments.integer(Self.minutesOption) ?? (kills == nil ? 1 : nil)
    // Microseconds grow faster than rounds are played, so that two calls do not share seeds.
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
