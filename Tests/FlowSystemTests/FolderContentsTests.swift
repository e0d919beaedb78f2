import FlowStorage
import FlowSystem
import Glibc
import TestSupport
import Testing

struct FolderContentsTests {
  private let folder = TemporaryFolder()
  private var old: String { "\(folder.path)/old" }
  private var new: String { "\(folder.path)/new" }

  init() {
    for name in ["old", "new"] {
      unsafe _ = mkdir("\(folder.path)/\(name)", 0o700)
      unsafe _ = mkdir("\(folder.path)/\(name)/sub", 0o700)
      folder.write("one\ntwo\n", to: "\(name)/sub/file")
      unsafe _ = symlink("sub/file", "\(folder.path)/\(name)/link")
    }
  }

  private func differences() throws -> [String] {
    try FolderContents.differences(between: old, and: new).map(\.description)
  }

  @Test func equalFoldersDifferInNothing() throws {
    #expect(try differences() == [])
    // When something was made is no difference.
    var times = [timespec(), timespec()]
    times[1].tv_sec = 1
    unsafe utimensat(AT_FDCWD, "\(new)/sub/file", &times, 0)
    #expect(try differences() == [])
  }

  @Test func eachKindOfDifferenceIsNamed() throws {
    folder.write("one\n", to: "new/sub/file")
    folder.write("x", to: "old/a")
    folder.write("", to: "old/b")
    folder.write("xy", to: "old/c")
    folder.write("xyz", to: "new/c")
    folder.write("ab", to: "old/d")
    folder.write("ac", to: "new/d")
    folder.write("x", to: "new/e")
    unsafe _ = mkdir("\(new)/b", 0o700)
    unsafe _ = unlink("\(new)/link")
    unsafe _ = symlink("sub", "\(new)/link")
    folder.write("", to: "old/x")
    folder.write("", to: "new/x")
    unsafe _ = chmod("\(new)/x", 0o755)
    #expect(
      try differences() == [
        "a is missing", "b is of another kind",
        "c has 3 bytes instead of 2, and differs from byte 3 on", "d differs from byte 2 on",
        "e is there, and should not be", "link links to something else",
        "sub/file has 1 line instead of 2", "x has other permissions",
      ])
  }

  /// Longer than what is read at once, and different at the end.
  @Test func longFilesAreComparedToTheirEnds() throws {
    let text = String(repeating: "0123456789abcde\n", count: 40_000)
    folder.write(text, to: "old/long")
    folder.write(text, to: "new/long")
    #expect(try differences() == [])
    folder.write(text.dropLast() + "x", to: "new/long")
    #expect(try differences() == ["long has 39999 lines instead of 40000"])
  }

  /// A line feed in a file with zero bytes ends no line.
  @Test func linesCountInTextsAlone() throws {
    folder.write("a\0b\n", to: "old/data")
    folder.write("a\0b\n\n", to: "new/data")
    #expect(
      try differences() == ["data has 5 bytes instead of 4, and differs from byte 5 on"])
  }

  @Test func whatIsExcludedDoesNotCountAndLinksThatLeadOutAreNamed() throws {
    let real = try ProcessFacts.realPath(old)
    unsafe _ = symlink("/", "\(old)/sub/root")
    unsafe _ = symlink("..", "\(old)/sub/up")
    unsafe _ = symlink("nowhere", "\(old)/sub/broken")
    let size = try FolderContents.size(of: real)
    #expect(size.entries == 6 && size.linksOut == ["sub/root"])
    let without = try FolderContents.size(of: real, without: "\(real)/sub")
    #expect(without.entries == 1 && without.linksOut == [])
  }

  /// A pipe is not opened, and a link is not followed.
  @Test func whatIsNoFileIsNotRead() throws {
    for path in [old, new] {
      unsafe _ = mkfifo("\(path)/pipe", 0o600)
      unsafe _ = symlink("/", "\(path)/root")
    }
    #expect(try differences() == [])
    let size = try FolderContents.size(of: old)
    #expect(size.entries == 5 && size.bytes > 0 && size.bytes < 1 << 20)
  }

  @Test func whatCannotBeReadIsNamed() throws {
    #expect {
      try FolderContents.size(of: "\(folder.path)/none")
    } throws: {
      ($0 as? StorageError)?.path == "\(folder.path)/none"
    }
  }
}
