import CLinux
import CTorture
import FlowCore
import FlowStorage
import FlowSystem
import Glibc

/// The folder of a round, with its run, its ledger and the evidence.
struct RoundFolder {
  let path: String
  private let storage = LinuxStorage()

  static let runID = "r"

  init(path: String) {
    self.path = path
  }

  var home: String { "\(path)/home" }
  var workflow: String { "\(path)/workflow.json" }
  var ledger: String { "\(path)/ledger" }
  var run: String { "\(home)/runs/\(Self.runID)" }
  var lock: String { "\(run)/lock" }
  var launcherLock: String { "\(run)/launcher" }
  /// The images of the disk, if the power is cut.
  var images: String { "\(path)/images" }
  private var filler: String { "\(home)/filler" }

  /// Creates the folder, and removes one that an earlier round with the same seed left.
  func create(mounting size: Int?) throws(Errno) {
    try Self.remove(path)
    try storage.makeDirectory(path)
    try storage.makeDirectory(home)
    guard let size else { return }
    if unsafe torture_mount_memory(home, size) != 0 { throw Errno(rawValue: errno) }
  }

  func remove() {
    // The mounts end with this process, but would be in the way until then.
    let names = (try? storage.entries(of: path)) ?? []
    for name in ["home", "images", "new"] + names.filter({ $0.hasPrefix("old-") }) {
      unsafe torture_unmount("\(path)/\(name)")
    }
    try? Self.remove(path)
  }

  var hasRun: Bool { exists(run) }

  func exists(_ path: String) -> Bool {
    ((try? storage.attributes(of: path)) ?? nil) != nil
  }

  /// The size of the ledger in bytes.
  var ledgerSize: Int {
    var status = stat()
    return unsafe stat(ledger, &status) == 0 ? Int(status.st_size) : 0
  }

  func write(_ text: String, to name: String) {
    try? FileWriting.write(Array(text.utf8), to: "\(path)/\(name)")
  }

  func text(_ path: String, limit: Int = 64 << 20) -> String {
    String(decoding: (try? FileReading.bytes(of: path, limit: limit)) ?? [], as: UTF8.self)
  }

  /// - Returns: whether the file existed.
  func removeFile(_ path: String) -> Bool {
    (try? storage.removeFile(path)) != nil
  }

  // MARK: The disk

  /// Fills the disk to the last byte.
  func fillDisk() {
    let file = unsafe open(filler, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    if file < 0 { return }
    defer { _ = close(file) }
    for size in [1 << 20, 4_096, 1] {
      let zeros = [UInt8](repeating: 0, count: size)
      while unsafe Glibc.write(file, zeros, size) > 0 {}
    }
  }

  func freeDisk() {
    _ = removeFile(filler)
  }

  // MARK: Evidence

  /// The outputs of attempts.
  func outputs() -> [OutputRecord] {
    let folder = "\(run)/attempts"
    let names = (try? storage.entries(of: folder)) ?? []
    return names.compactMap { name in
      guard name.hasSuffix(".out"), let attempt = Self.attempt(String(name.dropLast(4))),
        let bytes = try? FileReading.bytes(of: "\(folder)/\(name)", limit: 64 << 20)
      else { return nil }
      let wrong = bytes.indices.first { bytes[$0] != torture_output_byte($0) }
      return OutputRecord(attempt, byteCount: bytes.count, rightCount: wrong ?? bytes.count)
    }
  }

  /// Parses `<step>@<attempt>`.
  static func attempt(_ name: String) -> AttemptName? {
    let parts = name.split(separator: "@")
    guard parts.count == 2, let number = Int(parts[1]) else { return nil }
    // As in the name of a file. A child is named by its number, with nothing before the first separator.
    return AttemptName(
      parts[0].split(separator: "+", omittingEmptySubsequences: false).joined(separator: "/"),
      number)
  }

  func requests() -> [RequestRecord] {
    let folder = "\(run)/requests"
    let now = EventLoop.now().wall.microseconds
    let names = (try? storage.entries(of: folder)) ?? []
    return names.compactMap { name in
      // Answers are there, too.
      guard !name.hasSuffix(".answer"),
        let id = name.split(separator: ".").first.flatMap({ UInt64($0, radix: 16) }),
        let attributes = (try? storage.attributes(of: "\(folder)/\(name)")) ?? nil
      else { return nil }
      return RequestRecord(
        id: String(id), ageMicroseconds: Int(now - attributes.modifiedMicroseconds))
    }
  }

  /// Copies the run's folder from the small disk, which ends with this process.
  func keepRun() {
    let line = ["/bin/cp", "-a", run, "\(path)/run"]
    guard
      let process = try? ChildProcess.start(
        line, environment: [], output: .nothing, errors: .nothing)
    else { return }
    var status: Int32 = 0
    _ = unsafe waitpid(process, &status, 0)
  }

  // MARK: Trees

  /// Removes a folder with everything in it, if it exists.
  static func remove(_ path: String) throws(Errno) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    let storage = LinuxStorage()
    guard status.st_mode & S_IFMT == S_IFDIR else { return try storage.removeFile(path) }
    for name in try storage.entries(of: path) { try remove("\(path)/\(name)") }
    try storage.removeDirectory(path)
  }
}
