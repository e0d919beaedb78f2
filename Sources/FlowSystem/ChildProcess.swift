import CLinux
package import FlowStorage
import FlowText
import Glibc

/// Starts programs that inherit nothing from this process except the given descriptors and variables.
package enum ChildProcess {
  /// - Parameters:
  ///   - arguments: the first is an absolute path. They and the variables are bytes (`RawText`).
  ///   - environment: `NAME=value`; all of it.
  ///   - output, errors: files that are appended to, or descriptors.
  /// - Returns: the process id, of a process in a session of its own.
  package static func start(
    _ arguments: [String], environment: [String], output: Stream, errors: Stream
  ) throws(Errno) -> Int32 {
    var attributes = posix_spawnattr_t()
    var all = sigset_t()
    var none = sigset_t()
    unsafe sigfillset(&all)
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe _ = posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags | Int32(CLINUX_SPAWN_SETSID)))
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe output.add(to: &actions, as: 1)
    unsafe errors.add(to: &actions, as: 2)
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    return try unsafe start(arguments, environment, &actions, &attributes)
  }

  package enum Stream {
    case file(String)
    case descriptor(Int32)
    case nothing

    fileprivate func add(to actions: inout posix_spawn_file_actions_t, as number: Int32) {
      switch self {
      case .file(let path):
        unsafe posix_spawn_file_actions_addopen(
          &actions, number, cPath(path), O_WRONLY | O_CREAT | O_APPEND, 0o600)
      case .descriptor(let descriptor):
        unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, number)
      case .nothing:
        unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0)
      }
    }
  }

  private static func start(
    _ arguments: [String], _ environment: [String], _ actions: inout posix_spawn_file_actions_t,
    _ attributes: inout posix_spawnattr_t
  ) throws(Errno) -> Int32 {
    let argv = unsafe CStringArray(arguments.map(RawText.bytes))
    defer { unsafe argv.free() }
    let envp = unsafe CStringArray(environment.map(RawText.bytes))
    defer { unsafe envp.free() }
    var process: pid_t = 0
    let result = unsafe posix_spawn(
      &process, cPath(arguments[0]), &actions, &attributes, argv.pointers, envp.pointers)
    guard result == 0 else { throw Errno(rawValue: result) }
    return process
  }

  /// How a process has ended.
  package enum Ending: Equatable, Sendable {
    case exit(Int)
    case signal(Int)
  }

  /// Decodes the status of `waitpid`.
  package static func ending(_ status: Int32) -> Ending {
    clinux_exited(status) != 0
      ? .exit(Int(clinux_exit_code(status))) : .signal(Int(clinux_term_signal(status)))
  }

  /// The end of a child, which it reaps; nil while it runs.
  package static func end(of process: Int32) -> Ending? {
    var status: Int32 = 0
    return unsafe waitpid(process, &status, WNOHANG) == process ? ending(status) : nil
  }
}
