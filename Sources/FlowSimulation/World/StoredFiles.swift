/// The bytes of files, without a process that opens them.
extension SimulatedStorage {
  /// The bytes of a file, as any reader sees them; nil if there is none.
  func bytes(at path: String) -> [UInt8]? {
    guard let node = try? find(path), !isFolder(node) else { return nil }
    return nodes[node].file.bytes
  }

  /// The bytes of a file that is locked; nil if there is none.
  func bytesOfLocked(_ path: String) -> [UInt8]? {
    guard let node = try? find(path), isLocked(node) else { return nil }
    return nodes[node].file.bytes
  }

  /// The bytes of a file before the last power loss took some of them; nil if it was written since.
  func bytesBeforeLoss(at path: String) -> [UInt8]? {
    guard let node = try? find(path), !isFolder(node) else { return nil }
    return nodes[node].file.bytesBeforeLoss
  }
}
