import FlowStorage

/// One folder in memory. It tracks what is durable, and fails at chosen operations.
final class MemoryStorage: Storage {
  final class Node: Sendable, Equatable {
    nonisolated(unsafe) var bytes: [UInt8]
    nonisolated(unsafe) var synced: [UInt8]

    init(_ bytes: [UInt8], synced: [UInt8]) {
      unsafe self.bytes = bytes
      unsafe self.synced = synced
    }

    static func == (left: Node, right: Node) -> Bool { left === right }
  }

  enum Fault {
    case error(Errno)
    /// A reservation fails after a part of it was made.
    case part(Errno)
    /// This operation and all later ones have no effect: the process is dead.
    case death
    /// A write takes no more bytes than this.
    case short(Int)
  }

  private(set) var names: [String: Node] = [:]
  private var durableNames: [String: Node] = [:]
  /// The operations so far, in order: each with the file's name.
  private(set) var operations: [String] = []
  /// By the index of the operation.
  var faults: [Int: Fault] = [:]
  /// By the name of the operation.
  /// A file cannot be made longer than that.
  var largestReservation = Int64.max
  var faultsByOperation: [String: Fault] = [:]
  /// How many reads succeed before the one that fails.
  var sparedLooks = 0
  private(set) var isDead = false
  private(set) var bytesRead = 0
  /// How often the end of a hole was queried.
  private(set) var holesAsked = 0
  /// Whether every byte counts as written, as on some file systems.
  var knowsNoHoles = false
  /// A hole between two bytes of the file, which extends its size.
  var hole: (offset: Int64, byteCount: Int64)?
  private(set) var pollsUntilSynced = 0
  private var syncing: Node?
  private var partError: Errno?

  private func begin(_ operation: String, _ name: String = "") throws(Errno) -> Int {
    if isDead { throw .inputOutput }
    let index = operations.count
    operations.append(name.isEmpty ? operation : "\(operation) \(name)")
    switch faults[index] ?? faultsByOperation[operation] {
    case .error(let errno): throw errno
    case .part(let errno): partError = errno
    case .death:
      isDead = true
      throw .inputOutput
    case .short(let limit): return limit
    case nil: break
    }
    return Int.max
  }

  /// Checks an operation that changes nothing, and so is not recorded.
  private func look(_ operation: String) throws(Errno) {
    guard case .error(let errno) = faultsByOperation[operation] else { return }
    if sparedLooks == 0 { throw errno }
    sparedLooks -= 1
  }

  private func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

  private func node(_ path: String) throws(Errno) -> Node {
    guard let node = names[name(path)] else { throw .noSuchFile }
    return node
  }

  func makeDirectory(_ path: String) throws(Errno) {}
  func removeDirectory(_ path: String) throws(Errno) { throw .notSupported }
  func attributes(of path: String) throws(Errno) -> FileAttributes? { nil }

  func tryLock(_ file: Node) throws(Errno) -> Bool {
    try look("lock")
    return true
  }

  func isLockedByAnother(_ file: Node) throws(Errno) -> Bool {
    try look("lock")
    return false
  }

  func entries(of path: String) throws(Errno) -> [String] {
    try look("list")
    return names.keys.sorted()
  }

  func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    _ = try begin("rename", name(path))
    guard replacing || names[name(newPath)] == nil else { throw .fileExists }
    names[name(newPath)] = try node(path)
    names[name(path)] = nil
  }

  func removeFile(_ path: String) throws(Errno) {
    _ = try begin("remove", name(path))
    _ = try node(path)
    names[name(path)] = nil
  }

  func syncDirectory(_ path: String) throws(Errno) {
    _ = try begin("syncDirectory")
    durableNames = names
  }

  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Node {
    guard mode == .create else {
      try look("open")
      return try node(path)
    }
    _ = try begin("create", name(path))
    guard names[name(path)] == nil else { throw .fileExists }
    let node = Node([], synced: [])
    names[name(path)] = node
    return node
  }

  func isStill(_ file: Node, at path: String) throws(Errno) -> Bool {
    try look("inspect")
    return names[name(path)] == file
  }

  func size(of file: Node) throws(Errno) -> Int64 {
    try look("inspect")
    return unsafe Int64(file.bytes.count) + (hole?.byteCount ?? 0)
  }

  func nextData(in file: Node, from offset: Int64) throws(Errno) -> Int64? {
    try look("seek")
    holesAsked += 1
    if knowsNoHoles { return offset }
    guard let hole else { return unsafe offset < Int64(file.bytes.count) ? offset : nil }
    let isInHole = offset >= hole.offset && offset < hole.offset + hole.byteCount
    let data = isInHole ? hole.offset + hole.byteCount : offset
    return unsafe data < Int64(file.bytes.count) + hole.byteCount ? data : nil
  }

  func read(
    from file: Node, at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(Errno) -> Int {
    try look("read")
    guard let hole, offset + Int64(range.count) > hole.offset else {
      return readBytes(of: file, at: Int(offset), into: &buffer, range)
    }
    let end = hole.offset + hole.byteCount
    if offset >= end {
      return readBytes(of: file, at: Int(offset - hole.byteCount), into: &buffer, range)
    }
    if offset < hole.offset {
      let before = range.lowerBound..<range.lowerBound + Int(hole.offset - offset)
      return readBytes(of: file, at: Int(offset), into: &buffer, before)
    }
    let count = Int(min(Int64(range.count), end - offset))
    for index in 0..<count { buffer[range.lowerBound + index] = 0 }
    bytesRead += count
    return count
  }

  private func readBytes(
    of file: Node, at start: Int, into buffer: inout [UInt8], _ range: Range<Int>
  ) -> Int {
    let count = unsafe max(0, min(range.count, file.bytes.count - start))
    guard count > 0 else { return 0 }
    bytesRead += count
    let low = range.lowerBound
    unsafe buffer.replaceSubrange(low..<low + count, with: file.bytes[start..<start + count])
    return count
  }

  func write(_ bytes: Span<UInt8>, to file: Node, at offset: Int64) throws(Errno) -> Int {
    let count = min(bytes.count, try begin("write"))
    let start = Int(offset)
    let missing = unsafe max(0, start + count - file.bytes.count)
    unsafe file.bytes.append(contentsOf: [UInt8](repeating: 0, count: missing))
    for index in 0..<count { unsafe file.bytes[start + index] = bytes[index] }
    return count
  }

  func truncate(_ file: Node, to length: Int64) throws(Errno) {
    _ = try begin("truncate")
    unsafe file.bytes.removeSubrange(min(Int(length), file.bytes.count)...)
  }

  func reserve(_ file: Node, upTo length: Int64) throws(Errno) {
    _ = try begin("reserve")
    if length > largestReservation { throw .noSpace }
    let missing = unsafe max(0, Int(length) - file.bytes.count)
    let given = partError == nil ? missing : missing / 3
    unsafe file.bytes.append(contentsOf: [UInt8](repeating: 0, count: given))
    defer { partError = nil }
    if let partError { throw partError }
  }

  func sync(_ file: Node) throws(Errno) {
    _ = try begin("sync")
    unsafe file.synced = file.bytes
  }

  func startSync(_ file: Node) throws(Errno) {
    _ = try begin("startSync")
    syncing = file
    pollsUntilSynced = 1
  }

  func finishedSync() throws(Errno) -> Bool {
    _ = try begin("finishedSync")
    guard pollsUntilSynced == 0 else {
      pollsUntilSynced -= 1
      return false
    }
    if let file = syncing { unsafe file.synced = file.bytes }
    syncing = nil
    return true
  }

  func close(_ file: Node) throws(Errno) { try look("close") }
}

// MARK: - Crashes and damage

extension MemoryStorage {
  /// What a power loss does to the unsynced bytes of a file.
  enum Loss {
    case all
    /// The size has grown, and the second half reads as zeros.
    case zeros
    /// The size has grown, and the second half reads as garbage.
    case garbage
  }

  /// The files as another process sees them once the engine is dead.
  func afterKill() -> MemoryStorage { image(names) { unsafe $0.bytes } }

  /// The files after a power loss.
  /// - Parameter keepingNames: whether unsynced names survive.
  func afterPowerLoss(_ loss: Loss, keepingNames: Bool) -> MemoryStorage {
    image(keepingNames ? names : durableNames) { node in
      unsafe Self.remains(of: node.bytes, synced: node.synced, loss)
    }
  }

  private func image(
    _ names: [String: Node], _ bytes: (Node) -> [UInt8]
  ) -> MemoryStorage {
    let image = MemoryStorage()
    image.names = names.mapValues { Node(bytes($0), synced: bytes($0)) }
    image.durableNames = image.names
    return image
  }

  private static func remains(
    of bytes: [UInt8], synced: [UInt8], _ loss: Loss
  ) -> [UInt8] {
    let changed = bytes.indices.filter { $0 >= synced.count || bytes[$0] != synced[$0] }
    guard let first = changed.first, let last = changed.last else { return bytes }
    var remains = bytes
    let middle = (first + last) / 2
    switch loss {
    case .all: return synced
    case .zeros: for index in middle...last { remains[index] = 0 }
    case .garbage: for index in middle...last { remains[index] = UInt8(index % 251 | 1) }
    }
    return remains
  }

  subscript(_ name: String) -> [UInt8] {
    get { names[name].map { unsafe $0.bytes } ?? [] }
    set { names[name] = Node(newValue, synced: newValue) }
  }

  /// Changes a file, also one that is open.
  func change(_ name: String, _ body: (inout [UInt8]) -> Void) {
    if let node = names[name] { unsafe body(&node.bytes) }
  }

  var contents: [String: [UInt8]] { names.mapValues { unsafe $0.bytes } }

  func remove(_ name: String) { names[name] = nil }
}
