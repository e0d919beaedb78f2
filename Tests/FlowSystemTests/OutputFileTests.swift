import FlowStorage
import Glibc
import TestSupport
import Testing

@testable import FlowSystem

@Suite struct OutputFileTests {
  private let folder = TemporaryFolder()

  private var path: String { "\(folder.path)/out" }

  @Test func aFileAppearsWhenItIsWhole() throws {
    folder.write("before", to: "out")
    let file = try OutputFile(path)
    let text = String(repeating: "0123456789", count: 20_000)
    file.write(text)
    #expect(folder.contents(of: "out") == "before")
    try file.finish()
    #expect(folder.contents(of: "out") == text)
    #expect(TestFile.names(in: folder.path) == ["out"])
  }

  @Test func whatIsNotFinishedLeavesNothing() throws {
    do {
      let file = try OutputFile(path)
      file.write("half")
    }
    #expect(TestFile.names(in: folder.path) == [])
  }

  @Test func throughALinkTheFileIsReplaced() throws {
    folder.write("before", to: "target")
    unsafe #expect(symlink("target", path) == 0)
    let file = try OutputFile(path)
    file.write("after")
    try file.finish()
    #expect(folder.contents(of: "target") == "after")
    var status = stat()
    unsafe #expect(lstat(path, &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test func aDeviceIsWrittenAsItIs() throws {
    let file = try OutputFile("/dev/null")
    file.write("gone")
    try file.finish()
    let full = try OutputFile("/dev/full")
    full.write("no room")
    #expect(throws: Errno.noSpace) { try full.finish() }
  }

  @Test func whatCannotBeWrittenIsSaidAtOnce() {
    #expect(throws: Errno.isDirectory) { _ = try OutputFile(folder.path) }
    #expect(throws: Errno.noSuchFile) { _ = try OutputFile("\(folder.path)/no/out") }
  }
}
