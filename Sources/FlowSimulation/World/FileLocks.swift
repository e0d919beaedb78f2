/// Which open files hold the locks of which nodes: one alone, or several that share it.
struct FileLocks {
  typealias Handle = SimulatedStorage.Handle

  /// By node.
  private var holders: [Handle?]
  /// By node; most are never shared.
  private var sharers: [Int: [Handle]] = [:]

  init(nodeCount: Int) {
    holders = [Handle?](repeating: nil, count: nodeCount)
  }

  mutating func addNode() { holders.append(nil) }

  func isTaken(_ node: Int) -> Bool { holders[node] != nil || sharers[node] != nil }

  func isTaken(_ node: Int, byOtherThan file: Handle) -> Bool {
    if let holder = holders[node], holder != file { return true }
    return sharers[node]?.contains { $0 != file } ?? false
  }

  /// Takes a lock alone, also one that this file has shared with no other.
  mutating func take(_ node: Int, by file: Handle) -> Bool {
    if isTaken(node, byOtherThan: file) { return false }
    sharers[node] = nil
    holders[node] = file
    return true
  }

  /// Shares a lock, also one that this file has had alone.
  mutating func share(_ node: Int, with file: Handle) -> Bool {
    if let holder = holders[node], holder != file { return false }
    holders[node] = nil
    if sharers[node]?.contains(file) != true { sharers[node, default: []].append(file) }
    return true
  }

  mutating func release(_ node: Int, by file: Handle) {
    if holders[node] == file { holders[node] = nil }
    guard let rest = sharers[node]?.filter({ $0 != file }) else { return }
    sharers[node] = rest.isEmpty ? nil : rest
  }
}
