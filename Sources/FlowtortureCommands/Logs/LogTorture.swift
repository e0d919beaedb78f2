import FlowCommandLine
import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage
import FlowSystem

/// `flowtorture logs FOLDER`: damages copies of logs in memory in every enumerable way, and reads and
/// verifies each.
struct LogTorture: TortureCommand {
  private let folder: String

  static let syntax = CommandSyntax(
    program: "flowtorture", name: "logs",
    purpose: "damage logs in every way, and check that the damage is reported",
    details: """
      Flips every bit, cuts to every length, and removes, swaps, doubles and mixes
      segments with those of other logs. Each damaged log must get the right verdict,
      and readers may only return events that were written. The logs themselves do not
      change.
      """,
    arguments: [Argument("FOLDER", .one, "a folder of logs, each a folder of segments")],
    examples: [.init("flowtorture logs Fixtures/Logs/v1", "the golden logs")],
    exitCodes: [.success, .runFailed, .usage, .environment],
    exitMeaning: { code in
      switch code {
      case .success: "all damage was reported"
      case .runFailed: "some damage was not reported, or reported wrongly"
      case .usage: "the command line is wrong"
      case .environment: "the folder has no logs, or they cannot be read"
      default: code.meaning
      }
    })

  init(_ arguments: ScannedArguments) {
    folder = arguments.positional[0]
  }

  func perform(_ output: StandardStream, _ errors: StandardStream) -> ExitCode {
    let logs: [(name: String, truth: LogTruth)]
    do throws(RunError) { logs = try read() } catch {
      errors.write("flowtorture: \(error)\n")
      return .environment
    }
    if logs.isEmpty {
      errors.write("flowtorture: no logs in \(folder)\n")
      return .environment
    }
    var totals = Totals()
    for (name, truth) in logs {
      var damager = LogDamager(truth)
      damager.checkWhole()
      totals.count("flips", &damager) { $0.flipBits() }
      totals.count("cuts", &damager) { $0.cut() }
      totals.count("moved segments", &damager) { $0.moveSegments() }
      totals.count("foreign segments", &damager) { damager in
        for other in logs where other.name != name { damager.takeSegments(of: other.truth) }
      }
      for failure in damager.checker.failures.prefix(10) {
        output.write("\(name): \(failure)\n")
      }
      totals.add(damager.checker)
    }
    output.write("\(logs.count) logs: \(totals.text)\n")
    return totals.failures == 0 ? .success : .runFailed
  }

  private func read() throws(RunError) -> [(name: String, truth: LogTruth)] {
    var logs: [(name: String, truth: LogTruth)] = []
    for (name, image) in try images() {
      do throws(LogError) { logs.append((name, try LogTruth(image))) } catch { throw .log(error) }
    }
    return logs
  }

  private func images() throws(RunError) -> [(name: String, image: LogImage)] {
    let storage = LinuxStorage()
    var images: [(name: String, image: LogImage)] = []
    do throws(Errno) {
      for name in try storage.entries(of: folder) {
        let path = "\(folder)/\(name)"
        guard try storage.attributes(of: path)?.isDirectory == true else { continue }
        images.append((name, try LogImage(at: path)))
      }
    } catch {
      throw .storage(StorageError(.read, folder, error))
    }
    return images
  }

  /// How many damages of each kind were checked, and with which results.
  private struct Totals {
    private var kinds: [(name: String, checks: Int)] = []
    private var verdicts: [LogVerdict: Int] = [:]
    private(set) var failures = 0

    mutating func count(
      _ name: String, _ damager: inout LogDamager, _ body: (inout LogDamager) -> Void
    ) {
      let before = damager.checker.checks
      body(&damager)
      let checks = damager.checker.checks - before
      if let index = kinds.firstIndex(where: { $0.name == name }) {
        kinds[index].checks += checks
      } else {
        kinds.append((name, checks))
      }
    }

    mutating func add(_ checker: LogChecker) {
      failures += checker.failures.count
      for verdict in LogVerdict.allCases {
        verdicts[verdict, default: 0] += checker.verdicts[verdict] ?? 0
      }
    }

    var text: String {
      let done = kinds.map { "\($0.checks) \($0.name)" }.joined(separator: ", ")
      let said = LogVerdict.allCases.map { "\(verdicts[$0] ?? 0) \($0)" }.joined(separator: ", ")
      return "\(done); \(said); \(failures) wrong"
    }
  }
}
