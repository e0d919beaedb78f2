import FlowPublication
import FlowStorage

/// A file system in memory, which all publishers of a test share.
final class MemoryDisk {
  final class Node {
    let inode: UInt64
    let device: UInt64
    let kind: FileStatus.Kind
    var mode: UInt16 = 0o600
    var bytes: [UInt8] = []
    var isSynced = false
    var target = ""
    /// By the bytes of their names.
    var children: [[UInt8]: Node] = [:]
    var changed: Int64

    init(_ kind: FileStatus.Kind, device: UInt64, inode: UInt64, changed: Int64) {
      self.kind = kind
      self.device = device
      self.inode = inode
      self.changed = changed
    }

    var names: [String] {
      children.keys.sorted { $0.lexicographicallyPrecedes($1) }
        .map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// The last part of a path, in the folder that holds it.
  struct Slot {
    let folder: Node
    let name: [UInt8]
    var node: Node? { folder.children[name] }
  }

  let root = Node(.folder, device: 1, inode: 0, changed: 0)
  private var ticks: Int64 = 0

  private func tick() -> Int64 {
    ticks += 1
    return ticks
  }

  // MARK: Paths

  private func names(of path: String) -> [[UInt8]] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }
  }

  func slot(_ path: String) throws(Errno) -> Slot {
    let names = names(of: path)
    guard let last = names.last else { throw .invalidArgument }
    guard let folder = try walk(names.dropLast()).last else { throw .noSuchFile }
    guard folder.node.kind == .folder else { throw .notDirectory }
    return Slot(folder: folder.node, name: last)
  }

  /// All folders that a path leads through, without links.
  private func walk(_ path: [[UInt8]]) throws(Errno) -> [(name: [UInt8], node: Node)] {
    var place: [(name: [UInt8], node: Node)] = [([], root)]
    var rest = path[...]
    var links = 0
    while let name = rest.popFirst() {
      if name == Array("..".utf8) {
        if place.count > 1 { place.removeLast() }
        continue
      }
      guard let folder = place.last?.node, folder.kind == .folder else { throw .notDirectory }
      guard let next = folder.children[name] else { throw .noSuchFile }
      guard next.kind == .link else {
        place.append((name, next))
        continue
      }
      links += 1
      if links > 40 { throw .tooManySymbolicLinks }
      if next.target.utf8.first == UInt8(ascii: "/") { place.removeSubrange(1...) }
      rest = names(of: next.target)[...] + rest
    }
    return place
  }

  func realPath(_ path: String) throws(Errno) -> String {
    "/"
      + (try walk(names(of: path)).dropFirst().map { String(decoding: $0.name, as: UTF8.self) })
      .joined(separator: "/")
  }

  /// Nil if there is nothing. A link is not followed.
  func node(_ path: String) throws(Errno) -> Node? {
    do throws(Errno) { return try slot(path).node } catch {
      if error == .noSuchFile || error == .notDirectory { return nil }
      throw error
    }
  }

  func existing(_ path: String, _ kind: FileStatus.Kind) throws(Errno) -> Node {
    guard let node = try slot(path).node else { throw .noSuchFile }
    guard node.kind == kind else { throw kind == .folder ? .notDirectory : .invalidArgument }
    return node
  }

  // MARK: Changes

  @discardableResult
  func make(_ kind: FileStatus.Kind, _ path: String, device: UInt64? = nil) throws(Errno) -> Node {
    let slot = try slot(path)
    if slot.node != nil { throw .fileExists }
    let node = Node(
      kind, device: device ?? slot.folder.device, inode: UInt64(ticks) + 1, changed: tick())
    slot.folder.children[slot.name] = node
    slot.folder.changed = tick()
    return node
  }

  func write(_ bytes: [UInt8], to node: Node) {
    node.bytes = bytes
    node.isSynced = false
    node.changed = tick()
  }

  func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno) {
    let (from, to) = (try slot(path), try slot(newPath))
    guard let node = from.node else { throw .noSuchFile }
    if node.device != to.folder.device { throw .otherFileSystem }
    if let old = to.node {
      if !replacing { throw .fileExists }
      if old.kind == .folder && node.kind != .folder { throw .isDirectory }
      if old.kind != .folder && node.kind == .folder { throw .notDirectory }
      if !old.children.isEmpty { throw .directoryNotEmpty }
    }
    from.folder.children[from.name] = nil
    to.folder.children[to.name] = node
  }

  func exchange(_ path: String, _ other: String) throws(Errno) {
    let (one, two) = (try slot(path), try slot(other))
    guard let first = one.node, let second = two.node else { throw .noSuchFile }
    if first.device != two.folder.device { throw .otherFileSystem }
    one.folder.children[one.name] = second
    two.folder.children[two.name] = first
  }

  func remove(_ path: String, _ isRemovable: (Node) throws(Errno) -> Void) throws(Errno) {
    let slot = try slot(path)
    guard let node = slot.node else { throw .noSuchFile }
    try isRemovable(node)
    slot.folder.children[slot.name] = nil
  }

  /// The bytes that were not synced are lost. All names are as they were: that is the worst which can befall
  /// them.
  func cutPower() { lose(root) }

  private func lose(_ node: Node) {
    if node.kind == .file && !node.isSynced { node.bytes = [] }
    for child in node.children.values { lose(child) }
  }

  // MARK: For tests

  func syncAll(below node: Node? = nil) {
    let node = node ?? root
    node.isSynced = true
    for child in node.children.values { syncAll(below: child) }
  }

  func makeFolders(_ path: String) throws {
    var made = ""
    for name in path.split(separator: "/") {
      made += "/\(name)"
      if try node(made) == nil { try make(.folder, made).mode = 0o755 }
    }
  }

  /// Makes a file, or gives it another content.
  func put(_ text: String, at path: String, mode: UInt16 = 0o644) throws {
    let node = try node(path) ?? make(.file, path)
    node.mode = mode
    write(Array(text.utf8), to: node)
  }

  /// What is there, a line each: `index.html: new`, and `-> index.html` for a link.
  func contents(_ path: String) throws -> [String] {
    guard let node = try node(path) else { return [] }
    switch node.kind {
    case .file: return [": \(String(decoding: node.bytes, as: UTF8.self)) \(mode(of: node))"]
    case .link: return ["-> \(node.target)"]
    case .folder:
      return try ["/ \(mode(of: node))"]
        + node.names.flatMap { name in
          try contents("\(path)/\(name)").map { "/\(name)\($0)" }
        }
    default: return ["\(node.kind)"]
    }
  }

  private func mode(of node: Node) -> String { String(node.mode, radix: 8) }

  static func digest(of bytes: [UInt8]) -> Digest {
    var state: UInt64 = 0xcbf2_9ce4_8422_2325
    return Digest(
      (0..<32).map { index in
        for byte in bytes + [UInt8(index)] { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return UInt8(truncatingIfNeeded: state >> 32)
      })
  }
}

extension MemoryDisk {
  /// A folder; links that lead to it are followed.
  func walkedFolder(_ path: String) throws(Errno) -> Node {
    let real = try realPath(path)
    if real == "/" { return root }
    return try existing(real, .folder)
  }
}
