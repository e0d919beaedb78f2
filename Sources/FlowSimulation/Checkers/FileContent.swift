import FlowStorage

extension World {
  /// What a command that is told of a file finds there; empty where there is none, nil where a disk that lies
  /// leaves nothing to judge by.
  func contentToJudge(at path: String) -> [UInt8]? {
    if storage.hasBetrayed { return nil }
    guard let file = try? File(path, .read, in: storage), let size = try? file.size() else {
      return []
    }
    return try? file.read(at: 0, count: Int(size))
  }
}
