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

  /// A sync of the first `count` changes failed. They will never be written, and the system takes
  /// them for written; until a crash they may still be read.
  mutating func drop(_ count: Int, reverting: Bool) {
    unsynced.removeFirst(min(count, unsynced.count))
    guard reverting else { return }
    let size = bytes.count
    bytes = durable
    for change in unsynced { Self.apply(change, to: &bytes) }
    Self.apply(.extend(length: size), to: &bytes)
  }

  /// What would be left if all that can be lost was.
  var leastRemains: SimulatedFile {
    var file = SimulatedFile()
    file.bytes = durable
    file.durable = durable
    return file
  }

  /// The machine loses power. Of the unsynced changes a first part is on the disk, and of the next
  /// write perhaps some first sectors; behind it the file may have grown with nothing in it, or
  /// with something else.
  ///
  /// - Returns: what happened to the bytes; nil if none were at stake or all survived.
  mutating func losePower(_ choose: (_ site: ChoiceSite, _ count: Int) -> Int) -> Fault? {
    if unsynced.isEmpty {
      // Dropped pages go too.
      bytes = durable
      return nil
    }
    let kept = unsynced.count - choose(.lostBytes, unsynced.count + 1)
    for change in unsynced.prefix(kept) { Self.apply(change, to: &durable) }
    let loss = kept < unsynced.count ? tear(unsynced[kept], choose) : nil
    bytes = durable
    unsynced = []
    return loss
  }

  private mutating func tear(
    _ change: Change, _ choose: (_ site: ChoiceSite, _ count: Int) -> Int
  ) -> Fault {
    guard case .write(let offset, let written) = change else { return .bytesLost }
    let end = offset + written.count
    // Sector boundaries lie where they lie in the file, not in the write.
    let firstSector = offset / Self.sectorByteCount
    let sectors = (end + Self.sectorByteCount - 1) / Self.sectorByteCount - firstSector
    let cut = min(end, (firstSector + choose(.tornBytes, sectors + 1)) * Self.sectorByteCount)
    if cut > offset {
      Self.apply(.write(offset: offset, bytes: Array(written[..<(cut - offset)])), to: &durable)
    }
    switch choose(.tornBytes, 4) {
    case 0, 1: break
    case 2: Self.apply(.extend(length: end), to: &durable)
    default:
      let start = max(cut, offset)
      guard start < end else { break }
      let pattern = UInt8(1 + choose(.tornBytes, 255))
      let garbage = (start..<end).map { UInt8(truncatingIfNeeded: $0) ^ pattern }
      Self.apply(.write(offset: start, bytes: garbage), to: &durable)
      return .garbage
    }
    return cut > offset ? .tornWrite : .bytesLost
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
