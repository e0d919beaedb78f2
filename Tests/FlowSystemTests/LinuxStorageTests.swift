import FlowStorage
import FlowSystem
import Glibc
import TestSupport
import Testing

/// What the project relies on in the file system.
struct LinuxStorageTests {
  private let folder = TemporaryFolder()
  private let storage = LinuxStorage()

  private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

  private func failure(_ body: () throws(Errno) -> Void) -> Errno? {
    do throws(Errno) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  private func mode(of path: String) -> mode_t {
    var status = stat()
    unsafe stat(path, &status)
    return status.st_mode & 0o7777
  }

  @Test func otherUsersCannotReadNewFiles() throws {
    try storage.makeDirectory(path("d"))
    try storage.close(try storage.open(path("f"), .create))
    #expect(mode(of: path("d")) == 0o700)
    #expect(mode(of: path("f")) == 0o600)
    let attributes = try #require(try storage.attributes(of: path("d")))
    #expect(attributes.isDirectory && attributes.isOwn && !attributes.isWritableByOthers)
    #expect(attributes.modifiedMicroseconds > 1_000_000_000_000_000)
  }

  @Test(arguments: [mode_t(0o720), 0o702, 0o777])
  func foldersThatOthersCanWriteToAreSeen(mode: mode_t) throws {
    try storage.makeDirectory(path("d"))
    unsafe chmod(path("d"), mode)
    #expect(try storage.attributes(of: path("d"))?.isWritableByOthers == true)
  }

  @Test func aTreeIsRemovedAndNothingThatItsLinksName() throws {
    for folder in ["kept", "kept/sub", "tree", "tree/a", "tree/a/b"] {
      try storage.makeDirectory(path(folder))
    }
    for file in ["kept/file", "kept/sub/file", "tree/file", "tree/a/b/file"] {
      folder.write("content", to: file)
    }
    for link in ["tree/link", "tree/a/link", "tree/a/b/link", "link"] {
      unsafe symlink(path("kept"), path(link))
    }
    unsafe symlink("nowhere", path("tree/broken"))
    unsafe symlink("kept/file", path("tree/file link"))
    try storage.removeTree(path("tree"))
    try storage.removeTree(path("link"))
    try storage.removeTree(path("kept/sub/file"))
    try storage.removeTree(path("none"))
    #expect(try storage.entries(of: folder.path) == ["kept"])
    #expect(try storage.entries(of: path("kept")) == ["file", "sub"])
    #expect(try storage.entries(of: path("kept/sub")).isEmpty)
  }

  /// More levels than a process has descriptors, and a path longer than the system takes.
  @Test func aTreeOfAnyDepthIsRemoved() throws {
    try storage.makeDirectory(path("tree"))
    var folder = try systemCall { unsafe open(path("tree"), O_RDONLY | O_DIRECTORY) }
    for _ in 0..<3_000 {
      _ = try systemCall { unsafe mkdirat(folder, "deep", 0o700) }
      let next = try systemCall { unsafe openat(folder, "deep", O_RDONLY | O_DIRECTORY) }
      close(folder)
      folder = next
    }
    close(folder)
    try storage.removeTree(path("tree"))
    #expect(try storage.entries(of: self.folder.path).isEmpty)
  }

  /// As caches of packages are, and what a command has closed to itself.
  @Test(arguments: [mode_t(0), 0o500, 0o400, 0o200]) func closedFoldersAreRemoved(mode: mode_t)
    throws
  {
    for folder in ["tree", "tree/a", "tree/a/b"] { try storage.makeDirectory(path(folder)) }
    folder.write("content", to: "tree/a/file")
    folder.write("content", to: "tree/a/b/file")
    for folder in ["tree/a/b", "tree/a", "tree"] { unsafe chmod(path(folder), mode) }
    try storage.removeTree(path("tree"))
    #expect(try storage.entries(of: folder.path).isEmpty)
  }

  @Test func whatCannotBeRemovedIsNamed() throws {
    guard geteuid() != 0 else { return }
    try storage.makeDirectory(path("tree"))
    unsafe chmod(folder.path, 0o500)
    defer { unsafe _ = chmod(folder.path, 0o700) }
    let error = #expect(throws: StorageError.self) { try storage.removeTree(path("tree")) }
    #expect(error == StorageError(.remove, path("tree"), Errno(rawValue: EACCES)))
  }

  /// On a file system without holes every byte counts as written.
  @Test func holesAreKnown() throws {
    let file = try storage.open(path("f"), .create)
    _ = try storage.write([1, 2, 3].span, to: file, at: 1 << 30)
    #expect(try storage.nextData(in: file, from: 1 << 30) == 1 << 30)
    #expect(try storage.nextData(in: file, from: 1 << 30 + 3) == nil)
    let data = try #require(try storage.nextData(in: file, from: 0))
    #expect((0...1 << 30).contains(data))
    try storage.close(file)
  }

  @Test(arguments: [LinuxStorage.Lacks.exclusiveRename, [.exclusiveRename, .links]])
  func withoutAnExclusiveRenameNamesChangeAllTheSame(lacks: LinuxStorage.Lacks) throws {
    let storage = LinuxStorage(lacking: lacks)
    folder.write("content", to: "f")
    try storage.makeDirectory(path("d"))
    folder.write("", to: "d/inner")
    for (from, to) in [("f", "g"), ("d", "e")] {
      try storage.rename(path(from), to: path(to), replacing: false)
    }
    #expect(folder.contents(of: "g") == "content" && !folder.has("f"))
    #expect(folder.has("e/inner") && !folder.has("d"))
    #expect(
      failure { () throws(Errno) in
        try storage.rename(path("none"), to: path("h"), replacing: false)
      } == .noSuchFile)
  }

  /// The space is there, the bytes before it stay, and the rest reads as zeros.
  @Test func withoutAllocationSpaceIsWritten() throws {
    let storage = LinuxStorage(lacking: .allocation)
    let file = try storage.open(path("f"), .create)
    _ = try storage.write([1, 2, 3].span, to: file, at: 0)
    try storage.reserve(file, upTo: 600_000)
    try storage.reserve(file, upTo: 10)
    try storage.close(file)
    var status = stat()
    unsafe stat(path("f"), &status)
    #expect(status.st_size == 600_000 && status.st_blocks * 512 >= 600_000)
    let bytes = TestFile.bytes(path("f"))
    #expect(bytes.prefix(3) == [1, 2, 3] && bytes.dropFirst(3).allSatisfy { $0 == 0 })
  }

  @Test func whatIsNotThereIsNoError() throws {
    #expect(try storage.attributes(of: path("none")) == nil)
    #expect(
      failure { () throws(Errno) in _ = try storage.attributes(of: "/proc/version/x") }
        == .notDirectory)
  }

  @Test(arguments: [
    LinuxStorage.Lacks(), .exclusiveRename, [.exclusiveRename, .links],
  ])
  func takenNamesAreKept(lacks: LinuxStorage.Lacks) throws {
    let storage = LinuxStorage(lacking: lacks)
    folder.write("old", to: "a")
    folder.write("new", to: "b")
    try storage.makeDirectory(path("d"))
    try storage.makeDirectory(path("e"))
    #expect(failure { () throws(Errno) in try storage.makeDirectory(path("a")) } == .fileExists)
    #expect(
      failure { () throws(Errno) in _ = try storage.open(path("a"), .create) } == .fileExists)
    for (from, to) in [("b", "a"), ("e", "d"), ("d", "a")] {
      #expect(
        failure { () throws(Errno) in
          try storage.rename(path(from), to: path(to), replacing: false)
        } == .fileExists)
    }
    #expect(folder.contents(of: "a") == "old" && folder.has("b") && folder.has("e"))
    try storage.rename(path("b"), to: path("a"), replacing: true)
    #expect(folder.contents(of: "a") == "new" && !folder.has("b"))
    try storage.rename(path("d"), to: path("f"), replacing: false)
    #expect(try storage.entries(of: folder.path) == ["a", "e", "f"])
  }

  @Test func namesAreRemoved() throws {
    try storage.makeDirectory(path("d"))
    folder.write("", to: "d/f")
    #expect(
      failure { () throws(Errno) in try storage.removeDirectory(path("d")) }
        == .directoryNotEmpty)
    #expect(failure { () throws(Errno) in try storage.removeFile(path("d")) } == .isDirectory)
    try storage.removeFile(path("d/f"))
    try storage.removeDirectory(path("d"))
    #expect(failure { () throws(Errno) in try storage.removeFile(path("d")) } == .noSuchFile)
    #expect(failure { () throws(Errno) in _ = try storage.entries(of: path("d")) } == .noSuchFile)
    #expect(failure { () throws(Errno) in try storage.syncDirectory(path("d")) } == .noSuchFile)
    try storage.syncDirectory(folder.path)
  }

  @Test func entriesAreSortedByTheirBytes() throws {
    for name in ["b", "a", "é", "B", ".x", "10", "9"] { folder.write("", to: name) }
    #expect(try storage.entries(of: folder.path) == [".x", "10", "9", "B", "a", "b", "é"])
  }

  @Test func bytesAreReadWhereTheyWereWritten() throws {
    let file = try storage.open(path("f"), .create)
    defer { try? storage.close(file) }
    let bytes: [UInt8] = [1, 2, 3, 4]
    #expect(try storage.write(bytes.span, to: file, at: 2) == 4)
    #expect(try storage.size(of: file) == 6)
    var buffer = [UInt8](repeating: 9, count: 8)
    #expect(try storage.read(from: file, at: 1, into: &buffer, 1..<7) == 5)
    #expect(buffer == [9, 0, 1, 2, 3, 4, 9, 9])
    #expect(try storage.read(from: file, at: 6, into: &buffer, 0..<8) == 0)
    try storage.sync(file)
  }

  @Test func modesOfOpeningAreKept() throws {
    #expect(failure { () throws(Errno) in _ = try storage.open(path("f"), .read) } == .noSuchFile)
    #expect(
      failure { () throws(Errno) in _ = try storage.open(path("f"), .update) } == .noSuchFile)
    folder.write("x", to: "f")
    let file = try storage.open(path("f"), .read)
    defer { try? storage.close(file) }
    let bytes: [UInt8] = [1]
    #expect(
      failure { () throws(Errno) in _ = try storage.write(bytes.span, to: file, at: 0) }
        == .badDescriptor)
    #expect(fcntl(file, F_GETFD) == FD_CLOEXEC)
  }

  @Test func reservedSpaceIsZerosAndAllocated() throws {
    let file = try storage.open(path("f"), .create)
    defer { try? storage.close(file) }
    let bytes: [UInt8] = [7]
    _ = try storage.write(bytes.span, to: file, at: 0)
    try storage.reserve(file, upTo: 100_000)
    #expect(try storage.size(of: file) == 100_000)
    var status = stat()
    unsafe fstat(file, &status)
    #expect(status.st_blocks * 512 >= 100_000)
    var buffer = [UInt8](repeating: 1, count: 100_000)
    #expect(try storage.read(from: file, at: 0, into: &buffer, 0..<100_000) == 100_000)
    #expect(buffer[0] == 7 && buffer[1...].allSatisfy { $0 == 0 })
    // A smaller reservation removes nothing.
    try storage.reserve(file, upTo: 10)
    #expect(try storage.size(of: file) == 100_000)
  }

  @Test func aSyncThatWasBegunIsToldOnce() throws {
    let file = try storage.open(path("f"), .create)
    #expect(try !storage.finishedSync() && !storage.hasFinishedSync)
    try storage.startSync(file)
    #expect(storage.hasFinishedSync)
    #expect(try storage.finishedSync())
    #expect(try !storage.finishedSync())
    try storage.close(file)
    try storage.startSync(file)
    #expect(failure { () throws(Errno) in _ = try storage.finishedSync() } == .badDescriptor)
    #expect(!storage.hasFinishedSync)
  }

  @Test func aFileThatWasReplacedIsNotTheOneThatIsOpen() throws {
    folder.write("one", to: "f")
    let file = try storage.open(path("f"), .read)
    defer { try? storage.close(file) }
    #expect(try storage.isStill(file, at: path("f")))
    #expect(unsafe link(path("f"), path("g")) == 0)
    #expect(try storage.isStill(file, at: path("g")))
    try storage.removeFile(path("f"))
    #expect(try !storage.isStill(file, at: path("f")))
    folder.write("two", to: "f")
    #expect(try !storage.isStill(file, at: path("f")))
    #expect(
      failure { () throws(Errno) in _ = try storage.isStill(file, at: path("f/x")) }
        == .notDirectory)
  }

  // MARK: Locks

  @Test func aLockBelongsToOneOpenFile() throws {
    let first = try storage.open(path("f"), .create)
    let second = try storage.open(path("f"), .update)
    let reader = try storage.open(path("f"), .read)
    #expect(try storage.tryLock(first))
    #expect(try storage.tryLock(first), "its own")
    #expect(try !storage.tryLock(second))
    #expect(try !storage.isLockedByAnother(first))
    #expect(try storage.isLockedByAnother(second) && storage.isLockedByAnother(reader))
    // Closing another descriptor of the file does not release the lock, unlike with older locks.
    try storage.close(second)
    #expect(try storage.isLockedByAnother(reader))
    try storage.close(first)
    #expect(try !storage.isLockedByAnother(reader))
    try storage.close(reader)
  }

  @Test(.enabled(if: TestFile.exists("/usr/bin/perl")))
  func aLockEndsWithTheProcessThatHoldsIt() async throws {
    folder.write("", to: "f")
    let file = try storage.open(path("f"), .update)
    defer { try? storage.close(file) }
    // struct flock on 64-bit Linux; 37 is F_OFD_SETLK.
    let holder = try Subprocess(
      [
        "/usr/bin/perl", "-e",
        #"open(F, "+<", $ARGV[0]); $l = pack("ssx4qqix4", 1, 0, 0, 0, 0); fcntl(F, 37, $l) or die "$!";"#
          + #" $| = 1; print "held"; sleep 600"#, path("f"),
      ], environment: ["FOLDER": folder.path], folder: folder.path)
    #expect(try await eventually { holder.output == "held" }, "\(holder.errors)")
    #expect(try !storage.tryLock(file))
    #expect(try storage.isLockedByAnother(file))
    holder.signal(SIGKILL)
    #expect(try await holder.end().ending == .signal(SIGKILL))
    #expect(try storage.tryLock(file))
  }

  // MARK: Files of the user

  @Test func aFileIsReadWholeOrNotAtAll() throws {
    let text = String(repeating: "x", count: 100_000)
    let file = folder.write(text, to: "f")
    #expect(try FileReading.bytes(of: file, limit: 100_000).count == 100_000)
    #expect(
      failure { () throws(Errno) in _ = try FileReading.bytes(of: file, limit: 99_999) }
        == .fileTooLarge)
    #expect(
      failure { () throws(Errno) in _ = try FileReading.bytes(of: "/dev/zero", limit: 99_999) }
        == .fileTooLarge)
    #expect(
      failure { () throws(Errno) in _ = try FileReading.bytes(of: folder.path, limit: 9) }
        == .isDirectory)
  }
}
