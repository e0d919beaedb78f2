import FlowStorage
import Testing

@testable import FlowSimulation

/// What each tier may do to what was not synced, and to what was.
struct StorageTierTests {
  /// Draws what a test says, then nothing but zeros.
  private func losePower(_ disk: SimulatedStorage, _ draws: [Int]) -> [Fault] {
    var draws = draws[...]
    return disk.losePower { _, _ in draws.popFirst() ?? 0 }
  }

  private func makeFile(_ disk: SimulatedStorage, _ writes: [(Int, [UInt8])]) throws -> Int {
    let file = try disk.open("/a", .create)
    try disk.syncDirectory("/")
    for (offset, bytes) in writes { _ = try disk.write(bytes.span, to: file, at: Int64(offset)) }
    return file
  }

  private func sector(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 512) }

  @Test func onAWeakDiskALaterSectorOutlivesAnEarlierOne() throws {
    let disk = SimulatedStorage(.weak)
    _ = try makeFile(disk, [(0, sector(1) + sector(2))])
    // Sector by sector: the first is lost, the second is there.
    #expect(losePower(disk, [1, 2, 0]) == [.writesReordered])
    #expect(disk.bytes(at: "/a") == sector(0) + sector(2))
  }

  @Test func onAWeakDiskAnEarlierWriteLandsOnALaterOne() throws {
    let disk = SimulatedStorage(.weak)
    _ = try makeFile(disk, [(0, sector(1)), (0, sector(2))])
    #expect(losePower(disk, [1, 0, 1]) == [.writesReordered])
    #expect(disk.bytes(at: "/a") == sector(1))
  }

  @Test(arguments: [(0, 0), (1, 512), (2, 512)])
  func onAWeakDiskALostSectorMayLeaveRoomOrGarbage(draw: Int, length: Int) throws {
    let disk = SimulatedStorage(.weak)
    _ = try makeFile(disk, [(0, sector(1))])
    #expect(losePower(disk, [1, 2, draw]) == [draw == 2 ? .garbage : .bytesLost])
    let bytes = try #require(disk.bytes(at: "/a"))
    #expect(bytes.count == length)
    #expect(bytes.contains { $0 != 0 } == (draw == 2))
  }

  /// Whatever is drawn, and beside garbage, too.
  @Test(arguments: StorageTier.allCases, [UInt64](1...40))
  func noTierTakesWhatWasSyncedInAPowerLoss(tier: StorageTier, seed: UInt64) throws {
    let disk = SimulatedStorage(tier)
    let file = try makeFile(disk, [(0, [UInt8](repeating: 7, count: 700))])
    try disk.sync(file)
    _ = try disk.write(sector(8).span, to: file, at: 700)
    _ = try disk.write(sector(9).span, to: file, at: 1_500)
    try disk.reserve(file, upTo: 4_096)
    let choices = SeededChoices(seed: seed)
    disk.losePower { choices.choose($0, below: $1) }
    let bytes = try #require(disk.bytes(at: "/a"))
    #expect(bytes.prefix(700) == [UInt8](repeating: 7, count: 700)[...])
    // Reserved space holds no bytes.
    #expect(bytes.dropFirst(2_012).allSatisfy { $0 == 0 })
  }

  @Test func onAWeakDiskARenamedFileMayHaveBothNames() throws {
    let disk = SimulatedStorage(.weak)
    _ = try makeFile(disk, [])
    try disk.rename("/a", to: "/b", replacing: false)
    #expect(losePower(disk, [1, 1]) == [.renameHalved])
    #expect(try disk.entries(of: "/") == ["a", "b"])
  }

  @Test func aFolderNeverHasTwoNames() throws {
    let disk = SimulatedStorage(.weak)
    try disk.makeDirectory("/a")
    try disk.syncDirectory("/")
    try disk.rename("/a", to: "/b", replacing: false)
    #expect(losePower(disk, [1, 1]) == [.namesLost])
    #expect(try disk.entries(of: "/") == ["a"])
  }

  @Test func onAWeakDiskALaterNameOutlivesAnEarlierOne() throws {
    let disk = SimulatedStorage(.weak)
    for name in ["a", "b"] { try disk.makeDirectory("/\(name)") }
    #expect(losePower(disk, [1, 2, 0]) == [.namesReordered])
    #expect(try disk.entries(of: "/") == ["b"])
  }

  @Test(arguments: [Fault.bitRot, .sectorLost, .misdirectedWrite, .staleRead, .fileLost])
  func aHostileDiskChangesWhatWasSynced(fault: Fault) throws {
    let disk = SimulatedStorage(.hostile)
    let file = try disk.open("/1.seg", .create)
    try disk.syncDirectory("/")
    for byte in [1, 2] as [UInt8] {
      _ = try disk.write((sector(byte) + sector(byte + 2)).span, to: file, at: 0)
      try disk.sync(file)
    }
    let kinds: [Fault] = [.bitRot, .sectorLost, .misdirectedWrite, .staleRead, .fileLost]
    // The one file; the kind; for the misdirected write, the first sector to the second.
    var draws = [0, try #require(kinds.firstIndex(of: fault))]
    if fault == .misdirectedWrite { draws += [0, 0, 1] }
    #expect(disk.betray { _ in draws.isEmpty ? 0 : draws.removeFirst() } == fault)
    #expect(disk.hasBetrayed && disk.hasBetrayedLog)
    let bytes = disk.bytes(at: "/1.seg")
    switch fault {
    case .bitRot: #expect(bytes == [3] + sector(2).dropFirst() + sector(4))
    case .sectorLost: #expect(bytes == sector(0) + sector(4))
    case .misdirectedWrite: #expect(bytes == sector(2) + sector(2))
    case .staleRead: #expect(bytes == sector(1) + sector(4))
    default: #expect(bytes == nil)
    }
  }

  /// Files without a checksum stay as they are; records change by a bit at most.
  @Test func aHostileDiskHitsWhatItIsMeantToHit() throws {
    let disk = SimulatedStorage(.hostile)
    for name in ["a.out", "lock"] {
      let file = try disk.open("/\(name)", .create)
      _ = try disk.write([0].span, to: file, at: 0)
      try disk.sync(file)
    }
    #expect(disk.betray { $0 - 1 } == .bitRot)
    #expect(disk.bytes(at: "/a.out") == [0])
    #expect(disk.bytes(at: "/lock") == [128])
    #expect(!disk.hasBetrayedLog)
  }

  @Test func aSyncThatIsPretendedIsFoundOutByAPowerLoss() throws {
    let disk = SimulatedStorage(.hostile)
    let file = try makeFile(disk, [(0, [1])])
    disk.decide = { _, _ in .pretended }
    try disk.sync(file)
    #expect(disk.bytes(at: "/a") == [1])
    #expect(losePower(disk, []) == [])
    #expect(disk.bytes(at: "/a") == [])
  }

  /// A journal has both changes of a rename, or none.
  @Test func onAnOrderedDiskARenameBetweenFoldersIsWhole() throws {
    for draws in [[0, 0], [0, 1], [1, 0], [1, 1]] {
      let disk = SimulatedStorage(.ordered)
      for folder in ["/from", "/to"] { try disk.makeDirectory(folder) }
      _ = try disk.open("/from/a", .create)
      for folder in ["/from", "/"] { try disk.syncDirectory(folder) }
      try disk.rename("/from/a", to: "/to/b", replacing: false)
      _ = losePower(disk, draws)
      let names = [disk.names(at: "/from"), disk.names(at: "/to")].flatMap { Array($0 ?? [:].keys) }
      #expect(!names.isEmpty, "\(draws)")
    }
  }

  @Test func aSyncModifiesNothing() throws {
    let disk = SimulatedStorage(.ordered)
    var now: Int64 = 1
    disk.wallMicroseconds = { now }
    let file = try makeFile(disk, [(0, sector(1))])
    let before = try disk.attributes(of: "/a")
    now = 2
    try disk.sync(file)
    #expect(try disk.attributes(of: "/a") == before)
  }
}
