import CLinux
import FlowCore
package import FlowStorage
import FlowText
import Glibc

/// An engine in a process of its own, detached from the terminal: this executable, started again in
/// a new session, with none of the caller's descriptors. It reports when its run exists.
package enum DetachedEngine {
  package enum Failure: Error {
    /// The process could not be started.
    case system(Errno)
    /// The process ended before its run existed: its exit code, and what it printed.
    case ended(code: Int32, errors: String)
  }

  /// The descriptor on which a detached engine reports that its run exists. Until then its errors
  /// go there, too.
  private static let readinessDescriptor: Int32 = 3
  private static let variable = "FLOW_DETACHED_READINESS"
  private static let ready = UInt8(ascii: "+")

  /// Starts `line` and returns when its run exists.
  ///
  /// - Parameter input: what it reads from its standard input, all of it before it prints anything;
  ///   nil for nothing.
  /// - Returns: what it printed until then: its warnings.
  package static func start(
    _ line: [String], input: [UInt8]? = nil
  ) throws(Failure) -> String {
    let given = input == nil ? nil : try channel()
    let (reading, writing): (Int32, Int32)
    do throws(Failure) { (reading, writing) = try channel() } catch {
      if let given { for end in [given.reading, given.writing] { _ = close(end) } }
      throw error
    }
    defer { _ = close(reading) }
    let result = spawn(line, writing, input: given?.reading)
    _ = close(writing)
    if let given { _ = close(given.reading) }
    let pid: pid_t
    switch result {
    case .success(let started): pid = started
    case .failure(let errno):
      if let given { _ = close(given.writing) }
      throw .system(errno)
    }
    if let given, let input { give(input, to: given.writing) }
    var said: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = unsafe read(reading, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      said += buffer[..<count]
      if said.last == ready { return String(decoding: said.dropLast(), as: UTF8.self) }
    }
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    throw failure(ChildProcess.ending(status), having: String(decoding: said, as: UTF8.self))
  }

  /// One that died by a signal has not said so itself.
  static func failure(_ ending: ChildProcess.Ending, having said: String) -> Failure {
    switch ending {
    case .exit(let code): return .ended(code: Int32(code), errors: said)
    case .signal(let number):
      let signal = EventWording.text(signal: UInt8(truncatingIfNeeded: number))
      let message = "flow: the engine in the background died by \(signal) before its run existed\n"
      return .ended(code: 6, errors: said + message)
    }
  }

  /// A pipe that no other program inherits.
  private static func channel() throws(Failure) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { throw .system(Errno(rawValue: errno)) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// If the process has ended, what it printed says why.
  private static func give(_ input: [UInt8], to descriptor: Int32) {
    _ = signal(SIGPIPE, SIG_IGN)
    do throws(Errno) { try FileWriting.write(input, to: descriptor) } catch {}
    _ = close(descriptor)
  }

  private static func spawn(
    _ line: [String], _ writing: Int32, input: Int32?
  ) -> Result<pid_t, Errno> {
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe _ = posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawnattr_setflags(&attributes, Int16(CLINUX_SPAWN_SETSID))
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
    if let input {
      unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
      unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0)
    }
    // A copy with a high number, so that no later step closes or replaces it.
    let spare: Int32 = 10
    unsafe posix_spawn_file_actions_adddup2(&actions, writing, spare)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_RDWR, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, spare, 2)
    unsafe posix_spawn_file_actions_adddup2(&actions, spare, readinessDescriptor)
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, readinessDescriptor + 1)
    let arguments = unsafe CStringArray((["flow"] + line).map(RawText.bytes))
    defer { unsafe arguments.free() }
    // This process starts nothing else, and no other thread reads its environment.
    unsafe setenv(variable, "1", 1)
    defer { unsafe unsetenv(variable) }
    var pid: pid_t = 0
    let result = unsafe posix_spawn(
      &pid, "/proc/self/exe", &actions, &attributes, arguments.pointers, environ)
    return result == 0 ? .success(pid) : .failure(Errno(rawValue: result))
  }

  /// The process that waits for this one to report that its run exists.
  package struct Readiness: Equatable, Sendable {
    /// Nil if no process waits. Removes the variable from the environment, so that steps do not
    /// inherit it.
    package static let ofThisProcess: Readiness? = {
      guard ProcessFacts.environmentValue(variable) != nil else { return nil }
      unsafe unsetenv(variable)
      _ = fcntl(readinessDescriptor, F_SETFD, FD_CLOEXEC)
      return Readiness()
    }()

    /// Reports that the run exists. From then on standard error goes to this file.
    package func tell(logTo path: String) {
      let log = unsafe clinux_open(cPath(path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
      if log >= 0 {
        _ = dup2(log, 2)
        _ = close(log)
      } else {
        let null = unsafe clinux_open("/dev/null", O_RDWR | O_CLOEXEC, 0)
        _ = dup2(null, 2)
        _ = close(null)
      }
      var byte = ready
      _ = unsafe write(readinessDescriptor, &byte, 1)
      _ = close(readinessDescriptor)
    }
  }
}
