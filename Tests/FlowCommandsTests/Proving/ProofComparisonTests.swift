import FlowCore
import FlowDefinition
import FlowSystem
import Glibc
import TestSupport
import Testing

@testable import FlowCommands

/// What of the differences between two runs counts.
struct ProofComparisonTests {
  private func differences(
    _ paths: [String], published: Set<String> = [], _ old: [String: String] = [:],
    _ new: [String: String] = [:], scope: ProofComparison.Scope = .declaredFiles,
    showsValues: Bool = true, known: Set<ProofDifference.Subject> = []
  ) -> [String] {
    var comparison = ProofComparison(scope: scope, showsValues: showsValues)
    comparison.known = known
    return comparison.differences(
      paths.map { FolderDifference(path: $0, kind: .missing) }, published: published,
      outputs: old.mapValues { Array($0.utf8) }, new.mapValues { Array($0.utf8) }
    ).map(\.what)
  }

  @Test func ofFilesTheDeclaredOnesCount() {
    let paths = ["out", "out/a", "outer", "site", "other"]
    #expect(
      differences(paths, published: ["out", "site/x"]) == [
        "out is missing", "out/a is missing", "site is missing",
      ])
    #expect(differences(paths, scope: .folder).count == 5)
  }

  @Test func outputsAreComparedByTheirValues() {
    let old = ["a.n": "1", "a.same": "x", "b.gone": "x", "c.long": "x"]
    let new = [
      "a.n": "2", "a.same": "x", "b.new": "x", "c.long": String(repeating: "y", count: 99),
    ]
    #expect(
      differences([], old, new) == [
        #"output a.n is "2" instead of "1""#, "output b.gone is missing",
        "output b.new is there, and should not be", "output c.long has 99 bytes instead of 1",
      ])
    // A value can hold a secret.
    #expect(
      differences([], ["a.n": "1"], ["a.n": "2"], showsValues: false)
        == ["output a.n has another value"])
  }

  @Test func whatDiffersByItselfDoesNotCount() {
    #expect(
      differences(
        ["log", "out"], ["a.at": "1"], ["a.at": "2"], scope: .folder,
        known: [.path("log"), .output("a.at")]) == ["out is missing"])
  }

  private func scope(_ steps: String, comparesAll: Bool = false) throws -> ProofComparison.Scope {
    let text = #"{"name": "w", "steps": [\#(steps)]}"#
    return ProofComparison.scope(
      of: try DefinitionParser.parse(Array(text.utf8), file: "w.json"), comparesAll: comparesAll)
  }

  @Test func theWholeFolderCountsWhereAStepDeclaresNothing() throws {
    let declares = #"{"id": "a", "run": "x", "files": ["a"]}"#
    #expect(try scope(declares) == .declaredFiles)
    #expect(try scope(declares, comparesAll: true) == .folder)
    #expect(try scope(#"\#(declares), {"id": "b", "run": "x"}"#) == .folder)
    #expect(try scope(#"\#(declares), {"id": "b", "ask": {"text": "?"}}"#) == .declaredFiles)
    func node(_ files: String) -> String {
      #"{"id": "n", "forEach": {"over": ["x"]}, "steps": [{"id": "c", "run": "x"\#(files)}]}"#
    }
    #expect(try scope(node("")) == .folder)
    #expect(try scope(node(#", "files": ["${item}"]"#)) == .declaredFiles)
    #expect(
      try scope(
        #"{"id": "n", "forEach": {"over": ["x"]}, "run": "x", "files": ["${item}"]}"#)
        == .declaredFiles)
  }
}

/// Where steps work, and what keeps a workflow from being proven.
struct WorkFolderTests {
  private let temporary = TemporaryFolder()
  private var folder: WorkFolder {
    get throws {
      WorkFolder(
        path: try ProcessFacts.realPath(temporary.path),
        values: [
          ParameterValue(name: "in", texts: ["sub"]), ParameterValue(name: "out", texts: [".."]),
          ParameterValue(name: "root", texts: ["/srv"]),
        ])
    }
  }

  @Test(arguments: [
    (".", WorkFolder.Place.inside), ("sub/x", .inside), ("sub/../x", .inside),
    ("..", .outside("..")), ("a/../../b", .outside("a/../../b")), ("/tmp", .outside("/tmp")),
    ("${params.in}/x", .inside), ("${params.out}/x", .outside("../x")),
    ("${params.root}", .outside("/srv")), ("x/${item}", .unknown),
    ("../${item}", .outside("../value")),
  ])
  func aWorkingFolderIsInTheWorkflowsFolderOrNot(text: String, place: WorkFolder.Place) throws {
    #expect(try folder.place(ofWorkingDirectory: text) == place)
  }

  @Test func linksAreFollowed() throws {
    let folder = try folder
    unsafe _ = symlink("/usr", "\(folder.path)/out")
    unsafe _ = mkdir("\(folder.path)/real", 0o700)
    unsafe _ = symlink("real", "\(folder.path)/in")
    #expect(
      folder.place(ofWorkingDirectory: "out/lib/..") == .outside(try ProcessFacts.realPath("/usr")))
    #expect(folder.place(ofWorkingDirectory: "in") == .inside)
  }

  @Test func pathsAreRelativeToTheirFolder() {
    #expect(WorkFolder.path("/a/b/./c/../d", in: "/a/b") == "d")
    #expect(WorkFolder.path("/a/b", in: "/a/b/") == "")
    #expect(WorkFolder.path("/a/bc", in: "/a/b") == nil)
    #expect(WorkFolder.path("/a/b/../c", in: "/a/b") == nil)
  }

  @Test func whatMustBeKnownIsSaid() throws {
    let text =
      #"{"name": "w", "notify": [{"on": ["failed"], "run": "x"}], "steps": [{"id": "n", "forEach": {"over": ["x"]}, "#
      + #""run": "x", "cwd": "${item}"}]}"#
    let definition = try DefinitionParser.parse(Array(text.utf8), file: "w.json")
    let obstacles = ProofObstacles(definition, in: try folder, without: StepSet())
    #expect(obstacles.refusals == [])
    #expect(
      obstacles.notes == [
        "only a run tells the cwd of n: it must be in the copy",
        "its notices (notify) are sent in each run",
      ])
  }
}
