import FlowPublication
import FlowStorage
import FlowSystem
import FlowText
import Glibc
import TestSupport
import Testing

/// Files are published on a real file system as on the one in memory.
struct LinuxPublicationTests {
  private let folder = TemporaryFolder()
  /// On another file system than the folder, where the machine has one.
  private let memory = "/dev/shm/flow-test-\(UInt64.random(in: 0 ... .max))"

  private var stage: String { "\(folder.path)/work/.flow-stage/make" }
  private var manifest: String { "\(folder.path)/manifest" }

  private func write(_ text: String, to path: String, mode: UInt32 = 0o644) {
    TestFile.makeFolder(PathName.parent(of: path) ?? "/")
    TestFile.write(Array(text.utf8), to: path)
    unsafe chmod(path, mode)
  }

  private func mode(_ path: String) throws -> UInt16? {
    try LinuxPublicationFiles(ignoresStops: false).status(of: path)?.mode
  }

  private func publish(
    _ paths: [String], lacking lacks: LinuxStorage.Lacks = [], folder: String? = nil
  ) throws(PublicationError) {
    let plan = PublicationPlan(
      manifest: manifest, folder: folder ?? "\(self.folder.path)/work", stage: stage, paths: paths,
      token: "test")
    let files = LinuxPublicationFiles(lacking: lacks, ignoresStops: false)
    let remains = try Publication(plan, in: files).perform()
    #expect(remains == nil)
  }

  // MARK: Whole publications

  private func stageSite() {
    write("new", to: "\(stage)/out/a", mode: 0o755)
    write("new", to: "\(stage)/site/index", mode: 0o600)
    write("page", to: "\(stage)/site/pages/1")
    unsafe symlink("pages/1", "\(stage)/site/first")
    unsafe chmod("\(stage)/site/pages", 0o750)
  }

  private func expectSite(in folder: String) throws {
    #expect(TestFile.text("\(folder)/out/a") == "new")
    #expect(try mode("\(folder)/out/a") == 0o755)
    #expect(TestFile.names(in: "\(folder)/site") == ["first", "index", "pages"])
    #expect(TestFile.text("\(folder)/site/index") == "new")
    #expect(TestFile.text("\(folder)/site/first") == "page")
    #expect(try mode("\(folder)/site/index") == 0o600)
    #expect(try mode("\(folder)/site/pages") == 0o750)
    #expect(TestFile.names(in: folder) == ["out", "site"])
    #expect(TestFile.names(in: "\(folder)/out") == ["a"])
    #expect(!TestFile.exists(stage))
    let read = try Manifest.decode(TestFile.bytes(manifest))
    #expect(
      read.entries.map(\.path)
        == ["out/a", "site", "site/first", "site/index", "site/pages", "site/pages/1"])
  }

  @Test(arguments: [LinuxStorage.Lacks(), .exchange, [.exchange, .exclusiveRename, .links]])
  func filesAndFoldersReplaceOlderOnes(lacks: LinuxStorage.Lacks) throws {
    let work = "\(folder.path)/work"
    write("old", to: "\(work)/out/a")
    write("old", to: "\(work)/site/only old")
    stageSite()
    try publish(["out/a", "site/"], lacking: lacks)
    try expectSite(in: work)
    // Another publisher finds everything done.
    try publish(["out/a", "site/"], lacking: lacks)
    try expectSite(in: work)
  }

  @Test(arguments: [LinuxStorage.Lacks(), .exchange])
  func filesAreCopiedToAnotherFileSystem(lacks: LinuxStorage.Lacks) throws {
    defer { TestFile.removeTree(memory) }
    write("old", to: "\(memory)/site/only old")
    stageSite()
    try publish(["out/a", "site/"], lacking: lacks, folder: memory)
    try expectSite(in: memory)
  }

  @Test func namesAreBytes() throws {
    let names = ["a\nb", RawText.text([0x66, 0xFF, 0xFE]), "e\u{301}", "\u{E9}", "-x", "\u{301}"]
    for name in names {
      TestFile.makeFolder("\(stage)/d")
      let file = try systemCall {
        unsafe open(cPath("\(stage)/d/\(name)"), O_CREAT | O_WRONLY, 0o644)
      }
      close(file)
    }
    try publish(["d/"])
    let files = LinuxPublicationFiles(ignoresStops: false)
    for name in names {
      #expect(try files.status(of: "\(folder.path)/work/d/\(name)")?.kind == .file, "\(name)")
    }
    #expect(try Manifest.decode(TestFile.bytes(manifest)).entries.count == names.count + 1)
  }

  @Test func folderOfTheStepCanBeALink() throws {
    stageSite()
    unsafe symlink("work", "\(folder.path)/link")
    try publish(["out/a", "site/"], folder: "\(folder.path)/link")
    try expectSite(in: "\(folder.path)/work")
  }

  @Test func whatIsNoFileIsRefusedAndNotWaitedFor() throws {
    stageSite()
    unsafe mkfifo("\(stage)/site/pipe", 0o644)
    unsafe symlink("../../../..", "\(stage)/site/out")
    do throws(PublicationError) {
      try publish(["out/a", "site/"])
      Issue.record("published")
    } catch {
      #expect(error.exit == .refused)
      #expect(
        error.messages.map { $0.prefix { $0 != ":" } } == [
          "site/out links to ../../../.., which is outside of site/", "site/pipe is a named pipe",
        ])
    }
    #expect(!TestFile.exists("\(folder.path)/work/out"))
    #expect(!TestFile.exists(manifest))
  }

  // MARK: Single operations

  private func failure(_ body: (LinuxPublicationFiles) throws(Errno) -> Void) -> Errno? {
    do throws(Errno) {
      try body(LinuxPublicationFiles(ignoresStops: false))
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      String(repeating: "a", count: 3_000_000),
      "2a152c894398719c0570f83fac34ac03a0f6e8e474b995c2403aa5434f7b9dd4"
    ),
  ])
  func digestsAreThoseOfSHA256(text: String, digest: String) throws {
    let path = folder.write(text, to: "f")
    let files = LinuxPublicationFiles(ignoresStops: false)
    #expect(try files.digest(ofFile: path).description == digest)
    #expect(try files.copyFile(path, to: "\(path).copy").description == digest)
    #expect(TestFile.bytes("\(path).copy") == Array(text.utf8))
  }

  @Test func linksAreNotFollowed() throws {
    let file = folder.write("x", to: "f")
    let link = "\(folder.path)/l"
    unsafe symlink("f", link)
    #expect(
      failure { (files) throws(Errno) in _ = try files.digest(ofFile: link) }
        == .tooManySymbolicLinks)
    #expect(failure { (files) throws(Errno) in try files.syncFile(link) } == .tooManySymbolicLinks)
    #expect(
      failure { (files) throws(Errno) in try files.setMode(0o777, of: link) }
        == .tooManySymbolicLinks)
    #expect(
      failure { (files) throws(Errno) in _ = try files.copyFile(link, to: "\(link)2") }
        == .tooManySymbolicLinks)
    #expect(failure { (files) throws(Errno) in try files.makeFile(link, []) } == .fileExists)
    let files = LinuxPublicationFiles(ignoresStops: false)
    #expect(try files.status(of: link)?.kind == .link)
    #expect(try files.target(ofLink: link) == "f")
    try files.removeTree(link)
    #expect(TestFile.exists(file))
  }

  @Test func aPipeIsNotWaitedFor() {
    let pipe = "\(folder.path)/p"
    unsafe mkfifo(pipe, 0o644)
    #expect(
      failure { (files) throws(Errno) in _ = try files.digest(ofFile: pipe) } == .invalidArgument)
  }

  @Test func whatIsNotThereHasNoStatus() throws {
    let file = folder.write("x", to: "f")
    let files = LinuxPublicationFiles(ignoresStops: false)
    #expect(try files.status(of: "\(file)2") == nil)
    #expect(try files.status(of: "\(file)/below") == nil)
    #expect(try files.status(of: "/dev/null")?.kind == .device)
  }

  @Test func everyChangeOfAFileIsSeen() throws {
    let path = folder.write("x", to: "f")
    let files = LinuxPublicationFiles(ignoresStops: false)
    let before = try #require(try files.status(of: path))
    _ = try files.digest(ofFile: path)
    try files.syncFile(path)
    #expect(try files.status(of: path) == before)
    folder.write("xy", to: "f")
    #expect(try files.status(of: path) != before)
  }
}
