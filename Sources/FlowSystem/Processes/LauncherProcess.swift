import CLauncher
import CLinux
import FlowRuntime
import FlowStorage
import Glibc

/// A launcher process, and the channel to it.
final class LauncherProcess {
  let process: ProcessDescriptor
  private let requests: Int32
  /// Requests that the channel has not taken yet.
  private var pending: [UInt8] = []
  private var sent = 0
  private var isShut = false

  /// Starts an executable as a launcher (`entry.c` in CLauncher).
  init(
    _ executable: String, reportingTo reports: Int32, holding lock: Int32,
    inheriting other: Int32?, _ environment: RunEnvironment
  ) throws(Errno) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    _ = try systemCall { unsafe socketpair(AF_UNIX, type, 0, &ends) }
    defer { _ = close(ends[1]) }
    requests = ends[0]
    let processID: Int32
    do throws(Errno) {
      processID = try Self.spawn(
        executable, [ends[1], reports, lock] + (other.map { [$0] } ?? []), environment)
    } catch {
      _ = close(requests)
      throw error
    }
    guard let process = ProcessDescriptor(processID) else {
      // A child that was not reaped always has a pidfd, unless this process is out of descriptors.
      // The launcher sees the end of its channel and exits.
      let failure = Errno(rawValue: errno)
      _ = close(requests)
      var status: Int32 = 0
      _ = unsafe waitpid(processID, &status, 0)
      throw failure
    }
    self.process = process
  }

  deinit {
    if !isShut { _ = close(requests) }
  }

  // MARK: Start

  /// - Parameter inherited: the launcher's descriptors from 3 on.
  private static func spawn(
    _ executable: String, _ inherited: [Int32], _ environment: RunEnvironment
  ) throws(Errno) -> Int32 {
    // Copies with high numbers first: none may be closed when another gets its number.
    var copies: [Int32] = []
    defer { for copy in copies { _ = close(copy) } }
    for descriptor in inherited { copies.append(try systemCall { clinux_duplicate(descriptor) }) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    for (index, copy) in copies.enumerated() {
      unsafe posix_spawn_file_actions_adddup2(&actions, copy, Int32(3 + index))
    }
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, Int32(3 + copies.count))
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe _ = posix_spawnattr_destroy(&attributes) }
    // A session of its own, so that no terminal sends it signals.
    unsafe posix_spawnattr_setflags(&attributes, Int16(CLINUX_SPAWN_SETSID))
    // Whatever this process makes itself has its permissions named.
    let before = Glibc.umask(environment.umask)
    defer { _ = Glibc.umask(before) }
    return try unsafe spawn(
      executable, &actions, &attributes, arguments(for: inherited[2]), environment.variables)
  }

  /// What `ps` shows: the title that makes it a launcher, and the path of its lock.
  private static func arguments(for lock: Int32) -> [[UInt8]] {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/fd/\(lock)", &path, path.count)
    return [
      Array(FLOW_LAUNCHER_TITLE.utf8), path.prefix(max(count, 0)).map(UInt8.init(bitPattern:)),
    ]
  }

  private static func spawn(
    _ executable: String, _ actions: inout posix_spawn_file_actions_t,
    _ attributes: inout posix_spawnattr_t,
    _ arguments: [[UInt8]], _ variables: [[UInt8]]
  ) throws(Errno) -> Int32 {
    let argv = unsafe CStringArray(arguments)
    defer { unsafe argv.free() }
    let environment = unsafe CStringArray(variables)
    defer { unsafe environment.free() }
    var processID: pid_t = 0
    let result = unsafe posix_spawn(
      &processID, executable, &actions, &attributes, argv.pointers, environment.pointers)
    guard result == 0 else { throw Errno(rawValue: result) }
    return processID
  }

  // MARK: Requests

  /// The descriptor to wait for until the channel takes more; nil if nothing is pending.
  var pendingDescriptor: Int32? { pending.isEmpty ? nil : requests }

  func append(_ encode: (inout [UInt8]) -> Void) {
    encode(&pending)
  }

  /// Sends as much as the channel takes.
  func flush() {
    while sent < pending.count {
      let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
      let count = unsafe pending.withUnsafeBytes { bytes in
        unsafe send(
          requests, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, flags)
      }
      if count >= 0 {
        sent += count
      } else if errno == EAGAIN {
        return
      } else if errno != EINTR {
        // The launcher is gone, which its pidfd reports.
        break
      }
    }
    pending.removeAll(keepingCapacity: true)
    sent = 0
  }

  // MARK: End

  /// Closes the channel: the launcher takes this as the end of the engine.
  func shut() {
    precondition(!isShut, "a channel is closed once")
    isShut = true
    _ = close(requests)
  }

  /// Reaps the launcher after its end. It may have been reaped already, together with other
  /// children.
  func reap() {
    var status: Int32 = 0
    while unsafe waitpid(process.processID, &status, 0) == -1 && errno == EINTR {}
  }
}
