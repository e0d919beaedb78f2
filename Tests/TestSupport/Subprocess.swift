import CLinux
import Glibc

/// A process that a test started, in a group of its own, with nothing of the test's but what is
/// given to it. Its output and errors go into files, so that it never waits for a reader.
package final class Subprocess: Sendable {
  /// Where standard output goes.
  package enum Output: Sendable {
    case collected
    /// A descriptor of the test, which stays the test's.
    case descriptor(Int32)
    case file(String)
  }

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package let processID: Int32
  private let outputPath: String
  private let errorsPath: String

  /// - Parameters:
  ///   - arguments: the first is an absolute path.
  ///   - environment: all of it.
  ///   - folder: a folder of the test's own, for what is collected.
  package init(
    _ arguments: [String], environment: [String: String], folder: String,
    directory: String? = nil, output: Output = .collected
  ) throws {
    let name = "\(folder)/.subprocess-\(UInt64.random(in: 0 ... .max))"
    outputPath = "\(name).out"
    errorsPath = "\(name).err"

    var attributes = posix_spawnattr_t()
    var all = sigset_t()
    var none = sigset_t()
    unsafe sigfillset(&all)
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe _ = posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    unsafe posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))

    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
    if let directory {
      unsafe posix_spawn_file_actions_addchdir_np(&actions, directory)
    }
    let creating = O_WRONLY | O_CREAT | O_APPEND
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    switch output {
    case .collected:
      unsafe posix_spawn_file_actions_addopen(&actions, 1, outputPath, creating, 0o600)
    case .descriptor(let descriptor):
      unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, 1)
    case .file(let path):
      unsafe posix_spawn_file_actions_addopen(&actions, 1, path, O_RDWR, 0)
    }
    unsafe posix_spawn_file_actions_addopen(&actions, 2, errorsPath, creating, 0o600)
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)

    let argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
    let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let envp = unsafe variables.map { unsafe strdup($0) } + [nil]
    defer {
      for index in unsafe argv.indices { unsafe free(argv[index]) }
      for index in unsafe envp.indices { unsafe free(envp[index]) }
    }
    var pid: pid_t = 0
    let result = unsafe posix_spawn(&pid, arguments[0], &actions, &attributes, argv, envp)
    guard result == 0 else {
      throw Failure(description: "cannot start \(arguments[0]): error \(result)")
    }
    processID = pid
  }

  /// What it has printed so far.
  package var output: String { TestFile.text(outputPath) }
  package var errors: String { TestFile.text(errorsPath) }

  package func signal(_ number: Int32) {
    kill(processID, number)
  }

  /// Waits until it has ended; call it once.
  package func end(within limit: Duration = .seconds(300)) async throws -> Finished {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: limit)
    var status: Int32 = 0
    var pause = Pause()
    while true {
      let result = unsafe waitpid(processID, &status, WNOHANG)
      if result == processID { break }
      if result == -1 && errno != EINTR {
        throw Failure(description: "process \(processID) is not ours to wait for: \(errno)")
      }
      if clock.now >= deadline {
        kill(processID, SIGKILL)
        unsafe waitpid(processID, &status, 0)
        throw Failure(description: "not ended in \(limit); output: \(output) errors: \(errors)")
      }
      try await pause.wait()
    }
    let ending: Finished.Ending =
      clinux_exited(status) != 0
      ? .exit(clinux_exit_code(status)) : .signal(clinux_term_signal(status))
    return Finished(ending: ending, output: output, errors: errors)
  }
}

/// A process that has ended.
package struct Finished: Sendable {
  package enum Ending: Equatable, Sendable {
    case exit(Int32)
    case signal(Int32)
  }

  package let ending: Ending
  package let output: String
  package let errors: String

  package var lines: [String] {
    output.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
  }
}

/// Whether there is such a process, and it has not ended.
package func isAlive(_ processID: Int32) -> Bool {
  let status = TestFile.text("/proc/\(processID)/stat")
  guard let bracket = status.lastIndex(of: ")") else { return false }
  return !["Z", "X"].contains(status[bracket...].dropFirst(2).prefix(1))
}

/// Waits for something that will be so; whether it was within the limit, which is generous since it
/// is only waited out by a test that fails.
package func eventually(
  within limit: Duration = .seconds(300), _ condition: () async throws -> Bool
) async throws -> Bool {
  let clock = ContinuousClock()
  let deadline = clock.now.advanced(by: limit)
  var pause = Pause()
  while try await !condition() {
    if clock.now >= deadline { return false }
    try await pause.wait()
  }
  return true
}

/// Between two looks at real processes and files, which do not tell a test when they change. No test passes
/// because of its length. Short at first and longer later: many tests wait at a time.
private struct Pause {
  private var milliseconds = 1

  mutating func wait() async throws {
    try await Task.sleep(for: .milliseconds(milliseconds))
    milliseconds = min(2 * milliseconds, 40)
  }
}
