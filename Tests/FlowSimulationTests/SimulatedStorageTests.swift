import FlowStorage
import Testing

@testable import FlowSimulation

/// The simulated disk keeps the promises of `Storage`; it may lose only what was not synced.
struct SimulatedStorageTests {
  let disk = SimulatedStorage()

  private func makeFile(_ path: String, _ bytes: [UInt8]) throws -> Int {
    let file = try disk.open(path, .create)
    _ = try disk.write(bytes.span, to: file, at: 0)
    return file
  }

  private func losePower(keeping: Keeping) {
    disk.losePower { site, count in
      keeping == .nothing && site != .tornBytes ? count - 1 : 0
    }
  }

  enum Keeping: CaseIterable { case nothing, all }

  @Test(arguments: Keeping.allCases)
  func syncedBytesAndNamesStay(keeping: Keeping) throws {
    let file = try makeFile("/a", [1, 2, 3])
    try disk.sync(file)
    try disk.syncDirectory("/")
    losePower(keeping: keeping)
    #expect(disk.bytes(at: "/a") == [1, 2, 3])
  }

  @Test func syncingAFileDoesNotSyncItsName() throws {
    try disk.sync(try makeFile("/a", [1]))
    losePower(keeping: .nothing)
    #expect(disk.bytes(at: "/a") == nil)
  }

  @Test func aNameCanOutliveItsBytes() throws {
    _ = try makeFile("/a", [1])
    try disk.syncDirectory("/")
    losePower(keeping: .nothing)
    #expect(disk.bytes(at: "/a") == [])
  }

  @Test func whatWasNotSyncedMayStay() throws {
    _ = try makeFile("/a", [1])
    losePower(keeping: .all)
    #expect(disk.bytes(at: "/a") == [1])
  }

  @Test(arguments: [(0, 0), (1, 512), (2, 1_024), (3, 1_100)])
  func aWriteIsTornBetweenSectors(sectors: Int, length: Int) throws {
    let file = try disk.open("/a", .create)
    try disk.syncDirectory("/")
    _ = try disk.write([UInt8](repeating: 7, count: 1_100).span, to: file, at: 0)
    var draws = [1, sectors, 0]
    disk.losePower { _, _ in draws.isEmpty ? 0 : draws.removeFirst() }
    #expect(disk.bytes(at: "/a") == [UInt8](repeating: 7, count: length))
  }

  @Test func bytesThatWereSyncedOutliveALaterWriteThatIsLost() throws {
    let file = try makeFile("/a", [1, 2, 3])
    try disk.sync(file)
    try disk.syncDirectory("/")
    _ = try disk.write([9].span, to: file, at: 1)
    losePower(keeping: .nothing)
    #expect(disk.bytes(at: "/a") == [1, 2, 3])
  }

  @Test(arguments: Keeping.allCases)
  func aRenameHappensWhollyOrNot(keeping: Keeping) throws {
    _ = try makeFile("/a", [])
    try disk.syncDirectory("/")
    try disk.rename("/a", to: "/b", replacing: false)
    losePower(keeping: keeping)
    #expect(try disk.entries(of: "/") == [keeping == .all ? "b" : "a"])
  }

  @Test(arguments: [false, true])
  func bytesOfAFailedSyncNeverBecomeDurable(reverting: Bool) throws {
    let file = try makeFile("/a", [1])
    try disk.syncDirectory("/")
    disk.decide = { _, _ in .dropped(.inputOutput, landedPerMille: 0, reverting: reverting) }
    #expect(throws: Errno.inputOutput) { try disk.sync(file) }
    #expect(disk.bytes(at: "/a") == [reverting ? 0 : 1])
    disk.decide = { _, _ in .done }
    try disk.sync(file)
    losePower(keeping: .all)
    #expect(disk.bytes(at: "/a") == [])
  }

  @Test func aSyncThatFailsMayLeaveWhatIsDirty() throws {
    let file = try makeFile("/a", [1])
    try disk.syncDirectory("/")
    disk.decide = { _, _ in .refused(.inputOutput) }
    #expect(throws: Errno.inputOutput) { try disk.sync(file) }
    #expect(disk.bytes(at: "/a") == [1])
    disk.decide = { _, _ in .done }
    try disk.sync(file)
    losePower(keeping: .nothing)
    #expect(disk.bytes(at: "/a") == [1])
  }

  @Test(arguments: [false, true])
  func aSyncThatFailsMayHaveWrittenAPart(reverting: Bool) throws {
    let file = try makeFile("/a", [1])
    _ = try disk.write([2].span, to: file, at: 1)
    try disk.syncDirectory("/")
    disk.decide = { _, _ in
      .dropped(.inputOutput, landedPerMille: 500, reverting: reverting)
    }
    #expect(throws: Errno.inputOutput) { try disk.sync(file) }
    #expect(disk.bytes(at: "/a") == [1, reverting ? 0 : 2])
    losePower(keeping: .all)
    #expect(disk.bytes(at: "/a") == [1])
  }

  @Test func anOperationThatFailsMayHaveHappened() throws {
    let file = try makeFile("/a", [1])
    disk.decide = { _, _ in .doneAndRefused(.inputOutput) }
    #expect(throws: Errno.inputOutput) { try disk.write([2].span, to: file, at: 1) }
    #expect(throws: Errno.inputOutput) { try disk.sync(file) }
    #expect(throws: Errno.inputOutput) { try disk.rename("/a", to: "/b", replacing: false) }
    #expect(throws: Errno.inputOutput) { try disk.makeDirectory("/d") }
    #expect(throws: Errno.inputOutput) { _ = try disk.open("/c", .create) }
    #expect(throws: Errno.inputOutput) { try disk.removeFile("/c") }
    #expect(throws: Errno.inputOutput) { try disk.syncDirectory("/") }
    losePower(keeping: .nothing)
    #expect(disk.bytes(at: "/b") == [1, 2])
    #expect(try disk.entries(of: "/") == ["b", "d"])
  }

  @Test func looksFailAndReadsAreCutShort() throws {
    let file = try makeFile("/a", [1, 2, 3])
    var bytes: [UInt8] = [0, 0, 0]
    disk.deliveredBytes = { _ in 2 }
    #expect(try disk.read(from: file, at: 0, into: &bytes, 0..<3) == 2)
    #expect(bytes == [1, 2, 0])
    var looks: [SimulatedStorage.Look] = []
    disk.failedLook = { look in
      looks.append(look)
      return .inputOutput
    }
    #expect(throws: Errno.inputOutput) { try disk.read(from: file, at: 0, into: &bytes, 0..<3) }
    #expect(throws: Errno.inputOutput) { try disk.size(of: file) }
    #expect(throws: Errno.inputOutput) { try disk.entries(of: "/") }
    #expect(throws: Errno.inputOutput) { try disk.attributes(of: "/a") }
    #expect(throws: Errno.inputOutput) { try disk.isStill(file, at: "/a") }
    #expect(throws: Errno.inputOutput) { try disk.open("/a", .read) }
    #expect(throws: Errno.inputOutput) { try disk.tryLock(file) }
    #expect(throws: Errno.inputOutput) { try disk.close(file) }
    #expect(looks == [.read, .size, .list, .inspect, .inspect, .open, .lock, .close])
    #expect(throws: Errno.badDescriptor) { try disk.close(file) }
  }

  @Test func aStoppedProcessLosesLocksAndNoBytes() throws {
    let file = try makeFile("/a", [1])
    #expect(try disk.tryLock(file))
    let other = try disk.open("/a", .read)
    #expect(try disk.isLockedByAnother(other))
    disk.closeAll()
    let later = try disk.open("/a", .update)
    #expect(try disk.tryLock(later))
    #expect(disk.bytes(at: "/a") == [1])
    #expect(throws: Errno.badDescriptor) { try disk.size(of: file) }
  }

  @Test func syncThatWasBegunCoversWhatWasWrittenBefore() throws {
    let file = try makeFile("/a", [1])
    try disk.syncDirectory("/")
    try disk.startSync(file)
    _ = try disk.write([2].span, to: file, at: 1)
    #expect(try disk.finishedSync() == false)
    disk.completeSync(.done)
    #expect(try disk.finishedSync())
    losePower(keeping: .nothing)
    #expect(disk.bytes(at: "/a") == [1])
  }

  @Test func theLeastThatRemainsLeavesTheDiskAlone() throws {
    let file = try makeFile("/a", [1])
    try disk.sync(file)
    try disk.syncDirectory("/")
    _ = try disk.write([2].span, to: file, at: 1)
    _ = try makeFile("/b", [])
    #expect(disk.leastRemains().bytes(at: "/a") == [1])
    #expect(disk.leastRemains().bytes(at: "/b") == nil)
    #expect(disk.bytes(at: "/a") == [1, 2])
  }

  @Test func refusedOperationsChangeNothing() throws {
    let file = try makeFile("/a", [1])
    disk.decide = { _, _ in .refused(.noSpace) }
    #expect(throws: Errno.noSpace) { try disk.write([2].span, to: file, at: 0) }
    #expect(throws: Errno.noSpace) { try disk.makeDirectory("/d") }
    #expect(throws: Errno.noSpace) { try disk.rename("/a", to: "/b", replacing: false) }
    #expect(throws: Errno.noSpace) { try disk.removeFile("/a") }
    #expect(disk.bytes(at: "/a") == [1])
    #expect(try disk.entries(of: "/") == ["a"])
  }

  @Test func operationsFailAsOnLinux() throws {
    try disk.makeDirectory("/d")
    _ = try makeFile("/d/a", [1])
    #expect(throws: Errno.fileExists) { try disk.makeDirectory("/d") }
    #expect(throws: Errno.fileExists) { try disk.open("/d/a", .create) }
    #expect(throws: Errno.noSuchFile) { try disk.open("/d/b", .read) }
    #expect(throws: Errno.noSuchFile) { try disk.rename("/x", to: "/y", replacing: false) }
    #expect(throws: Errno.fileExists) { try disk.rename("/d", to: "/d", replacing: false) }
    #expect(throws: Errno.isDirectory) { try disk.removeFile("/d") }
    #expect(throws: Errno.notDirectory) { try disk.removeDirectory("/d/a") }
    #expect(throws: Errno.directoryNotEmpty) { try disk.removeDirectory("/d") }
    #expect(throws: Errno.notDirectory) { try disk.entries(of: "/d/a") }
    #expect(try disk.attributes(of: "/d/b") == nil)
  }

  // MARK: Paths

  /// The cache of paths must be invalidated when names change.
  @Test(arguments: 0..<20)
  func aPathLeadsToWhatHasItsNameNow(seed: Int) throws {
    let choices = SeededChoices(seed: UInt64(seed))
    func draw(_ count: Int) -> Int { choices.choose(.storageFault, below: count) }
    let folders = ["/d", "/e"]
    let files = folders.flatMap { ["\($0)/a", "\($0)/b"] } + ["/a", "/b"]
    // By path: the number of a file, or 0 for a folder.
    var truth: [String: UInt8] = [:]
    var count: UInt8 = 0
    for _ in 0..<150 {
      let file = files[draw(files.count)]
      let other = file.dropLast() + (file.hasSuffix("a") ? "b" : "a")
      let folder = folders[draw(2)]
      let next = folder == "/d" ? "/e" : "/d"
      let isEmpty = !truth.keys.contains { $0.hasPrefix("\(folder)/") }
      do throws(Errno) {
        switch draw(8) {
        case 0:
          try disk.makeDirectory(folder)
          truth[folder] = 0
        case 1...2:
          count += 1
          let handle = try disk.open(file, .create)
          _ = try disk.write([count].span, to: handle, at: 0)
          truth[file] = count
        case 3:
          try disk.rename(file, to: String(other), replacing: true)
          (truth[String(other)], truth[file]) = (truth[file], nil)
        case 4 where truth[next] == nil:
          try disk.rename(folder, to: next, replacing: false)
          for (path, value) in truth where path.hasPrefix(folder) {
            truth[path] = nil
            truth[next + path.dropFirst(2)] = value
          }
        case 5:
          try disk.removeFile(file)
          truth[file] = nil
        case 6 where isEmpty:
          try disk.removeDirectory(folder)
          truth[folder] = nil
        default: for path in folders + ["/"] { try disk.syncDirectory(path) }
        }
      } catch {
        // An operation that fails changes nothing.
      }
      for image in [disk, disk.copy()] {
        for path in files { #expect(image.bytes(at: path) == truth[path].map { [$0] }) }
        for path in folders { #expect((image.folder(at: path) != nil) == (truth[path] == 0)) }
      }
      for path in folders + ["/"] where path == "/" || truth[path] == 0 {
        try disk.syncDirectory(path)
      }
      let least = disk.leastRemains()
      for path in files { #expect((least.bytes(at: path) != nil) == (truth[path] != nil)) }
    }
    #expect(count > 20)
  }
}
