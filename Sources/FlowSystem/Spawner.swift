import CLinux
import FlowCore
import FlowLog
import FlowRuntime
import Glibc

/// Starts one command with `posix_spawn`: in a session of its own, with default signal handling,
/// nothing to read, output and errors into one file, and no other descriptor.
struct Spawner: ~Copyable {
  private var attributes = posix_spawnattr_t()
  private let environment = BaseEnvironment()

  init() {
    var all = sigset_t()
    var none = sigset_t()
    unsafe sigfillset(&all)
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_init(&attributes)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags | Int32(CLINUX_SPAWN_SETSID)))
  }

  deinit {
    var attributes = attributes
    unsafe posix_spawnattr_destroy(&attributes)
  }

  /// - Returns: the process id.
  mutating func spawn(_ request: LaunchRequest) throws(LaunchFailure) -> pid_t {
    let output: Int32
    do throws(Errno) {
      output = try systemCall {
        unsafe clinux_open(request.outputPath, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0o600)
      }
    } catch {
      throw LaunchFailure(operation: .createOutput, errno: error.rawValue)
    }
    defer { _ = close(output) }

    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addchdir_np(&actions, request.workingDirectory)
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 2)
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    return try unsafe spawn(request, &actions)
  }

  private mutating func spawn(
    _ request: LaunchRequest, _ actions: inout posix_spawn_file_actions_t
  ) throws(LaunchFailure) -> pid_t {
    let arguments =
      switch request.command {
      case .shell(let line): ["/bin/sh", "-c", line]
      case .program(let arguments): arguments
      }
    let path: String
    do throws(Errno) {
      path = try ExecutableSearch.find(
        arguments[0], path: environment.value(of: "PATH", with: request.environment),
        from: request.workingDirectory)
    } catch {
      throw Self.failure(error, request)
    }
    let environment = unsafe environment.strings(with: request.environment)
    defer { unsafe environment.free() }
    let argv = unsafe CStringArray(arguments.map { Array($0.utf8) })
    defer { unsafe argv.free() }
    var pid: pid_t = 0
    let result = unsafe posix_spawn(
      &pid, path, &actions, &attributes, argv.pointers, environment.pointers)
    guard result == 0 else { throw Self.failure(Errno(rawValue: result), request) }
    return pid
  }

  /// The kernel says only that starting failed; whether it was the folder can be asked.
  private static func failure(_ error: Errno, _ request: LaunchRequest) -> LaunchFailure {
    let folder = request.workingDirectory
    var status = stat()
    if unsafe stat(folder, &status) != 0 {
      return LaunchFailure(operation: .changeDirectory, errno: errno)
    }
    if status.st_mode & S_IFMT != S_IFDIR {
      return LaunchFailure(operation: .changeDirectory, errno: ENOTDIR)
    }
    if unsafe access(folder, X_OK) != 0 {
      return LaunchFailure(operation: .changeDirectory, errno: errno)
    }
    return LaunchFailure(operation: .execute, errno: error.rawValue)
  }
}
