import CLinux
package import FlowCore
package import FlowRuntime
package import FlowStorage
import FlowText
import Glibc

/// Why a process cannot drive runs, or look at them, where it is.
package enum HostError: Error, Hashable, CustomStringConvertible {
  case storage(StorageError)
  case noProcesses
  case foreignProcesses

  package var description: String {
    switch self {
    case .storage(let error): "\(error)"
    case .noProcesses:
      "there is no /proc, which shows the processes of steps; mount it with: mount -t proc proc /proc"
    case .foreignProcesses:
      "/proc shows the processes of another pid namespace; mount that of this one with:"
        + " mount -t proc proc /proc"
    }
  }
}

/// What a process knows about itself and its machine.
package enum ProcessFacts {
  package static var processID: Int32 { getpid() }

  /// The date in the time zone of this process, such as `2026-11-29`.
  package static func localDate(_ time: WallTime) -> String {
    let date = clinux_local_date(time_t(time.microseconds / 1_000_000))
    func padded(_ number: Int32, _ count: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
    }
    return "\(padded(date / 10_000, 4))-\(padded(date / 100 % 100, 2))-\(padded(date % 100, 2))"
  }

  private static let bootIDPath = "/proc/sys/kernel/random/boot_id"

  /// The identifier of the machine's current boot.
  package static func bootID() throws(Errno) -> String {
    let bytes = try FileReading.bytes(of: bootIDPath, limit: 4_096)
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  /// Boot, mount and process namespace of a process that drives runs below a folder. The folder
  /// need not exist yet.
  package static func hostContext(of folder: String) throws(HostError) -> HostContext {
    try requireOwnProcesses()
    var status = stat()
    let namespace = "/proc/self/ns/pid"
    do throws(Errno) { _ = try systemCall { unsafe stat(namespace, &status) } } catch {
      throw .storage(StorageError(.inspect, namespace, error))
    }
    let boot: String
    do throws(Errno) { boot = try bootID() } catch {
      throw .storage(StorageError(.read, bootIDPath, error))
    }
    let mount: UInt64
    do throws(Errno) { mount = try mountID(of: folder) } catch {
      throw .storage(StorageError(.open, folder, error))
    }
    return HostContext(bootID: boot, mountID: mount, processNamespace: UInt64(status.st_ino))
  }

  /// `/proc` must show this process under its own id: a container can have none, or that of another
  /// process namespace, in which ids name other processes.
  private static func requireOwnProcesses() throws(HostError) {
    var target = [UInt8](repeating: 0, count: 32)
    let count = unsafe readlink("/proc/self", &target, target.count)
    if count < 0 {
      throw unsafe access("/proc/version", F_OK) == 0 ? .foreignProcesses : .noProcesses
    }
    guard String(decoding: target[..<count], as: UTF8.self) == String(getpid()) else {
      throw .foreignProcesses
    }
  }

  /// The mount that holds a folder, or that will hold it once it is created.
  private static func mountID(of folder: String) throws(Errno) -> UInt64 {
    var path = folder[...]
    while true {
      let descriptor: Int32
      do throws(Errno) {
        let name = path.isEmpty ? "/" : String(path)
        descriptor = try systemCall { unsafe clinux_open(cPath(name), Int32(CLINUX_OPEN_PATH), 0) }
      } catch {
        guard error == .noSuchFile, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else {
          throw error
        }
        path = path[..<slash]
        continue
      }
      defer { _ = close(descriptor) }
      return try mountID(of: descriptor)
    }
  }

  private static func mountID(of descriptor: Int32) throws(Errno) -> UInt64 {
    let bytes = try FileReading.bytes(of: "/proc/self/fdinfo/\(descriptor)", limit: 4_096)
    let name = "mnt_id:"
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    where line.hasPrefix(name) {
      // A tab precedes the number.
      if let number = UInt64(line.dropFirst(name.count + 1)) { return number }
    }
    throw .notSupported
  }

  /// Why a process that was sent SIGKILL may still be there.
  package enum Survival: Equatable {
    case ended
    /// Another user's: its name, or its number.
    case ofUser(String)
    /// In uninterruptible sleep.
    case inKernel
    case unknown
  }

  package static func survival(of processID: Int32) -> Survival {
    guard let bytes = try? FileReading.bytes(of: "/proc/\(processID)/status", limit: 1 << 16) else {
      return .ended
    }
    var (state, user) = ("", uid_t.max)
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let fields = line.split { $0 == "\t" || $0 == " " }
      if line.hasPrefix("State:"), fields.count > 1 { state = String(fields[1]) }
      // The real user: whose processes may be killed.
      if line.hasPrefix("Uid:"), fields.count > 1 { user = uid_t(fields[1]) ?? user }
    }
    switch state {
    case "Z", "X": return .ended
    case "D": return .inKernel
    default: return user == geteuid() || user == .max ? .unknown : .ofUser(name(ofUser: user))
    }
  }

  /// The name of the user who owns a file; nil where that is unknown.
  package static func owner(ofFile path: String) -> String? {
    var status = stat()
    do throws(Errno) { _ = try systemCall { unsafe stat(cPath(path), &status) } } catch {
      return nil
    }
    return name(ofUser: status.st_uid)
  }

  /// The name of this machine; nil where that is unknown.
  package static var hostName: String? {
    let bytes = (try? FileReading.bytes(of: "/proc/sys/kernel/hostname", limit: 4_096)) ?? []
    let name = bytes.prefix { $0 != UInt8(ascii: "\n") }
    return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
  }

  /// `alice`, or `user 1000` where this machine has no name for it. For display only: what is recorded is the
  /// number.
  package static func name(ofUser user: UInt32) -> String {
    // Static programs cannot ask the name services.
    let bytes = (try? FileReading.bytes(of: "/etc/passwd", limit: 1 << 20)) ?? []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      if fields.count > 2, uid_t(fields[2]) == user { return String(fields[0]) }
    }
    return "user \(user)"
  }

  /// The processors that this process may use, at least one.
  package static var availableProcessors: Int {
    max(1, Int(clinux_available_processors()))
  }

  /// The peak memory of this process.
  package static var peakResidentBytes: Int64 {
    var usage = rusage()
    guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    return Int64(usage.ru_maxrss) * 1_024
  }

  /// 64 unpredictable bits.
  package static func randomBits() -> UInt64 {
    var generator = SystemRandomNumberGenerator()
    return generator.next()
  }

  /// This process's own arguments, without its name, in bytes that need not be UTF-8 (`RawText`).
  package static var arguments: [String] {
    (1..<max(1, Int(CommandLine.argc))).compactMap { index in
      unsafe CommandLine.unsafeArgv[index].map { unsafe pathText($0) }
    }
  }

  /// The value of one of this process's variables (`RawText`).
  package static func environmentValue(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe pathText(value)
  }

  /// What the commands of a run inherit if this process creates it.
  package static func environment() -> RunEnvironment {
    // It can only be read by setting it. This thread alone makes files.
    let mask = Glibc.umask(0o077)
    _ = Glibc.umask(mask)
    return RunEnvironment(umask: mask, variables: variables())
  }

  /// `NAME=value` each.
  package static func variables() -> [[UInt8]] {
    var variables: [[UInt8]] = []
    var next = unsafe environ
    while let variable = unsafe next.pointee {
      variables.append(unsafe (0..<strlen(variable)).map { unsafe UInt8(bitPattern: variable[$0]) })
      unsafe next += 1
    }
    return variables
  }

  /// What programs are compiled for that run here: `x86_64`.
  package static var machine: String {
    var names = utsname()
    _ = unsafe uname(&names)
    return unsafe withUnsafeBytes(of: &names.machine) {
      unsafe RawText.text(Array($0.prefix { $0 != 0 }))
    }
  }

  package static func currentDirectory() throws(Errno) -> String {
    guard let path = unsafe getcwd(nil, 0) else { throw Errno(rawValue: errno) }
    defer { unsafe free(path) }
    return unsafe pathText(path)
  }

  /// The absolute path without symbolic links and dots.
  package static func realPath(_ path: String) throws(Errno) -> String {
    guard let real = unsafe realpath(cPath(path), nil) else { throw Errno(rawValue: errno) }
    defer { unsafe free(real) }
    return unsafe pathText(real)
  }
}
