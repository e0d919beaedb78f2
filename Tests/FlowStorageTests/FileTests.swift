import FlowStorage
import Testing

struct FileTests {
  struct Call: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let operation: StorageError.Operation
    let body: @Sendable (inout File<TreeStorage>) throws -> Void

    init(
      _ name: String, _ operation: StorageError.Operation,
      _ body: @escaping @Sendable (inout File<TreeStorage>) throws -> Void
    ) {
      testDescription = name
      self.operation = operation
      self.body = body
    }
  }

  private static let calls = [
    Call("isAtItsPath", .inspect) { _ = try $0.isAtItsPath() },
    Call("size", .inspect) { _ = try $0.size() },
    Call("nextData", .inspect) { _ = try $0.nextData(from: 0) },
    Call("read", .read) { _ = try $0.read(at: 0, count: 1) },
    Call("write", .write) { try $0.write([1].span, at: 0) },
    Call("reserve", .reserve) { try $0.reserve(upTo: 8) },
    Call("sync", .sync) { try $0.sync() },
    Call("startSync", .sync) { try $0.startSync() },
    Call("finishedSync", .sync) { _ = try $0.finishedSync() },
    Call("tryLock", .lock) { _ = try $0.tryLock() },
    Call("isLockedByAnother", .lock) { _ = try $0.isLockedByAnother() },
    Call("rename", .rename) { try $0.rename(to: "log/2") },
  ]

  @Test(arguments: calls)
  func aCallThatFailsNamesTheOperationAndTheFile(call: Call) throws {
    let storage = TreeStorage()
    var file = try File("log/1", .create, in: storage)
    storage.fault = (call.operation, .inputOutput)
    #expect(throws: StorageError(call.operation, "log/1", .inputOutput)) { try call.body(&file) }
    storage.fault = nil
    #expect(throws: Never.self) { try call.body(&file) }
    try file.close()
  }

  @Test func aFileThatCannotBeClosedIsNamed() throws {
    let storage = TreeStorage()
    let file = try File("log/1", .create, in: storage)
    storage.fault = (.close, .inputOutput)
    do throws(StorageError) {
      try file.close()
      Issue.record("it was closed")
    } catch {
      #expect(error == StorageError(.close, "log/1", .inputOutput))
    }
  }

  @Test(arguments: [
    (OpenMode.create, "log/1", StorageError.Operation.create, Errno.fileExists),
    (.read, "log/2", .open, .noSuchFile), (.update, "log/2", .open, .noSuchFile),
  ])
  func aFileThatCannotBeOpenedIsNamed(
    mode: OpenMode, path: String, operation: StorageError.Operation, errno: Errno
  ) throws {
    let storage = TreeStorage()
    try File("log/1", .create, in: storage).close()
    do throws(StorageError) {
      try File(path, mode, in: storage).close()
      Issue.record("it was opened")
    } catch {
      #expect(error == StorageError(operation, path, errno))
    }
  }

  @Test(arguments: ["log/1", "1", "a/b/1"])
  func aFileFollowsItsFolder(path: String) throws {
    var file = try File(path, .create, in: TreeStorage())
    file.folderWasRenamed(to: "new")
    #expect(file.path == "new/1")
    try file.close()
  }

  @Test func aRenamedFileIsAtItsNewPath() throws {
    let storage = TreeStorage()
    var file = try File("log/1", .create, in: storage)
    try file.rename(to: "log/2")
    #expect(file.path == "log/2")
    #expect(try file.isAtItsPath())
    try storage.removeFile("log/2")
    #expect(try !file.isAtItsPath())
    try file.close()
  }

  @Test func aWriteContinuesAfterAShortOne() throws {
    let storage = TreeStorage()
    storage.writeLimit = 3
    let file = try File("log/1", .create, in: storage)
    try file.write([1, 2, 3, 4, 5, 6, 7].span, at: 1)
    #expect(storage.bytes(of: "log/1") == [0, 1, 2, 3, 4, 5, 6, 7])
    #expect(try file.read(at: 6, count: 9) == [6, 7])
    #expect(try file.nextData(from: 7) == 7)
    #expect(try file.nextData(from: 8) == nil)
    try file.close()
  }
}
