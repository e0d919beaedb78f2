package import FlowStorage
import FlowText
import Glibc

/// This process, about to become the command of an attempt.
package enum CommandExecution {
  /// ELIBACC: the interpreter of a script does not exist.
  private static let noInterpreter = Errno(rawValue: 80)

  /// Becomes the program, which is searched as the launcher does. What this process has inherited stays as it
  /// is.
  ///
  /// - Parameters:
  ///   - arguments: the program and its arguments.
  ///   - environment: `NAME=value`; all of it.
  /// - Returns: only if that fails: why.
  package static func become(_ arguments: [String], environment: [[UInt8]]) -> Errno {
    precondition(!arguments.isEmpty, "a command without a program")
    let path = environment.first { $0.starts(with: "PATH=".utf8) }.map { Array($0.dropFirst(5)) }
    let found = program(arguments[0], path ?? Array("/bin:/usr/bin".utf8))
    switch found {
    case .failure(let errno): return errno
    case .success(let path): return execute(path, arguments, environment)
    }
  }

  private static func execute(
    _ path: String, _ arguments: [String], _ environment: [[UInt8]]
  ) -> Errno {
    let argv = unsafe CStringArray(arguments.map(RawText.bytes))
    let envp = unsafe CStringArray(environment)
    defer { unsafe argv.free() }
    defer { unsafe envp.free() }
    _ = unsafe execve(cPath(path), argv.pointers, envp.pointers)
    let failure = Errno(rawValue: errno)
    let isThere = unsafe access(cPath(path), F_OK) == 0
    return failure == .noSuchFile && isThere ? noInterpreter : failure
  }

  private static func program(_ name: String, _ path: [UInt8]) -> Result<String, Errno> {
    if name.utf8.contains(UInt8(ascii: "/")) { return .success(name) }
    var error = Errno.noSuchFile
    if name.isEmpty { return .failure(error) }
    for entry in path.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
      // An empty entry is the working directory.
      let candidate = "\(entry.isEmpty ? "." : RawText.text(Array(entry)))/\(name)"
      var status = stat()
      guard unsafe stat(cPath(candidate), &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        continue
      }
      if unsafe access(cPath(candidate), X_OK) == 0 { return .success(candidate) }
      error = .permissionDenied
    }
    return .failure(error)
  }
}
