/// A folder of the simulated disk.
struct SimulatedFolder {
  /// A name that was given or taken away.
  struct Change {
    let name: String
    let node: Int?
    /// Where a file was that has been renamed from another folder.
    var origin: (folder: Int, name: String)?
  }

  private(set) var names: [String: Int] = [:] {
    didSet { listing = nil }
  }
  /// The sorted names; nil after a change. Readers list the log's folder often.
  private var listing: [String]?
  private var durable: [String: Int] = [:]
  /// Groups of changes that happen together or not at all: a rename is one.
  private var unsynced: [[Change]] = []
  /// Files from other folders that the last power loss took.
  fileprivate private(set) var lostArrivals: [Change] = []

  mutating func apply(_ changes: [Change]) {
    for change in changes { names[change.name] = change.node }
    unsynced.append(changes)
  }

  mutating func sync() {
    durable = names
    unsynced = []
  }

  /// The names, sorted by their bytes.
  mutating func list() -> [String] {
    if let listing { return listing }
    let sorted = names.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    listing = sorted
    return sorted
  }

  /// Whether a power loss would change nothing.
  var isSynced: Bool { unsynced.isEmpty }

  /// What is left if everything is lost that can be lost.
  var leastRemains: SimulatedFolder {
    var folder = SimulatedFolder()
    folder.names = durable
    folder.durable = durable
    return folder
  }

  /// Whether a power loss may take the name, or bring it back.
  func isAtRisk(_ name: String) -> Bool { names[name] != durable[name] }

  /// The disk forgets a name that it had.
  mutating func lose(_ name: String) {
    names[name] = nil
    durable[name] = nil
  }

  /// The machine loses power, and what is left depends on the tier.
  ///
  /// - Parameter isFolder: whether a node is one. A folder never has two names.
  /// - Returns: what happened to the names; nil if all changes survived.
  mutating func losePower(
    _ tier: StorageTier, isFolder: (Int) -> Bool, _ choose: (_ count: Int) -> Int
  ) -> Fault? {
    lostArrivals = []
    if unsynced.isEmpty { return nil }
    let loss: Fault?
    switch tier {
    case .ordered: loss = cut(choose)
    case .weak, .hostile: loss = scatter(isFolder: isFolder, choose)
    }
    names = durable
    unsynced = []
    return loss
  }

  /// A first part of the changes is on the disk.
  private mutating func cut(_ choose: (_ count: Int) -> Int) -> Fault? {
    let kept = unsynced.count - choose(unsynced.count + 1)
    for group in unsynced.prefix(kept) { makeDurable(group) }
    lostArrivals = unsynced.dropFirst(kept).joined().filter { $0.origin != nil }
    return kept < unsynced.count ? .namesLost : nil
  }

  /// A file that was renamed to another folder is here again.
  fileprivate mutating func restore(_ node: Int, as name: String) {
    guard names[name] == nil else { return }
    names[name] = node
    durable[name] = node
  }

  /// Any of the changes may be on the disk; a file that is renamed may have both names.
  private mutating func scatter(
    isFolder: (Int) -> Bool, _ choose: (_ count: Int) -> Int
  ) -> Fault? {
    let mode = choose(3)
    if mode == 2 { return .namesLost }
    var loss: Fault?
    for group in unsynced {
      let isHalvable = group.count > 1 && !group.contains { $0.node.map(isFolder) ?? false }
      switch mode == 0 ? 0 : choose(4) {
      case 0:
        makeDurable(group)
        if loss == .namesLost { loss = .namesReordered }
      case 1...2 where isHalvable:
        makeDurable(group.filter { $0.node != nil })
        loss = .renameHalved
      default: loss = loss ?? .namesLost
      }
    }
    return loss
  }

  private mutating func makeDurable(_ group: [Change]) {
    for change in group { durable[change.name] = change.node }
  }
}

extension SimulatedStorage {
  /// A journal has a rename between two folders as a whole: what has not come to one is in the other.
  func returnLostArrivals() {
    for index in nodes.indices where nodes[index].isFolder {
      for lost in nodes[index].folder.lostArrivals {
        guard let origin = lost.origin, let node = lost.node else { continue }
        changeFolder(origin.folder) { $0.restore(node, as: origin.name) }
      }
    }
  }

  /// The folder at a path; nil if there is none.
  func folder(at path: String) -> SimulatedFolder? {
    guard let node = try? find(path), isFolder(node) else { return nil }
    return nodes[node].folder
  }

  /// The names in a folder, in no order; nil if there is none.
  func names(at path: String) -> [String: Int].Keys? {
    guard let node = try? find(path), isFolder(node) else { return nil }
    return nodes[node].folder.names.keys
  }
}
