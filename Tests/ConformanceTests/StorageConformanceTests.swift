import FlowSimulation
import FlowStorage
import FlowSystem
import TestSupport
import Testing

/// The promises of `Storage`, for this machine's disk and for the simulated one.
struct StorageConformanceTests {
  enum Disk: CaseIterable { case real, simulated }

  private let folder = TemporaryFolder()

  /// Calls `body` with a disk and an empty folder on it.
  private func with(
    _ disk: Disk, _ body: (_ storage: any Storage, _ root: String) throws -> Void
  ) throws {
    switch disk {
    case .real: try body(LinuxStorage(), folder.path)
    case .simulated:
      let storage = SimulatedStorage()
      try storage.makeDirectory("/root")
      try body(storage, "/root")
    }
  }

  private static func failure(_ body: () throws(Errno) -> Void) -> Errno? {
    do throws(Errno) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  private static func bytes<Store: Storage>(
    of path: String, in storage: Store
  ) throws(Errno) -> [UInt8] {
    let file = try storage.open(path, .read)
    var buffer = [UInt8](repeating: 0xee, count: Int(try storage.size(of: file)))
    let count = try storage.read(from: file, at: 0, into: &buffer, 0..<buffer.count)
    try storage.close(file)
    return Array(buffer[..<count])
  }

  private static func make<Store: Storage>(
    _ path: String, _ bytes: [UInt8] = [], in storage: Store
  ) throws(Errno) {
    let file = try storage.open(path, .create)
    if !bytes.isEmpty { _ = try storage.write(bytes.span, to: file, at: 0) }
    try storage.close(file)
  }

  @Test(arguments: Disk.allCases)
  func namesAreTakenOnce(disk: Disk) throws {
    func check(_ storage: some Storage, _ root: String) throws {
      try Self.make("\(root)/a", [1], in: storage)
      try storage.makeDirectory("\(root)/d")
      try Self.make("\(root)/x", in: storage)
      for name in ["a", "d"] {
        let path = "\(root)/\(name)"
        #expect(Self.failure { () throws(Errno) in try storage.makeDirectory(path) } == .fileExists)
        #expect(
          Self.failure { () throws(Errno) in _ = try storage.open(path, .create) } == .fileExists)
        #expect(
          Self.failure { () throws(Errno) in
            try storage.rename("\(root)/x", to: path, replacing: false)
          } == .fileExists)
      }
      try storage.rename("\(root)/x", to: "\(root)/a", replacing: true)
      #expect(try Self.bytes(of: "\(root)/a", in: storage) == [])
      #expect(try storage.entries(of: root) == ["a", "d"])
      #expect(try storage.entries(of: "\(root)/d") == [])
    }
    try with(disk) { storage, root in try check(storage, root) }
  }

  @Test(arguments: Disk.allCases)
  func whatIsMissingIsNamedSo(disk: Disk) throws {
    func check(_ storage: some Storage, _ root: String) throws {
      let path = "\(root)/none"
      #expect(try storage.attributes(of: path) == nil)
      for mode in [OpenMode.read, .update] {
        #expect(
          Self.failure { () throws(Errno) in _ = try storage.open(path, mode) } == .noSuchFile)
      }
      #expect(
        Self.failure { () throws(Errno) in _ = try storage.open("\(path)/x", .create) }
          == .noSuchFile)
      #expect(Self.failure { () throws(Errno) in try storage.removeFile(path) } == .noSuchFile)
      #expect(Self.failure { () throws(Errno) in try storage.removeDirectory(path) } == .noSuchFile)
      #expect(Self.failure { () throws(Errno) in _ = try storage.entries(of: path) } == .noSuchFile)
      #expect(Self.failure { () throws(Errno) in try storage.syncDirectory(path) } == .noSuchFile)
      #expect(
        Self.failure { () throws(Errno) in
          try storage.rename(path, to: "\(root)/other", replacing: true)
        } == .noSuchFile)
    }
    try with(disk) { storage, root in try check(storage, root) }
  }

  @Test(arguments: Disk.allCases)
  func foldersAreRemovedEmpty(disk: Disk) throws {
    func check(_ storage: some Storage, _ root: String) throws {
      try storage.makeDirectory("\(root)/d")
      try Self.make("\(root)/d/x", in: storage)
      #expect(
        Self.failure { () throws(Errno) in try storage.removeDirectory("\(root)/d") }
          == .directoryNotEmpty)
      try storage.removeFile("\(root)/d/x")
      try storage.removeDirectory("\(root)/d")
      #expect(try storage.entries(of: root) == [])
    }
    try with(disk) { storage, root in try check(storage, root) }
  }

  @Test(arguments: Disk.allCases)
  func bytesAreWhereTheyWereWritten(disk: Disk) throws {
    func check(_ storage: some Storage, _ root: String) throws {
      let file = try storage.open("\(root)/a", .create)
      let first: [UInt8] = [1, 2, 3, 4]
      let second: [UInt8] = [9, 9]
      _ = try storage.write(first.span, to: file, at: 0)
      _ = try storage.write(second.span, to: file, at: 2)
      _ = try storage.write(second.span, to: file, at: 6)
      try storage.sync(file)
      #expect(try storage.size(of: file) == 8)
      var buffer = [UInt8](repeating: 0xee, count: 10)
      #expect(try storage.read(from: file, at: 0, into: &buffer, 1..<10) == 8)
      #expect(buffer == [0xee, 1, 2, 9, 9, 0, 0, 9, 9, 0xee])
      #expect(try storage.read(from: file, at: 8, into: &buffer, 0..<10) == 0)
      try storage.close(file)
      #expect(try Self.bytes(of: "\(root)/a", in: storage) == [1, 2, 9, 9, 0, 0, 9, 9])
    }
    try with(disk) { storage, root in try check(storage, root) }
  }

  @Test(arguments: Disk.allCases)
  func reservedSpaceReadsAsZerosAndKeepsBytes(disk: Disk) throws {
    func check(_ storage: some Storage, _ root: String) throws {
      try Self.make("\(root)/a", [7, 7], in: storage)
      let file = try storage.open("\(root)/a", .update)
      try storage.reserve(file, upTo: 6)
      #expect(try storage.size(of: file) == 6)
      try storage.reserve(file, upTo: 3)
      #expect(try storage.size(of: file) == 6)
      try storage.close(file)
      #expect(try Self.bytes(of: "\(root)/a", in: storage) == [7, 7, 0, 0, 0, 0])
    }
    try with(disk) { storage, root in try check(storage, root) }
  }

  @Test(arguments: Disk.allCases)
  func locksBelongToOpenFiles(disk: Disk) throws {
    func check<Store: Storage>(_ storage: Store, _ root: String) throws {
      try Self.make("\(root)/a", in: storage)
      let one = try storage.open("\(root)/a", .update)
      let other = try storage.open("\(root)/a", .update)
      #expect(try !storage.isLockedByAnother(one))
      #expect(try storage.tryLock(one))
      #expect(try storage.tryLock(one) && !storage.isLockedByAnother(one))
      #expect(try !storage.tryLock(other) && storage.isLockedByAnother(other))
      try storage.close(try storage.open("\(root)/a", .read))
      #expect(try storage.isLockedByAnother(other))
      try storage.close(one)
      #expect(try storage.tryLock(other))
      try storage.close(other)
    }
    try with(disk) { storage, root in try check(storage, root) }
  }

  @Test(arguments: Disk.allCases)
  func whatWasWrittenIsNoHole(disk: Disk) throws {
    func check(_ storage: some Storage, _ root: String) throws {
      try Self.make("\(root)/a", [1, 2, 3], in: storage)
      let file = try storage.open("\(root)/a", .read)
      #expect(try storage.nextData(in: file, from: 0) == 0)
      #expect(try storage.nextData(in: file, from: 2) == 2)
      #expect(try storage.nextData(in: file, from: 3) == nil)
      try storage.close(file)
    }
    try with(disk) { storage, root in try check(storage, root) }
  }

  @Test(arguments: Disk.allCases)
  func anOpenFileKnowsWhetherItIsStillThere(disk: Disk) throws {
    func check(_ storage: some Storage, _ root: String) throws {
      let path = "\(root)/a"
      try Self.make(path, [1], in: storage)
      let file = try storage.open(path, .update)
      #expect(try storage.isStill(file, at: path))
      try storage.removeFile(path)
      #expect(try !storage.isStill(file, at: path))
      try Self.make(path, [2], in: storage)
      #expect(try !storage.isStill(file, at: path))
      var buffer: [UInt8] = [0]
      #expect(try storage.read(from: file, at: 0, into: &buffer, 0..<1) == 1 && buffer == [1])
      try storage.close(file)
    }
    try with(disk) { storage, root in try check(storage, root) }
  }
}
