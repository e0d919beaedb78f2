import Glibc

/// A folder that lasts as long as a test. Processes that name it in their environment end with it.
package final class TemporaryFolder: Sendable {
  /// Absolute, without a slash at the end.
  package let path: String

  package init() {
    var template = Array("/tmp/flow-test-XXXXXX".utf8CString)
    let made = unsafe mkdtemp(&template) != nil
    precondition(made, "cannot make a temporary folder: error \(errno)")
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    // Again, as long as there were any: what is killed may have been starting something.
    while case let processes = processes(), !processes.isEmpty {
      for pid in processes { kill(pid, SIGKILL) }
    }
    TestFile.removeTree(path)
  }

  /// Processes, alive, whose environment names the folder.
  package func processes() -> [Int32] {
    TestFile.names(in: "/proc").compactMap { name in
      guard let pid = Int32(name), pid != getpid() else { return nil }
      let environment = TestFile.bytes("/proc/\(pid)/environ")
      return Self.contains(environment, path) ? pid : nil
    }
  }

  /// Whether a part is in one of many strings, each of which ends with a zero.
  private static func contains(_ strings: [UInt8], _ part: String) -> Bool {
    unsafe (strings + [0]).withUnsafeBufferPointer { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
        var next = 0
        while next < strings.count, let base = characters.baseAddress {
          if unsafe strstr(base + next, part) != nil { return true }
          next += unsafe strlen(base + next) + 1
        }
        return false
      }
    }
  }

  /// Writes a file of the folder.
  ///
  /// - Returns: its path.
  @discardableResult
  package func write(_ text: String, to name: String, mode: UInt32 = 0o644) -> String {
    let path = "\(path)/\(name)"
    TestFile.write(Array(text.utf8), to: path)
    unsafe chmod(path, mode)
    return path
  }

  package func contents(of name: String) -> String { TestFile.text("\(path)/\(name)") }

  package func has(_ name: String) -> Bool { TestFile.exists("\(path)/\(name)") }
}

/// Files, for tests that need no more than this.
package enum TestFile {
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0
  }

  /// Empty where there is no such file.
  package static func bytes(_ path: String) -> [UInt8] {
    guard let file = unsafe fopen(path, "re") else { return [] }
    defer { unsafe _ = fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 8_192)
    while true {
      let count = unsafe fread(&buffer, 1, buffer.count, file)
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }

  package static func text(_ path: String) -> String {
    String(decoding: bytes(path), as: UTF8.self)
  }

  package static func write(_ bytes: [UInt8], to path: String) {
    guard let file = unsafe fopen(path, "we") else {
      preconditionFailure("cannot write \(path): error \(errno)")
    }
    let count = unsafe fwrite(bytes, 1, bytes.count, file)
    let closed = unsafe fclose(file)
    precondition(count == bytes.count && closed == 0, "cannot write \(path): error \(errno)")
  }

  /// Makes a folder, and those above it, where they are missing.
  package static func makeFolder(_ path: String) {
    if path.isEmpty || exists(path) { return }
    makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    let result = unsafe mkdir(path, 0o755)
    precondition(result == 0 || errno == EEXIST, "cannot make \(path): error \(errno)")
  }

  /// Without `.` and `..`, sorted; empty where there is no such folder.
  package static func names(in path: String) -> [String] {
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe _ = closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  package static func removeTree(_ path: String) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      for name in names(in: path) { removeTree("\(path)/\(name)") }
      unsafe _ = rmdir(path)
    } else {
      unsafe _ = unlink(path)
    }
  }
}
