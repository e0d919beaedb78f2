import FlowCache
import FlowCore
import FlowPublication
import FlowStorage
import FlowSystem
import Glibc
import TestSupport
import Testing

/// Which results are found again, on a real file system and with a real file of results.
struct CacheTests {
  private let folder = TemporaryFolder()

  private var work: String { "\(folder.path)/work" }

  private func write(_ text: String, to name: String) {
    let path = "\(work)/\(name)"
    TestFile.makeFolder(PathName.parent(of: path) ?? "/")
    TestFile.write(Array(text.utf8), to: path)
  }

  private func step(
    _ inputs: [String], files: [String] = ["out"], command: String = "make",
    variables: [String] = []
  ) -> CachedStep {
    let digest = { (text: String) in ResultFile.digest(Array(text.utf8)) }
    let facts =
      [KeyFact(.command, "", digest(command))]
      + variables.map { KeyFact(.variable, String($0.prefix { $0 != "=" }), digest($0)) }
    return CachedStep(
      identity: digest("step"), folder: work, facts: facts, inputs: inputs, files: files)
  }

  private func cache() throws -> Cache<LinuxPublicationFiles> {
    let results = try ResultFile("\(folder.path)/results")
    return Cache(in: LinuxPublicationFiles(ignoresStops: false), results)
  }

  private func miss(_ step: CachedStep) throws -> (CacheKey, CacheMiss)? {
    guard case .miss(let key, let miss) = try cache().look(at: step) else { return nil }
    return (key, miss)
  }

  /// Its command has made a file, and its result is kept.
  private func make(_ step: CachedStep, attempt: Int32 = 1) throws {
    let (key, _) = try #require(try miss(step))
    write("made", to: "out")
    let files = LinuxPublicationFiles(ignoresStops: false)
    let manifest = Manifest(
      of: [
        Manifest.Entry(
          path: "out",
          content: .file(size: 4, try files.digest(ofFile: "\(work)/out")),
          mode: try #require(try files.status(of: "\(work)/out")).mode)
      ], in: work)
    let result = CachedResult(
      key: key, run: "before", attempt: attempt, manifest: manifest,
      outputs: [.init(name: "n", value: Array("3".utf8))])
    #expect(try cache().keep(result, of: step) == .kept)
  }

  @Test func aResultIsFoundWhereNothingHasChanged() throws {
    write("a", to: "src/a")
    let step = step(["src/"])
    try make(step)
    guard case .hit(let result) = try cache().look(at: step) else {
      Issue.record("nothing was found")
      return
    }
    #expect(result.run == "before" && result.attempt == 1)
    #expect(result.outputs == [.init(name: "n", value: Array("3".utf8))])
  }

  @Test func whatHasChangedIsNamed() throws {
    write("a", to: "src/a")
    write("b", to: "src/b")
    let inputs = ["src/"]
    #expect(try miss(step(inputs))?.1 == CacheMiss(.noResult))
    try make(step(inputs, variables: ["X=1"]))
    let same = step(inputs, variables: ["X=1"])
    #expect(try miss(same) == nil)
    #expect(
      try miss(step(inputs, command: "other", variables: ["X=1"]))?.1 == CacheMiss(.command))
    #expect(try miss(step(inputs, variables: ["X=2"]))?.1 == CacheMiss(.variable, "X"))
    #expect(try miss(step(inputs))?.1 == CacheMiss(.variable, "X"))
    #expect(
      try miss(step(inputs, files: ["out", "other"], variables: ["X=1"]))?.1
        == CacheMiss(.declaration, "files"))
    write("c", to: "src/c")
    #expect(try miss(same)?.1 == CacheMiss(.newInput, "src/c", count: 1, of: 3))
    unsafe _ = unlink("\(work)/src/c")
    write("other", to: "src/b")
    #expect(try miss(same)?.1 == CacheMiss(.input, "src/b", count: 1, of: 2))
    write("b", to: "src/b")
    #expect(try miss(same) == nil)
    unsafe _ = unlink("\(work)/src/a")
    #expect(try miss(same)?.1 == CacheMiss(.missingInput, "src/a", count: 1, of: 1))
  }

  @Test func anExecutableIsAnotherInput() throws {
    write("a", to: "tool")
    try make(step(["tool"]))
    unsafe _ = chmod("\(work)/tool", 0o755)
    #expect(try miss(step(["tool"]))?.1 == CacheMiss(.input, "tool", count: 1, of: 1))
  }

  @Test(arguments: ["changed", "gone", "mode"])
  func whatIsNotInPlaceIsMadeAgain(_ how: String) throws {
    let step = step([])
    try make(step)
    switch how {
    case "changed": write("mane", to: "out")
    case "gone": unsafe _ = unlink("\(work)/out")
    default: unsafe _ = chmod("\(work)/out", 0o600)
    }
    #expect(try miss(step)?.1 == CacheMiss(.files, "out"))
  }

  @Test func anInputThatChangedMeanwhileKeepsNoResult() throws {
    write("a", to: "in")
    let step = step(["in"])
    let (key, _) = try #require(try miss(step))
    let result = CachedResult(key: key, run: "r", attempt: 1, manifest: nil, outputs: [])
    write("b", to: "in")
    #expect(try cache().keep(result, of: step) == .changed(input: "in"))
    // Changed back: the command may have read anything.
    unsafe _ = unlink("\(work)/in")
    write("other", to: "beside")
    write("a", to: "in")
    #expect(try cache().keep(result, of: step) == .changed(input: "in"))
    #expect(try miss(step)?.1 == CacheMiss(.noResult))
  }

  // MARK: Inputs

  private func inputs(_ declared: String..., files: [String] = []) throws -> [String] {
    switch try cache().look(at: step(declared, files: files)) {
    case .hit(let result): return result.key.inputs.map(\.path)
    case .miss(let key, _): return key.inputs.map(\.path)
    case .fault(let fault): return ["\(fault)"]
    }
  }

  @Test func foldersAndPatternsStandForAllTheirFiles() throws {
    for name in ["src/a.c", "src/b/c.c", "src/.hidden", "src/d.h", ".flow-stage/x"] {
      write(name, to: name)
    }
    #expect(try inputs("src/") == ["src/.hidden", "src/a.c", "src/b/c.c", "src/d.h"])
    #expect(try inputs("src") == ["src/.hidden", "src/a.c", "src/b/c.c", "src/d.h"])
    #expect(try inputs("src/**/*.c") == ["src/a.c", "src/b/c.c"])
    #expect(try inputs("**") == ["src/a.c", "src/b/c.c", "src/d.h"])
    #expect(try inputs("*/b/") == ["src/b/c.c"])
    #expect(try inputs("none*") == [])
    #expect(try inputs("src/*.c", "src/a.c") == ["src/a.c"])
  }

  @Test func whatTheStepMakesIsNoInput() throws {
    write("a", to: "a")
    write("x", to: "out/x")
    write("y", to: "y")
    #expect(try inputs("**", files: ["out/", "y"]) == ["a"])
  }

  @Test func linksAreFollowedWithinTheFolder() throws {
    write("a", to: "real/a")
    unsafe _ = symlink("real", "\(work)/linked")
    unsafe _ = symlink("real/a", "\(work)/file")
    unsafe _ = symlink("..", "\(work)/real/up")
    unsafe _ = symlink("nothing", "\(work)/real/dangling")
    #expect(try inputs("linked/") == ["linked/a"])
    #expect(try inputs("file") == ["file"])
    #expect(try inputs("linked/a") == ["linked/a"])
    #expect(try inputs("real/").filter { $0.hasSuffix("/a") }.first == "real/a")
  }

  @Test func whatCannotBeAnInputIsNamed() throws {
    write("a", to: "a")
    unsafe _ = symlink("/etc/hostname", "\(work)/out-of-it")
    unsafe _ = mkfifo("\(work)/pipe", 0o644)
    #expect(try inputs("b") == ["the input b is missing"])
    #expect(try inputs("a/") == ["the input a/ is not a folder"])
    #expect(try inputs("pipe") == ["the input pipe is neither a file nor a folder"])
    #expect(
      try inputs("out-of-it") == [
        "the input out-of-it is a link that leads out of the folder of the step"
      ])
    #expect(
      try inputs("a", "*") == [
        "the input out-of-it is a link that leads out of the folder of the step"
      ])
  }
}
