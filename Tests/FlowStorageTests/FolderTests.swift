import FlowStorage
import Testing

struct FolderTests {
  private let storage = TreeStorage()

  private func folder() throws -> Folder<TreeStorage> {
    let folder = Folder("home/runs", in: storage)
    try folder.make()
    return folder
  }

  @Test func entriesAreOpenedByName() throws {
    let folder = try folder()
    try folder.open("b", .create).close()
    try folder.open("a", .create).close()
    #expect(try folder.names() == ["a", "b"])
    #expect(throws: StorageError(.create, "home/runs/a", .fileExists)) {
      try folder.open("a", .create).close()
    }
    #expect(throws: StorageError(.open, "home/runs/c", .noSuchFile)) {
      try folder.open("c", .read).close()
    }
  }

  @Test func aMissingFolderHasNoNames() throws {
    let folder = Folder("home/runs", in: storage)
    #expect(try folder.namesIfPresent() == [])
    #expect(throws: StorageError(.list, "home/runs", .noSuchFile)) { try folder.names() }
    #expect(try folder.attributes() == nil)
    storage.fault = (.list, .inputOutput)
    #expect(throws: StorageError(.list, "home/runs", .inputOutput)) { try folder.namesIfPresent() }
  }

  @Test func aFolderIsMadeOnceOrAsNeeded() throws {
    let folder = try folder()
    #expect(try folder.attributes()?.isDirectory == true)
    #expect(throws: StorageError(.makeDirectory, "home/runs", .fileExists)) { try folder.make() }
    try folder.makeIfMissing()
    storage.fault = (.makeDirectory, .noSpace)
    #expect(throws: StorageError(.makeDirectory, "home/runs", .noSpace)) {
      try folder.makeIfMissing()
    }
  }

  @Test func removingAMissingFileIsNoError() throws {
    let folder = try folder()
    try folder.open("a", .create).close()
    try folder.removeIfPresent("a")
    try folder.removeIfPresent("a")
    #expect(try folder.names() == [])
    storage.fault = (.remove, .permissionDenied)
    #expect(throws: StorageError(.remove, "home/runs/a", .permissionDenied)) {
      try folder.removeIfPresent("a")
    }
  }

  @Test func aTreeIsRemovedFromItsLeaves() throws {
    let folder = try folder()
    try folder.open("a", .create).close()
    let inner = Folder(folder.path(of: "inner"), in: storage)
    try inner.make()
    try inner.open("b", .create).close()
    try folder.removeTree()
    #expect(storage.paths == [])
    #expect(
      storage.changes.suffix(4) == [
        "remove home/runs/a", "remove home/runs/inner/b", "remove home/runs/inner",
        "remove home/runs",
      ])
    try folder.removeTree()
  }

  @Test func aTreeCanBeAFile() throws {
    let folder = try folder()
    try folder.open("a", .create).close()
    try Folder(folder.path(of: "a"), in: storage).removeTree()
    #expect(storage.paths == ["home/runs"])
  }

  @Test(arguments: [
    (StorageError.Operation.inspect, "home/runs"), (.list, "home/runs"),
    (.remove, "home/runs/a"),
  ])
  func aTreeThatCannotBeRemovedIsNamed(
    operation: StorageError.Operation, path: String
  ) throws {
    let folder = try folder()
    try folder.open("a", .create).close()
    storage.fault = (operation, .inputOutput)
    #expect(throws: StorageError(operation, path, .inputOutput)) { try folder.removeTree() }
  }

  @Test func aFolderIsRenamedToAFreeName() throws {
    let folder = try folder()
    try folder.rename(to: "home/old")
    #expect(storage.paths == ["home/old"])
    #expect(throws: StorageError(.rename, "home/runs", .noSuchFile)) {
      try folder.rename(to: "home/old")
    }
  }

  @Test func namesAreSynced() throws {
    let folder = try folder()
    try folder.sync()
    #expect(storage.changes.last == "sync folder home/runs")
    storage.fault = (.syncDirectory, .inputOutput)
    #expect(throws: StorageError(.syncDirectory, "home/runs", .inputOutput)) {
      try folder.sync()
    }
  }

  @Test(arguments: [
    ("a/b/c", "a/b", "c"), ("/a", "/", "a"), ("a", nil, "a"), ("/a/b", "/a", "b"),
  ])
  func aPathHasAParentAndALastPart(path: String, parent: String?, last: String) {
    #expect(PathName.parent(of: path) == parent)
    #expect(PathName.last(of: path) == last)
  }
}
