/// A folder of the simulated disk.
struct SimulatedFolder {
  /// A name that was given or taken away.
  struct Change {
    let name: String
    let node: Int?
  }

  private(set) var names: [String: Int] = [:]
  private var durable: [String: Int] = [:]
  /// Groups of changes that happen together or not at all: a rename is one.
  private var unsynced: [[Change]] = []

  mutating func apply(_ changes: [Change]) {
    for change in changes { names[change.name] = change.node }
    unsynced.append(changes)
  }

  mutating func sync() {
    durable = names
    unsynced = []
  }

  /// What would be left if all that can be lost was.
  var leastRemains: SimulatedFolder {
    var folder = SimulatedFolder()
    folder.names = durable
    folder.durable = durable
    return folder
  }

  /// The machine loses power: a first part of what was not synced is on the disk.
  ///
  /// - Returns: whether changes were lost.
  mutating func losePower(_ choose: (_ count: Int) -> Int) -> Bool {
    if unsynced.isEmpty { return false }
    let kept = unsynced.count - choose(unsynced.count + 1)
    for group in unsynced.prefix(kept) {
      for change in group { durable[change.name] = change.node }
    }
    let isLossy = kept < unsynced.count
    names = durable
    unsynced = []
    return isLossy
  }
}
