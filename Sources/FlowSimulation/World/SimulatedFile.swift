/// A file of the simulated disk: what a reader sees, and what would be left after a power loss.
struct SimulatedFile {
  /// Changes that are not known to be durable, in the order in which they were made.
  enum Change {
    case write(offset: Int, bytes: [UInt8])
    case extend(length: Int)
  }

  static let sectorByteCount = 512

  private(set) var bytes: [UInt8] = []
  private var durable: [UInt8] = []
  private(set) var unsynced: [Change] = []

  mutating func apply(_ change: Change) {
    Self.apply(change, to: &bytes)
    unsynced.append(change)
  }

  /// The first `count` changes are durable now.
  mutating func sync(_ count: Int) {
    for change in unsynced.prefix(count) { Self.apply(change, to: &durable) }
    unsynced.removeFirst(min(count, unsynced.count))
  }

  /// The machine loses power. Of the unsynced changes a first part is on the disk, and of the next
  /// write perhaps some first sectors; behind it the file may have grown with nothing in it.
  mutating func losePower(_ choose: (_ count: Int) -> Int) {
    let kept = choose(unsynced.count + 1)
    for change in unsynced.prefix(kept) { Self.apply(change, to: &durable) }
    if kept < unsynced.count { tear(unsynced[kept], choose) }
    bytes = durable
    unsynced = []
  }

  private mutating func tear(_ change: Change, _ choose: (_ count: Int) -> Int) {
    guard case .write(let offset, let written) = change else { return }
    let end = offset + written.count
    // Sector boundaries lie where they lie in the file, not in the write.
    let firstSector = offset / Self.sectorByteCount
    let sectors = (end + Self.sectorByteCount - 1) / Self.sectorByteCount - firstSector
    let cut = min(end, (firstSector + choose(sectors + 1)) * Self.sectorByteCount)
    if cut > offset {
      Self.apply(.write(offset: offset, bytes: Array(written[..<(cut - offset)])), to: &durable)
    }
    if choose(2) == 1 { Self.apply(.extend(length: end), to: &durable) }
  }

  private static func apply(_ change: Change, to content: inout [UInt8]) {
    switch change {
    case .write(let offset, let written):
      let end = offset + written.count
      if content.count < end {
        content.append(contentsOf: repeatElement(0, count: end - content.count))
      }
      content.replaceSubrange(offset..<end, with: written)
    case .extend(let length):
      if content.count < length {
        content.append(contentsOf: repeatElement(0, count: length - content.count))
      }
    }
  }
}

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

  /// The machine loses power: a first part of what was not synced is on the disk.
  mutating func losePower(_ choose: (_ count: Int) -> Int) {
    for group in unsynced.prefix(choose(unsynced.count + 1)) {
      for change in group { durable[change.name] = change.node }
    }
    names = durable
    unsynced = []
  }
}
