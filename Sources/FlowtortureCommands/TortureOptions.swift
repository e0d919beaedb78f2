import FlowCommandLine
import FlowCore
import FlowSystem

/// What the rounds of a command line do.
enum RoundKind: Equatable {
  /// Kill the processes of one run.
  case kills
  /// Cut the power of the run's disk.
  case cuts
  /// Start many runs of one group.
  case starters
  /// Kill the processes of runs that publish files.
  case files

  /// The subcommand that plays them; none for the first.
  var subcommand: String? {
    switch self {
    case .kills: nil
    case .cuts: "image"
    case .starters: "starters"
    case .files: "files"
    }
  }

  /// What the number of a hunt's limit counts.
  var counter: KeyPath<RoundTotals, Int> {
    switch self {
    case .kills: \.engineKills
    case .cuts: \.cuts
    case .starters: \.rounds
    case .files: \.publicationKills
    }
  }
}

/// The options of a `flowtorture` command line.
struct TortureOptions {
  let kind: RoundKind
  /// Nil if `most` is the limit.
  let minutes: Int?
  /// How many killed engines, cuts or rounds end the hunt.
  let most: Int?
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
  private static let publicationKillsOption = Option(
    "kills", takes: .integer(placeholder: "K", 1...100_000_000),
    "end after K kills amid publications")
  private static let cutsOption = Option(
    "cuts", takes: .integer(placeholder: "C", 1...100_000_000), "end after C cuts of the power")
  private static let roundsOption = Option(
    "rounds", takes: .integer(placeholder: "R", 1...100_000_000), "end after R rounds")
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

  static let imageSyntax = CommandSyntax(
    program: "flowtorture", name: "image",
    purpose: "cut the power of a run's disk, and check what must hold",
    details: """
      Each round has its run on an ext4 file system of its own, in a file behind a loop
      device. When all processes were killed, the file is copied as it is, still
      mounted; the run continues on the copy. What flow has shown or confirmed before
      must be there, and what it has shown to have ended must not run again. That
      needs root.
      """,
    options: [
      minutesOption, cutsOption, seedOption, parallelOption, flowOption, folderOption, roundOption,
    ],
    examples: [.init("flowtorture image --cuts 200", "200 cuts of the power")],
    exitCodes: [.success, .runFailed, .usage, .environment], exitMeaning: meaning)

  static let starterSyntax = CommandSyntax(
    program: "flowtorture", name: "starters",
    purpose: "start ten runs of one group at once, kill them, and check what must hold",
    details: """
      The steps of all runs take one lock while a process of theirs lives. A step that
      finds it held by another run has shown that two of the group ran at once.
      """,
    options: [
      minutesOption, roundsOption, seedOption, parallelOption, flowOption, folderOption,
      roundOption,
    ],
    examples: [.init("flowtorture starters --rounds 1000", "a thousand rounds")],
    exitCodes: [.success, .runFailed, .usage, .environment], exitMeaning: meaning)

  static let filesSyntax = CommandSyntax(
    program: "flowtorture", name: "files",
    purpose: "kill the processes of runs that publish files, and look at these",
    details: """
      At every look a declared file is absent or whole, and of a command that has
      succeeded; once its step has succeeded, of the last one. As root, some rounds cut
      the power of the disk that the files are on.
      """,
    options: [
      minutesOption, publicationKillsOption, seedOption, parallelOption, flowOption, folderOption,
      roundOption,
    ],
    examples: [.init("flowtorture files --kills 2000", "2000 kills amid publications")],
    exitCodes: [.success, .runFailed, .usage, .environment], exitMeaning: meaning)

  private static func limit(of kind: RoundKind) -> Option {
    switch kind {
    case .kills: killsOption
    case .cuts: cutsOption
    case .starters: roundsOption
    case .files: publicationKillsOption
    }
  }

  private static let meaning: @Sendable (ExitCode) -> String = { code in
    switch code {
    case .success: "no violation was found"
    case .runFailed: "a property was violated; the evidence is kept"
    case .usage: "the command line is wrong"
    case .environment: "a round could not be played"
    default: code.meaning
    }
  }

  init(_ arguments: ScannedArguments, _ kind: RoundKind = .kills) throws(UsageError) {
    self.kind = kind
    most = arguments.integer(Self.limit(of: kind))
    minutes = arguments.integer(Self.minutesOption) ?? (most == nil ? 1 : nil)
    // Microseconds grow faster than rounds are played, so that two calls do not share seeds.
    let now = EventLoop.now().wall.microseconds
    seed = UInt64(arguments.integer(Self.seedOption) ?? Int(now))
    parallel = arguments.integer(Self.parallelOption) ?? 4 * ProcessFacts.availableProcessors
    flow = arguments.text(Self.flowOption)
    folder = arguments.text(Self.folderOption)
    isOneRound = arguments.has(Self.roundOption)
    guard kind == .kills, let word = arguments.text(Self.killOption) else {
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
