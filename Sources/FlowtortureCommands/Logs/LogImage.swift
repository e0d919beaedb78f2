import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem

/// The segments of one log in memory: a read-only storage without errors, whose bytes can be damaged
/// between two readings.
final class LogImage: Storage {
  /// The run's folder; its `log` holds the segments.
  static let run = RunFolder(path: "run")

  /// The first is segment 1. Nil for a missing segment.
  var segments: [[UInt8]?]
  /// The contents of the lock file, which no process has locked. Nil if there is none.
  var lock: [UInt8]?

  init(_ segments: [[UInt8]?]) {
    self.segments = segments
  }

  /// Reads a log from the disk.
  ///
  /// - Parameter path: of the folder that holds its segments.
  convenience init(at path: String) throws(Errno) {
    let names = try LinuxStorage().entries(of: path)
    var segments: [[UInt8]] = []
    while names.contains(Self.name(segments.count + 1)) {
      let name = Self.name(segments.count + 1)
      segments.append(try FileReading.bytes(of: "\(path)/\(name)", limit: 1 << 24))
    }
    if segments.isEmpty { throw .noSuchFile }
    self.init(segments)
  }

  private static func name(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: 8 - digits.utf8.count) + digits + ".seg"
  }

  // MARK: Reading

  func entries(of path: String) throws(Errno) -> [String] {
    guard path == Self.run.log else { throw .noSuchFile }
    return segments.indices.filter { segments[$0] != nil }.map { Self.name($0 + 1) }
  }

  /// - Returns: the number of the segment, or zero for the lock file.
  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Int {
    guard mode == .read else { throw .readOnly }
    if path == Self.run.lock, lock != nil { return 0 }
    guard path.hasPrefix(Self.run.log), let number = Int(path.dropLast(4).suffix(8)),
      segments.indices.contains(number - 1), segments[number - 1] != nil
    else { throw .noSuchFile }
    return number
  }

  func size(of file: Int) throws(Errno) -> Int64 {
    Int64((file == 0 ? lock : segments[file - 1])?.count ?? 0)
  }

  func read(
    from file: Int, at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(Errno) -> Int {
    guard let bytes = file == 0 ? lock : segments[file - 1] else { return 0 }
    let count = min(range.count, max(0, bytes.count - Int(offset)))
    for index in 0..<count { buffer[range.lowerBound + index] = bytes[Int(offset) + index] }
    return count
  }

  func attributes(of path: String) throws(Errno) -> FileAttributes? { nil }
  func isStill(_ file: Int, at path: String) throws(Errno) -> Bool { true }
  func isLockedByAnother(_ file: Int) throws(Errno) -> Bool { false }
  func sync(_ file: Int) throws(Errno) {}
  func syncDirectory(_ path: String) throws(Errno) {}
  func close(_ file: Int) throws(Errno) {}

  // MARK: Writing

  func makeDirectory(_ path: String) throws(Errno) { throw .readOnly }
  func removeDirectory(_ path: String) throws(Errno) { throw .readOnly }
  func removeFile(_ path: String) throws(Errno) { throw .readOnly }
  func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    throw .readOnly
  }
  func write(_ bytes: Span<UInt8>, to file: Int, at offset: Int64) throws(Errno) -> Int {
    throw .readOnly
  }
  func reserve(_ file: Int, upTo length: Int64) throws(Errno) { throw .readOnly }
  func startSync(_ file: Int) throws(Errno) { throw .readOnly }
  func finishedSync() throws(Errno) -> Bool { throw .readOnly }
  func tryLock(_ file: Int) throws(Errno) -> Bool { throw .readOnly }
}
