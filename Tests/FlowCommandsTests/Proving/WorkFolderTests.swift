import FlowCore
import FlowDefinition
import FlowSystem
import Glibc
import TestSupport
import Testing

@testable import FlowCommands

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
