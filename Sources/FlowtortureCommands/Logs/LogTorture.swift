import FlowCommandLine
import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage
import FlowSystem

/// `flowtorture logs FOLDER`: all that can be done to the logs in a folder is done to copies of them
/// in memory, and each is read and verified.
struct LogTorture {
  private let folder: String

  static let syntax = CommandSyntax(
    program: "flowtorture", name: "logs",
    purpose: "damage logs in every way, and look whether it is found",
    details: """
      Every bit is flipped, every length is cut to, and segments are lost, swapped,
      doubled and mixed with those of other logs. Whatever is left must be called what
      it is, and what is read of it must be as it was written. The logs themselves stay
      as they are.
      """,
    arguments: [Argument("FOLDER", .one, "a folder of logs, each a folder of segments")],
    examples: [.init("flowtorture logs Fixtures/Logs/v1", "the golden logs")],
    exitCodes: [.success, .runFailed, .usage, .environment],
    exitMeaning: { code in
      switch code {
      case .success: "all damage was found"
      case .runFailed: "some was not"
      case .usage: "the command line is wrong"
      case .environment: "there are no logs in the folder, or they cannot be read"
      case .runCancelled, .runUnfinished, .damaged: code.meaning
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
      errors.write("flowtorture: no log is in \(folder)\n")
      return .environment
    }
    var totals = Totals()
    for (name, truth) in logs {
      var vandal = LogVandal(truth)
      vandal.checkWhole()
      totals.count("flips", &vandal) { $0.flipBits() }
      totals.count("cuts", &vandal) { $0.cut() }
      totals.count("moved segments", &vandal) { $0.moveSegments() }
      totals.count("foreign segments", &vandal) { vandal in
        for other in logs where other.name != name { vandal.takeSegments(of: other.truth) }
      }
      for failure in vandal.judge.failures.prefix(10) {
        output.write("\(name): \(failure)\n")
      }
      totals.add(vandal.judge)
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

  /// What was done, and how much of it was not found.
  private struct Totals {
    private var kinds: [(name: String, checks: Int)] = []
    private var verdicts: [LogVerdict: Int] = [:]
    private(set) var failures = 0

    mutating func count(
      _ name: String, _ vandal: inout LogVandal, _ body: (inout LogVandal) -> Void
    ) {
      let before = vandal.judge.checks
      body(&vandal)
      let checks = vandal.judge.checks - before
      if let index = kinds.firstIndex(where: { $0.name == name }) {
        kinds[index].checks += checks
      } else {
        kinds.append((name, checks))
      }
    }

    mutating func add(_ judge: LogJudge) {
      failures += judge.failures.count
      for verdict in LogVerdict.allCases {
        verdicts[verdict, default: 0] += judge.verdicts[verdict] ?? 0
      }
    }

    var text: String {
      let done = kinds.map { "\($0.checks) \($0.name)" }.joined(separator: ", ")
      let said = LogVerdict.allCases.map { "\(verdicts[$0] ?? 0) \($0)" }.joined(separator: ", ")
      return "\(done); \(said); \(failures) not found"
    }
  }
}
