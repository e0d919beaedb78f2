import CLinux
package import FlowStorage
import Glibc

/// Reads files as streams of bytes.
package enum FileReading {
  /// The whole content of a file, a pipe or a terminal.
  ///
  /// - Throws: `.fileTooLarge` if it exceeds `limit` bytes, after reading no more than that.
  package static func bytes(of path: String, limit: Int) throws(Errno) -> [UInt8] {
    try input(of: path, limit: limit).bytes
  }

  /// The whole content of a file that a file names. Nobody types there what it would wait for.
  ///
  /// - Throws: `.fileTooLarge` as above, and `.invalidArgument` for a pipe, a socket or a device.
  package static func bytes(ofFile path: String, limit: Int) throws(Errno) -> [UInt8] {
    let descriptor = try systemCall { unsafe clinux_open(cPath(path), O_RDONLY | O_NONBLOCK, 0) }
    defer { _ = close(descriptor) }
    var status = stat()
    _ = try systemCall { unsafe fstat(descriptor, &status) }
    if ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) { throw .invalidArgument }
    return try input(of: descriptor, limit: limit).bytes
  }

  /// The same, and whether it is a file that can be read again; `-` is standard input.
  package static func input(
    of path: String, limit: Int
  ) throws(Errno) -> (bytes: [UInt8], isFile: Bool) {
    if path == "-" { return try input(of: STDIN_FILENO, limit: limit) }
    let descriptor = try systemCall { unsafe clinux_open(cPath(path), O_RDONLY, 0) }
    defer { _ = close(descriptor) }
    return try input(of: descriptor, limit: limit)
  }

  private static func input(
    of descriptor: Int32, limit: Int
  ) throws(Errno) -> (bytes: [UInt8], isFile: Bool) {
    var status = stat()
    _ = try systemCall { unsafe fstat(descriptor, &status) }
    if status.st_mode & S_IFMT == S_IFDIR { throw .isDirectory }
    if status.st_size > limit { throw .fileTooLarge }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(status.st_size) + 1)
    try forEachPiece(of: descriptor) { (piece) throws(Errno) in
      if bytes.count + piece.count > limit { throw .fileTooLarge }
      bytes += piece
    }
    return (bytes, status.st_mode & S_IFMT == S_IFREG)
  }

  /// Whether it is a file, which can be read again, and not a pipe or a device.
  package static func isFile(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(cPath(path), &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// The first bytes of a file, at most `limit`.
  package static func beginning(of path: String, limit: Int) throws(Errno) -> [UInt8] {
    let descriptor = try systemCall { unsafe clinux_open(cPath(path), O_RDONLY | O_NONBLOCK, 0) }
    defer { _ = close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = try systemCall { unsafe pread(descriptor, &bytes, limit, 0) }
    return Array(bytes[..<count])
  }

  /// The last bytes of a file, at most `limit`.
  package static func tail(of path: String, limit: Int) throws(Errno) -> [UInt8] {
    try ending(of: path, limit: limit).bytes
  }

  /// The last bytes of a file, at most `limit`, and its size.
  package static func ending(
    of path: String, limit: Int
  ) throws(Errno) -> (bytes: [UInt8], size: Int64) {
    let descriptor = try systemCall { unsafe clinux_open(cPath(path), O_RDONLY, 0) }
    defer { _ = close(descriptor) }
    var status = stat()
    _ = try systemCall { unsafe fstat(descriptor, &status) }
    let length = min(Int(status.st_size), limit)
    var bytes = [UInt8](repeating: 0, count: length)
    let count = try systemCall {
      unsafe pread(descriptor, &bytes, length, status.st_size - off_t(length))
    }
    return (Array(bytes[..<count]), Int64(status.st_size))
  }

  /// Calls `body` with one piece after another, up to the end of the file.
  package static func forEachPiece(
    of path: String, from offset: Int64 = 0, _ body: ([UInt8]) -> Void
  ) throws(Errno) {
    let descriptor = try systemCall { unsafe clinux_open(cPath(path), O_RDONLY, 0) }
    defer { _ = close(descriptor) }
    if offset > 0 { _ = lseek(descriptor, off_t(offset), SEEK_SET) }
    try forEachPiece(of: descriptor) { (piece) throws(Errno) in body(piece) }
  }

  static func forEachPiece(
    of descriptor: Int32, _ body: ([UInt8]) throws(Errno) -> Void
  ) throws(Errno) {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try systemCall { unsafe read(descriptor, &buffer, buffer.count) }
      if count == 0 { return }
      try body(Array(buffer[..<count]))
    }
  }
}
