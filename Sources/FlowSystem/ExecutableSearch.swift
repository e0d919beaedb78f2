import FlowLog
import Glibc

/// Finds a program the way a shell does, along the PATH that the command itself will see.
enum ExecutableSearch {
  static func find(
    _ name: String, path: String?, from folder: String
  ) throws(Errno) -> String {
    if name.utf8.contains(UInt8(ascii: "/")) { return name }
    if name.isEmpty { throw .noSuchFile }
    var failure = Errno.noSuchFile
    // What `execvp` searches where there is no PATH.
    let path = path ?? "/bin:/usr/bin"
    for entry in path.split(separator: ":", omittingEmptySubsequences: false) {
      let directory =
        entry.isEmpty ? folder : entry.first == "/" ? String(entry) : "\(folder)/\(entry)"
      let candidate = "\(directory)/\(name)"
      var status = stat()
      guard unsafe stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        continue
      }
      if unsafe access(candidate, X_OK) == 0 { return candidate }
      failure = .permissionDenied
    }
    throw failure
  }
}
