import CLinux
package import FlowCore
package import FlowRuntime
package import FlowStorage
import Glibc

/// What a process knows about itself and its machine.
package enum ProcessFacts {
  package static var processID: Int32 { getpid() }

  /// The identifier of the machine's current boot.
  package static func bootID() throws(Errno) -> String {
    let bytes = try FileReading.bytes(of: "/proc/sys/kernel/random/boot_id", limit: 4_096)
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  /// Boot, mount and process namespace of a process that drives runs below a folder. The folder
  /// need not exist yet.
  package static func hostContext(of folder: String) throws(Errno) -> HostContext {
    var status = stat()
    _ = try systemCall { unsafe stat("/proc/self/ns/pid", &status) }
    return HostContext(
      bootID: try bootID(), mountID: try mountID(of: folder),
      processNamespace: UInt64(status.st_ino))
  }

  /// The mount that holds a folder, or that will hold it once it is created.
  private static func mountID(of folder: String) throws(Errno) -> UInt64 {
    var path = folder[...]
    while true {
      let descriptor: Int32
      do throws(Errno) {
        let name = path.isEmpty ? "/" : String(path)
        descriptor = try systemCall { unsafe clinux_open(name, Int32(CLINUX_OPEN_PATH), 0) }
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

  package static func environmentValue(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// What the commands of a run inherit if this process creates it.
  package static func environment() -> RunEnvironment {
    var variables: [[UInt8]] = []
    var next = unsafe environ
    while let variable = unsafe next.pointee {
      variables.append(unsafe (0..<strlen(variable)).map { unsafe UInt8(bitPattern: variable[$0]) })
      unsafe next += 1
    }
    // It can only be read by setting it. This thread alone makes files.
    let mask = Glibc.umask(0o077)
    _ = Glibc.umask(mask)
    return RunEnvironment(umask: mask, variables: variables)
  }

  package static func currentDirectory() throws(Errno) -> String {
    guard let path = unsafe getcwd(nil, 0) else { throw Errno(rawValue: errno) }
    defer { unsafe free(path) }
    return unsafe String(cString: path)
  }

  /// The absolute path without symbolic links and dots.
  package static func realPath(_ path: String) throws(Errno) -> String {
    guard let real = unsafe realpath(path, nil) else { throw Errno(rawValue: errno) }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }
}
