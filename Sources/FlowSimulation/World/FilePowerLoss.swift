/// What a power loss leaves of the changes of a file that were not synced.
extension SimulatedFile {
  /// A first part of them is on the disk, and perhaps the first sectors of the next write. After
  /// that the file may have grown, with zeros or with garbage.
  mutating func cut(_ choose: (_ site: ChoiceSite, _ count: Int) -> Int) -> Fault? {
    let kept = unsynced.count - choose(.lostBytes, unsynced.count + 1)
    for change in unsynced.prefix(kept) { Self.apply(change, to: &durable) }
    return kept < unsynced.count ? tear(unsynced[kept], choose) : nil
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
      putGarbage(start..<end, choose)
      return .garbage
    }
    return cut > offset ? .tornWrite : .bytesLost
  }

  static let garbagePatterns = 255

  private mutating func putGarbage(
    _ range: Range<Int>, _ choose: (_ site: ChoiceSite, _ count: Int) -> Int
  ) {
    let pattern = UInt8(1 + choose(.tornBytes, Self.garbagePatterns))
    let garbage = range.map { UInt8(truncatingIfNeeded: $0) ^ pattern }
    Self.apply(.write(offset: range.lowerBound, bytes: garbage), to: &durable)
  }

  /// Any of them may be on the disk, in any order, sector by sector. Where one is missing, the file
  /// may have grown all the same, with zeros or with garbage.
  mutating func scatter(_ choose: (_ site: ChoiceSite, _ count: Int) -> Int) -> Fault? {
    switch choose(.lostBytes, 3) {
    case 0:
      for change in unsynced { Self.apply(change, to: &durable) }
      return nil
    case 1: return scatterSectors(choose)
    default: return .bytesLost
    }
  }

  private mutating func scatterSectors(
    _ choose: (_ site: ChoiceSite, _ count: Int) -> Int
  ) -> Fault? {
    let size = durable.count
    var (early, late, lost): ([Change], [Change], [Change]) = ([], [], [])
    var isReordered = false
    for change in unsynced.flatMap(Self.sectors) {
      switch choose(.lostBytes, 3) {
      case 0:
        late.append(change)
        if !lost.isEmpty { isReordered = true }
      case 1:
        early.append(change)
        if !late.isEmpty || !lost.isEmpty { isReordered = true }
      default: lost.append(change)
      }
    }
    var hasGarbage = false
    if !lost.isEmpty {
      switch choose(.tornBytes, 3) {
      case 0: break
      case 1: for change in lost { Self.apply(.extend(length: change.end), to: &durable) }
      default:
        for case .write(let offset, let bytes) in lost where offset + bytes.count > size {
          // Durable bytes stay.
          putGarbage(max(offset, size)..<offset + bytes.count, choose)
          hasGarbage = true
        }
      }
    }
    for change in early + late { Self.apply(change, to: &durable) }
    if hasGarbage { return .garbage }
    if isReordered { return .writesReordered }
    return lost.isEmpty ? nil : late.isEmpty && early.isEmpty ? .bytesLost : .tornWrite
  }

  private static func sectors(_ change: Change) -> [Change] {
    guard case .write(let offset, let bytes) = change else { return [change] }
    var sectors: [Change] = []
    var start = 0
    while start < bytes.count {
      let room = sectorByteCount - (offset + start) % sectorByteCount
      let end = min(bytes.count, start + room)
      sectors.append(.write(offset: offset + start, bytes: Array(bytes[start..<end])))
      start = end
    }
    return sectors
  }
}

extension SimulatedFile.Change {
  /// How long the file is after it, at least.
  fileprivate var end: Int {
    switch self {
    case .write(let offset, let bytes): offset + bytes.count
    case .extend(let length): length
    case .truncate: 0
    }
  }
}
