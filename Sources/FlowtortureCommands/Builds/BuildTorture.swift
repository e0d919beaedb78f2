import FlowCommandLine
import FlowCore
import FlowStorage
import FlowSystem
import Glibc

/// `flowtorture builds`: a build whose steps are cached is edited at random, and some of its runs are killed.
struct BuildTorture: TortureCommand {
  private let edits: Int
  private let steps: Int
  private let seed: UInt64
  private let flow: String?
  private let folder: String?

  private static let editsOption = Option(
    "edits", takes: .integer(placeholder: "N", 1...10_000_000), "edit N times (default: 100)")
  private static let stepsOption = Option(
    "steps", takes: .integer(placeholder: "N", 1...10_000), "steps of the build (default: 200)")
  private static let seedOption = Option(
    "seed", takes: .integer(placeholder: "N", 0...Int.max), "seed (default: the time)")
  private static let flowOption = Option(
    "flow", takes: .text(placeholder: "FILE"), "the flow to test (default: beside this program)")
  private static let folderOption = Option(
    "folder", takes: .text(placeholder: "DIR"), "folder for the build and its runs")

  static let syntax = CommandSyntax(
    program: "flowtorture", name: "builds",
    purpose: "edit a build whose steps are cached, and run it after each edit",
    details: """
      Edited are inputs, commands, variables, and what steps have made; some runs are
      killed and restarted. After each run every file must be what a build from
      nothing makes, and the steps that ran must be those of which something that
      counts had changed, and no others.
      """,
    options: [editsOption, stepsOption, seedOption, flowOption, folderOption],
    examples: [
      .init("flowtorture builds --edits 1000", "a thousand edits of 200 steps"),
      .init("flowtorture builds --seed 7", "repeat one; its exact timing differs"),
    ],
    exitCodes: [.success, .runFailed, .usage, .environment],
    exitMeaning: { code in
      switch code {
      case .success: "the build was right after each edit"
      case .runFailed: "it was not; the evidence is kept"
      case .usage: "the command line is wrong"
      case .environment: "a run could not be played"
      default: code.meaning
      }
    })

  init(_ arguments: ScannedArguments) {
    edits = arguments.integer(Self.editsOption) ?? 100
    steps = arguments.integer(Self.stepsOption) ?? 200
    seed = UInt64(
      arguments.integer(Self.seedOption) ?? Int(EventLoop.now().wall.microseconds))
    flow = arguments.text(Self.flowOption)
    folder = arguments.text(Self.folderOption)
  }

  func perform(_ output: StandardStream, _ errors: StandardStream) -> ExitCode {
    do throws(Errno) {
      let program = try ProcessFacts.realPath("/proc/self/exe")
      let beside = program.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
      let flow = try ProcessFacts.realPath(flow ?? "\(beside)/flow")
      let place = folder ?? "/tmp/flowtorture-builds-\(ProcessFacts.processID)"
      let storage = LinuxStorage()
      let isOwn = try storage.attributes(of: place) == nil
      if isOwn { try storage.makeDirectory(place) }
      defer { if isOwn { try? storage.removeDirectory(place) } }
      var round = BuildRound(seed: seed, steps: steps, folder: "\(place)/build-\(seed)", flow: flow)
      let violations = try round.play(edits: edits)
      for violation in violations {
        output.write("violation in the build of seed \(seed): \(violation)\n")
      }
      output.write("seed \(seed): \(round.totals)\n")
      return violations.isEmpty ? .success : .runFailed
    } catch {
      errors.write("flowtorture: a run could not be played: \(error)\n")
      return .environment
    }
  }
}
