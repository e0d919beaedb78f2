import FlowJSON
import Glibc
import TestSupport

/// A place for runs that lasts as long as a test, and `flow` to work with it.
final class Home: Sendable {
  let folder = TemporaryFolder()

  /// Where the runs are; made by the first.
  var path: String { "\(folder.path)/home" }

  /// Of the machine's own environment nothing but what finds programs, and what tells sanitizers and
  /// coverage where to report.
  var environment: [String: String] {
    var environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder.path]
    environment["FLOW_HOME"] = path
    for name in ["ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE"] {
      if let value = unsafe getenv(name) { environment[name] = unsafe String(cString: value) }
    }
    return environment
  }

  /// The program: `FLOW_BINARY`, else what was built beside the tests.
  static let binary: String = {
    if let path = unsafe getenv("FLOW_BINARY") { return unsafe String(cString: path) }
    return Repository.built("flow")
  }()

  func start(
    _ arguments: [String], environment changes: [String: String?] = [:],
    by launcher: [String] = [], in directory: String? = nil,
    output: Subprocess.Output = .collected
  ) throws -> Subprocess {
    var environment = environment
    for (name, value) in changes { environment[name] = value }
    // So that what is left behind is found.
    environment["FLOW_TEST_FOLDER"] = folder.path
    return try Subprocess(
      launcher + [Self.binary] + arguments, environment: environment, folder: folder.path,
      directory: directory, output: output)
  }

  func flow(
    _ arguments: String..., environment: [String: String?] = [:], by launcher: [String] = [],
    in directory: String? = nil, output: Subprocess.Output = .collected
  ) async throws -> Finished {
    try await start(
      arguments, environment: environment, by: launcher, in: directory, output: output
    ).end()
  }

  /// Writes a workflow.
  ///
  /// - Parameters:
  ///   - steps: what stands between the brackets of `steps`.
  ///   - settings: more members of the workflow.
  func workflow(_ steps: String, _ settings: String = "", named name: String = "w") -> String {
    let more = settings.isEmpty ? "" : "\(settings), "
    return folder.write(
      "{\"name\": \"\(name)\", \(more)\"steps\": [\(steps)]}", to: "\(name).json")
  }

  /// What `status --json` says.
  func status(_ run: String = "latest") async throws -> JSON {
    let finished = try await flow("status", run, "--json")
    return try JSON(finished.output)
  }

  /// The events of a run.
  func events(_ run: String = "latest") async throws -> [JSON] {
    try await flow("events", run, "--json").lines.map { line throws in try JSON(line) }
  }

  /// The output of a step's last attempt.
  func logs(_ step: String, of run: String = "latest") async throws -> String {
    try await flow("logs", run, step).output
  }

  /// The launchers (`flow: launcher`) or monitors (`flow: monitor`) that live.
  func processes(named name: String) -> [Int32] {
    folder.processes().filter { TestFile.text("/proc/\($0)/comm") == "\(name)\n" }
  }

  /// Kills everything that this home's runs have started.
  /// - Returns: whether there was nothing left to kill.
  func killProcesses() -> Bool {
    let processes = folder.processes()
    for process in processes { kill(process, SIGKILL) }
    return processes.isEmpty
  }

  /// The names of what is where runs are, half-made ones too.
  var runs: [String] { TestFile.names(in: "\(path)/runs") }
}

extension JSON {
  /// Of a `status --json`: a step's state.
  func state(of step: String) -> String? { self.step(step)?["state"]?.string }

  /// Of a `status --json`: the outcomes of a step's attempts.
  func outcomes(of step: String) -> [String] {
    self.step(step)?["attempts"]?.elements.map { $0["outcome"]?.string ?? "-" } ?? []
  }

  func step(_ id: String) -> JSON? {
    self["steps"]?.elements.first { $0["id"]?.string == id }
  }
}
