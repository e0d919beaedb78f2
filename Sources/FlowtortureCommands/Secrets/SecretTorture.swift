import FlowCommandLine
import FlowCore
import FlowStorage
import FlowSystem
import Glibc

/// `flowtorture secrets`: runs whose steps print secrets in every form, and whose processes are killed.
struct SecretTorture: TortureCommand {
  private let runs: Int
  private let seed: UInt64
  private let parallel: Int
  private let flow: String?
  private let folder: String?

  private static let runsOption = Option(
    "runs", takes: .integer(placeholder: "N", 1...10_000_000), "play N runs (default: 100)")
  private static let seedOption = Option(
    "seed", takes: .integer(placeholder: "N", 0...Int.max),
    "seed of the first run (default: the time)")
  private static let parallelOption = Option(
    "parallel", takes: .integer(placeholder: "P", 1...256),
    "runs at the same time (default: two a processor)")
  private static let flowOption = Option(
    "flow", takes: .text(placeholder: "FILE"), "the flow to test (default: beside this program)")
  private static let folderOption = Option(
    "folder", takes: .text(placeholder: "DIR"), "folder for runs and evidence")

  static let syntax = CommandSyntax(
    program: "flowtorture", name: "secrets",
    purpose: "kill the processes of runs whose steps print secrets, and look for these",
    details: """
      Once the end of an attempt is recorded, its output must hold no secret in any
      form; once a run has ended, nor may any file under FLOW_HOME. No command of
      flow may print one, and no command line of a process may show one.
      """,
    options: [runsOption, seedOption, parallelOption, flowOption, folderOption],
    examples: [
      .init("flowtorture secrets --runs 1000", "a thousand runs"),
      .init("flowtorture secrets --runs 1 --seed 7", "repeat one; its exact timing differs"),
    ],
    exitCodes: [.success, .runFailed, .usage, .environment],
    exitMeaning: { code in
      switch code {
      case .success: "no secret was found"
      case .runFailed: "a secret was found, or a run did not end; the evidence is kept"
      case .usage: "the command line is wrong"
      case .environment: "a run could not be played"
      default: code.meaning
      }
    })

  init(_ arguments: ScannedArguments) {
    runs = arguments.integer(Self.runsOption) ?? 100
    seed = UInt64(
      arguments.integer(Self.seedOption) ?? Int(EventLoop.now().wall.microseconds))
    parallel = arguments.integer(Self.parallelOption) ?? 2 * ProcessFacts.availableProcessors
    flow = arguments.text(Self.flowOption)
    folder = arguments.text(Self.folderOption)
  }

  func perform(_ output: StandardStream, _ errors: StandardStream) -> ExitCode {
    do throws(Errno) {
      let program = try ProcessFacts.realPath("/proc/self/exe")
      let beside = program.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
      let flow = try ProcessFacts.realPath(flow ?? "\(beside)/flow")
      let place = folder ?? "/tmp/flowtorture-secrets-\(ProcessFacts.processID)"
      let storage = LinuxStorage()
      let isOwn = try storage.attributes(of: place) == nil
      if isOwn { try storage.makeDirectory(place) }
      defer { if isOwn { try? storage.removeDirectory(place) } }
      if runs == 1 { return try playOne(place, flow, output) }
      return try playAll(place, flow, program, output)
    } catch {
      errors.write("flowtorture: a run could not be played: \(error)\n")
      return .environment
    }
  }

  private func playOne(
    _ place: String, _ flow: String, _ output: StandardStream
  ) throws(Errno) -> ExitCode {
    var round = SecretRound(seed: seed, folder: "\(place)/\(seed)", flow: flow)
    let violations = try round.play()
    for violation in violations.prefix(10) {
      output.write("violation in the run of seed \(seed): \(violation)\n")
    }
    output.write("\(round.totals)\n")
    return violations.isEmpty ? .success : .runFailed
  }

  /// Each run is played by a process of its own, which all its processes are descendants of.
  private func playAll(
    _ place: String, _ flow: String, _ program: String, _ output: StandardStream
  ) throws(Errno) -> ExitCode {
    var playing: [Int32: UInt64] = [:]
    var next = 0
    var failed: [UInt64] = []
    while next < runs || !playing.isEmpty {
      if next < runs, playing.count < parallel {
        let own = seed &+ UInt64(next)
        next += 1
        let process = try ChildProcess.start(
          [
            program, "secrets", "--runs", "1", "--seed", "\(own)", "--flow", flow, "--folder",
            place,
          ], environment: ["PATH=/usr/local/bin:/usr/bin:/bin"],
          output: .file("\(place)/\(own).said"), errors: .file("\(place)/\(own).said"))
        playing[process] = own
        continue
      }
      output.flush()
      var status: Int32 = 0
      let process = try systemCall { unsafe waitpid(-1, &status, 0) }
      guard let own = playing.removeValue(forKey: Int32(process)) else { continue }
      let said = "\(place)/\(own).said"
      if ChildProcess.ending(status) == .exit(0) {
        unsafe _ = unlink(said)
      } else {
        failed.append(own)
        let text = (try? FileReading.bytes(of: said, limit: 1 << 20)) ?? []
        output.write(String(decoding: text, as: UTF8.self))
      }
    }
    output.write("\(runs) runs from seed \(seed): \(failed.count) with a violation\n")
    return failed.isEmpty ? .success : .runFailed
  }
}
