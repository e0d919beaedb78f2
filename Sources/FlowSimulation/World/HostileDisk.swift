/// What a hostile disk does. It can do anything to the log; to the lock file and to attempt records
/// only what their checksums detect.
extension SimulatedStorage {
  /// Something happens to one file.
  ///
  /// - Returns: the fault; nil if there is no file to strike.
  func betray(_ choose: (_ count: Int) -> Int) -> Fault? {
    let targets = targets()
    if targets.isEmpty { return nil }
    let target = targets[choose(targets.count)]
    let kind = choose(5)
    guard target.isSegment else { return flipBit(of: target, choose) }
    switch kind {
    case 0: return flipBit(of: target, choose)
    case 1: return loseSector(of: target, choose)
    case 2:
      // Not from another folder: a run that was created twice, because its folder never got its
      // name, has two first segments that are equally good.
      let sources = targets.filter { $0.folder == target.folder }
      return misdirect(to: target, from: sources[choose(sources.count)], choose)
    case 3: return age(target, choose)
    default:
      changeFolder(target.folder) { $0.lose(target.name) }
      forgetPaths()
      hasBetrayed = true
      hasBetrayedLog = true
      return .fileLost
    }
  }

  private struct Target {
    let folder: Int
    let name: String
    let node: Int
    let byteCount: Int

    var isSegment: Bool { name.utf8.suffix(4).elementsEqual(".seg".utf8) }
    var isOther: Bool { name == "lock" || name.utf8.suffix(4).elementsEqual(".rec".utf8) }
  }

  /// Ordered by the creation of their folders, and by name.
  private func targets() -> [Target] {
    var targets: [Target] = []
    for index in nodes.indices {
      let folder = nodes[index].folder
      let names = folder.names.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      for name in names {
        guard let node = folder.names[name] else { continue }
        let byteCount = nodes[node].file.durable.count
        guard byteCount > 0 else { continue }
        let target = Target(folder: index, name: name, node: node, byteCount: byteCount)
        if target.isSegment || target.isOther { targets.append(target) }
      }
    }
    return targets
  }

  private func flipBit(of target: Target, _ choose: (_ count: Int) -> Int) -> Fault {
    let bit = choose(target.byteCount * 8)
    corrupt(target) { $0[bit / 8] ^= 1 << UInt8(bit % 8) }
    return .bitRot
  }

  private func loseSector(of target: Target, _ choose: (_ count: Int) -> Int) -> Fault {
    let sector = drawSector(of: target, choose)
    corrupt(target) { bytes in for index in sector { bytes[index] = 0 } }
    return .sectorLost
  }

  private func misdirect(
    to target: Target, from source: Target, _ choose: (_ count: Int) -> Int
  ) -> Fault {
    let (from, to) = (drawSector(of: source, choose), drawSector(of: target, choose))
    let moved = nodes[source.node].file.durable[from]
    corrupt(target) { bytes in
      for (index, byte) in zip(to, moved) { bytes[index] = byte }
    }
    return .misdirectedWrite
  }

  private func age(_ target: Target, _ choose: (_ count: Int) -> Int) -> Fault {
    let sector = drawSector(of: target, choose)
    let earlier = nodes[target.node].file.durableBefore
    corrupt(target) { bytes in
      for index in sector { bytes[index] = index < earlier.count ? earlier[index] : 0 }
    }
    return .staleRead
  }

  private func drawSector(of target: Target, _ choose: (_ count: Int) -> Int) -> Range<Int> {
    let size = SimulatedFile.sectorByteCount
    let start = choose((target.byteCount + size - 1) / size) * size
    return start..<min(start + size, target.byteCount)
  }

  private func corrupt(_ target: Target, _ body: (inout [UInt8]) -> Void) {
    changeFile(target.node) { $0.corrupt(body) }
    hasBetrayed = true
    if target.isSegment { hasBetrayedLog = true }
  }
}
