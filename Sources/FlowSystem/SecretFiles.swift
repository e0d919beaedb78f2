import CLauncher
import CLinux
import CMonitor
import FlowRuntime
package import FlowStorage
import Glibc

/// Where secrets come from, and where they are kept for a while.
package enum SecretFiles {
  /// The whole content of a file.
  ///
  /// - Throws: `.fileTooLarge` if it has more bytes than `limit`; `.invalidArgument` if it is no file:
  ///   from a pipe it could be read once only.
  package static func read(_ path: String, limit: Int) throws(Errno) -> [UInt8] {
    let descriptor = try systemCall { unsafe clinux_open(cPath(path), O_RDONLY | O_NONBLOCK, 0) }
    defer { _ = close(descriptor) }
    var status = stat()
    _ = try systemCall { unsafe fstat(descriptor, &status) }
    if status.st_mode & S_IFMT == S_IFDIR { throw .isDirectory }
    if status.st_mode & S_IFMT != S_IFREG { throw .invalidArgument }
    var bytes: [UInt8] = []
    try FileReading.forEachPiece(of: descriptor) { (piece) throws(Errno) in
      if bytes.count + piece.count > limit { throw .fileTooLarge }
      bytes += piece
    }
    return bytes
  }

  /// What statfs(2) says of tmpfs.
  private static let memoryType = 0x0102_1994

  /// The first of the usual folders that is in memory, and may be written to.
  package static var memoryFolder: String? {
    var candidates = ["/dev/shm"]
    if let own = unsafe getenv("XDG_RUNTIME_DIR") { candidates.append(unsafe pathText(own)) }
    return candidates.first { path in
      guard path.utf8.first == UInt8(ascii: "/"),
        unsafe clinux_file_system(cPath(path)) == memoryType
      else { return false }
      return unsafe access(cPath(path), W_OK | X_OK) == 0
    }
  }
}

/// Removing secrets from files (`scrub.h` in CLauncher).
enum SecretScrubbing {
  /// Of an attempt whose monitor is gone.
  static func removeFiles(of secrets: LaunchSecrets) {
    guard let folder = secrets.folder else { return }
    // Values that cannot be read any more had names all the same.
    for name in secrets.fileNames { unsafe _ = unlink(cPath("\(folder)/\(name)")) }
    unsafe _ = rmdir(cPath(folder))
  }

  /// - Returns: whether nothing is left of them in the file.
  static func scrub(_ path: String, of values: [[UInt8]]) -> Bool {
    unsafe withSecrets(values) { secrets in
      unsafe flow_scrub_at(cPath(path), secrets.baseAddress, secrets.count) == 0
    }
  }

  /// Lends the values to C.
  static func withSecrets<Result>(
    _ values: [[UInt8]], _ body: (UnsafeBufferPointer<flow_secret>) -> Result
  ) -> Result {
    let joined = values.flatMap(\.self)
    return unsafe joined.withUnsafeBufferPointer { bytes in
      var offset = 0
      var secrets: [flow_secret] = unsafe []
      for value in values {
        let begin = unsafe bytes.baseAddress?.advanced(by: offset)
        unsafe secrets.append(flow_secret(bytes: begin, size: value.count))
        offset += value.count
      }
      return unsafe secrets.withUnsafeBufferPointer { unsafe body($0) }
    }
  }
}
