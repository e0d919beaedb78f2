import FlowCache
import FlowPublication
import FlowSystem
import Glibc
import TestSupport
import Testing

/// The file of results, and what it remembers of files.
struct ResultFileTests {
  private let folder = TemporaryFolder()

  private var path: String { "\(folder.path)/results" }

  private func result(_ key: String, run: String = "r") throws -> CachedResult {
    let cache = Cache(in: LinuxPublicationFiles(ignoresStops: false), try ResultFile(path))
    let step = CachedStep(
      identity: ResultFile.digest([]), folder: folder.path,
      facts: [KeyFact(.command, "", ResultFile.digest(Array(key.utf8)))], inputs: [], files: [])
    guard case .miss(let key, _) = try cache.look(at: step) else {
      throw ResultStoreError("it is known")
    }
    return CachedResult(
      key: key, run: run, attempt: 1, manifest: nil, outputs: [.init(name: "n", value: [0, 255])])
  }

  @Test func whatWasKeptIsFoundByAnotherProcess() throws {
    let (one, other) = (try result("one"), try result("other", run: "s"))
    let identity = ResultFile.digest([1])
    let file = try ResultFile(path)
    try file.keep(one, of: identity)
    try file.keep(other, of: identity)
    let again = try ResultFile(path)
    #expect(try again.result(of: one.key.digest) == one)
    #expect(try again.lastResult(of: identity) == other)
    #expect(try again.lastResult(of: ResultFile.digest([2])) == nil)
  }

  @Test(arguments: ["no database", ""])
  func aFileThatIsNoneIsReplaced(_ content: String) throws {
    TestFile.write(Array(content.utf8), to: path)
    let one = try result("one")
    let file = try ResultFile(path)
    try file.keep(one, of: ResultFile.digest([1]))
    #expect(try ResultFile(path).result(of: one.key.digest) == one)
  }

  /// A power loss can take any part of it.
  @Test(arguments: [100, 1_000, 4_096, 5_000, 8_192, 9_000, 12_288])
  func damageIsNoResultAndGoesAway(_ place: Int) throws {
    let one = try result("one")
    try ResultFile(path).keep(one, of: ResultFile.digest([1]))
    var bytes = TestFile.bytes(path)
    for index in place..<min(bytes.count, place + 4_096) { bytes[index] = 0x5A }
    TestFile.write(bytes, to: path)
    // It may be found where it was not damaged.
    for _ in 1...3 {
      let found = try? ResultFile(path).result(of: one.key.digest)
      #expect(found == nil || found == .some(one))
    }
    // Some of it is only found by who writes there.
    try? ResultFile(path).keep(one, of: ResultFile.digest([1]))
    try ResultFile(path).keep(one, of: ResultFile.digest([1]))
    #expect(try ResultFile(path).result(of: one.key.digest) == one)
  }

  @Test func aPlaceWhereNoFileCanBeIsAnError() {
    #expect(throws: ResultStoreError.self) { try ResultFile("\(folder.path)/none/results") }
  }

  private func digest(_ path: String) throws -> (Digest, isKnown: Bool) {
    let memory = try ResultFile(self.path)
    let files = LinuxPublicationFiles(ignoresStops: false, memory: memory)
    let status = try #require(try files.status(of: path))
    let isKnown = memory.digest(of: status) != nil
    let digest = try files.digest(ofFile: path)
    try memory.flush()
    return (digest, isKnown)
  }

  /// What changes within the same moment of the file system's clock looks as it did.
  @Test func onlyTheDigestOfAFileThatIsOldEnoughIsRemembered() throws {
    let path = "\(folder.path)/file"
    TestFile.write([1, 2, 3], to: path)
    #expect(try !digest(path).isKnown)
    #expect(try !digest(path).isKnown)
  }
}
