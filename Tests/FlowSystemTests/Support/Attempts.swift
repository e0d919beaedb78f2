import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import Glibc
import TestSupport

/// A launcher for a test, and the messages of it and its monitors.
final class Attempts {
  let folder = TemporaryFolder()
  let processes: LinuxProcesses
  let lockPath: String
  private(set) var messages: [ProcessMessage] = []
  private(set) var launcher: Int32 = 0
  /// What commands inherit.
  var environment = ProcessFacts.environment()

  /// - Parameter faults: the calls of the launcher and its monitors that fail, as
  ///   Tests/FaultyLauncher takes them.
  init(faults: String? = nil) throws {
    let here = try ProcessFacts.hostContext(of: folder.path)
    if let faults {
      processes = try LinuxProcesses(
        in: here, startingAsLauncher: Repository.built("FaultyLauncher"))
      let added = [Array("FLOW_TEST_FAULTS=\(faults)".utf8)]
      environment = RunEnvironment(
        umask: environment.umask, variables: environment.variables + added)
    } else {
      processes = try LinuxProcesses(in: here)
    }
    lockPath = "\(folder.path)/launcher"
    try startLauncher()
  }

  func startLauncher() throws {
    let storage = LinuxStorage()
    let mode: OpenMode = TestFile.exists(lockPath) ? .update : .create
    let lock = try storage.open(lockPath, mode)
    guard try storage.tryLock(lock) else { throw Errno.tryAgain }
    launcher = try processes.startLauncher(holding: lock, environment)
    try storage.close(lock)
  }

  deinit { processes.finish() }

  /// Whether a file of the folder is locked.
  func isLocked(_ name: String) throws -> Bool {
    let storage = LinuxStorage()
    let file = try storage.open("\(folder.path)/\(name)", .read)
    defer { try? storage.close(file) }
    return try storage.isLockedByAnother(file)
  }

  /// Every attempt is the first of a step of its own.
  func request(
    _ step: Int32, _ command: Command, environment: [EnvironmentVariable] = [],
    timeout: Int64? = nil, grace: Int64 = 10_000, stragglers: StragglerPolicy = .kill,
    maxOutput: Int64 = 1 << 30
  ) -> LaunchRequest {
    // So that orphans are found.
    let own = [
      ("FLOW_TEST_FOLDER", folder.path), ("FLOW_RUN_ID", folder.path), ("FLOW_STEP_ID", "\(step)"),
      ("FLOW_ATTEMPT", "1"), ("FLOW_RUN_DIR", folder.path),
    ].map { EnvironmentVariable(name: $0.0, value: $0.1) }
    return LaunchRequest(
      attempt: AttemptID(step: step, number: 1), intent: 40 + Int64(step),
      arguments: command.arguments(by: .plain, isProbe: false),
      environment: environment + own, workingDirectory: folder.path,
      outputPath: "\(folder.path)/\(step).out", recordPath: "\(folder.path)/\(step).rec",
      settings: StepSettings(
        timeoutMilliseconds: timeout, killGraceMilliseconds: grace, stragglers: stragglers,
        maxOutputBytes: maxOutput))
  }

  func record(_ step: Int32) -> AttemptRecord {
    .decode(TestFile.bytes("\(folder.path)/\(step).rec"))
  }

  /// Reads messages until there is such a message; nil if none comes for a long time.
  func message<Value>(where match: (ProcessMessage) -> Value?) async throws -> Value? {
    var found: Value?
    _ = try await eventually {
      takeIn()
      found = messages.lazy.compactMap(match).first
      return found != nil
    }
    return found
  }

  /// Does not block: a blocked thread is missing for all other tests.
  private func takeIn() {
    var descriptors = processes.prepareWait()
    _ = unsafe poll(&descriptors, nfds_t(descriptors.count), 0)
    processes.take(descriptors[...])
    while let message = processes.nextMessage() { messages.append(message) }
  }

  func end(of step: Int32) async throws -> AttemptEnd? {
    try await message { message in
      if case .ended(let attempt, let end) = message, attempt.step == step { end } else { nil }
    }
  }

  func launch(of step: Int32) async throws -> (process: Int32, monitor: Int32)? {
    try await message { message in
      if case .launched(let attempt, let process, let monitor) = message, attempt.step == step {
        (process, monitor)
      } else {
        nil
      }
    }
  }
}

/// Whether the process exists and has not ended.
func isAlive(_ processID: Int32) -> Bool {
  let status = TestFile.text("/proc/\(processID)/stat")
  guard let bracket = status.lastIndex(of: ")") else { return false }
  return !["Z", "X"].contains(status[bracket...].dropFirst(2).prefix(1))
}
