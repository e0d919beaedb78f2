import CLauncher
import CLinux
import FlowStorage
import Glibc

/// A launcher that was started, and the channel to it.
final class LauncherProcess {
  let process: ProcessDescriptor
  private let requests: Int32
  /// Requests that the channel has had no room for yet.
  private var pending: [UInt8] = []
  private var sent = 0
  private var isShut = false

  /// Starts this very executable as a launcher (`entry.c` in CLauncher).
  init(reportingTo reports: Int32, holding lock: Int32) throws(Errno) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    _ = try systemCall { unsafe socketpair(AF_UNIX, type, 0, &ends) }
    defer { _ = close(ends[1]) }
    requests = ends[0]
    let processID: Int32
    do throws(Errno) {
      processID = try Self.spawn([ends[1], reports, lock])
    } catch {
      _ = close(requests)
      throw error
    }
    guard let process = ProcessDescriptor(processID) else {
      // A child that nobody has waited for has a descriptor, unless this process can have none. The
      // launcher sees its channel shut and ends.
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

  /// - Parameter inherited: what the launcher has as descriptors from 3 on.
  private static func spawn(_ inherited: [Int32]) throws(Errno) -> Int32 {
    // Out of the way first: each must come to its number without closing another.
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
    // From its first moment on no terminal reaches it.
    unsafe posix_spawnattr_setflags(&attributes, Int16(CLINUX_SPAWN_SETSID))
    return try unsafe spawn(&actions, &attributes, arguments(for: inherited[2]))
  }

  /// What `ps` shows: the name by which it knows what it is, and the path of its lock.
  private static func arguments(for lock: Int32) -> [[UInt8]] {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/fd/\(lock)", &path, path.count)
    return [
      Array(FLOW_LAUNCHER_TITLE.utf8), path.prefix(max(count, 0)).map(UInt8.init(bitPattern:)),
    ]
  }

  private static func spawn(
    _ actions: inout posix_spawn_file_actions_t, _ attributes: inout posix_spawnattr_t,
    _ arguments: [[UInt8]]
  ) throws(Errno) -> Int32 {
    let argv = unsafe CStringArray(arguments)
    defer { unsafe argv.free() }
    var processID: pid_t = 0
    let result = unsafe posix_spawn(
      &processID, "/proc/self/exe", &actions, &attributes, argv.pointers, environ)
    guard result == 0 else { throw Errno(rawValue: result) }
    return processID
  }

  // MARK: Requests

  /// Room in the channel is to be waited for on this descriptor; nil if nothing waits for it.
  var pendingDescriptor: Int32? { pending.isEmpty ? nil : requests }

  func append(_ encode: (inout [UInt8]) -> Void) {
    encode(&pending)
  }

  /// Sends what the channel has room for.
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
        // It is gone, which is told when it has been waited for.
        break
      }
    }
    pending.removeAll(keepingCapacity: true)
    sent = 0
  }

  // MARK: End

  /// Tells it that there is no engine any more.
  func shut() {
    precondition(!isShut, "a channel is shut once")
    isShut = true
    _ = close(requests)
  }

  /// Waits for it, once it has ended. It may have been waited for together with others.
  func reap() {
    var status: Int32 = 0
    while unsafe waitpid(process.processID, &status, 0) == -1 && errno == EINTR {}
  }
}
