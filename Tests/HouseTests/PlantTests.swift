import TestSupport
import Testing

/// `Scripts/plant` changes exactly the statement that a mutant names, or nothing.
struct PlantTests {
  private static let source = """
    struct Queue {
      private var items: [Int] = []

      /// Adds one.
      mutating func add(_ item: Int) {
        items.append(item)  // at the end
        trim()
      }

      mutating func trim() {
        while items.count > 3 {
          // The oldest goes.
          items.removeFirst()
        }
      }
    }

    extension Queue {
      var first: Int? { items.first }

      func describe(
        briefly: Bool
      ) -> String {
        if briefly { return "a queue" }
        return
          "a queue of \\(items.count)"
      }
    }
    """

  @Test func aStatementIsReplacedWhateverStandsAroundIt() async throws {
    let planted = try await plant(
      """
      One too many is kept.

      in Queue.trim:
      - while items.count > 3 {
      -   items.removeFirst()
      + while items.count > 4 {
      +   items.removeLast()
      """)
    let old = "    while items.count > 3 {\n      // The oldest goes.\n      items.removeFirst()"
    let new = "    while items.count > 4 {\n      items.removeLast()"
    #expect(planted.errors == "")
    #expect(planted.source == Self.source.replacing(old, with: new))
  }

  @Test func lineBreaksDoNotMatter() async throws {
    let planted = try await plant(
      """
      The number is left out.

      in Queue.describe:
      - return "a queue of \\(items.count)"
      + return "a queue"
      """)
    let old = "    return\n      \"a queue of \\(items.count)\""
    #expect(planted.errors == "")
    #expect(planted.source == Self.source.replacing(old, with: "    return \"a queue\""))
  }

  @Test func newLinesStandBesideTheirNeighbour() async throws {
    let planted = try await plant(
      """
      Every item is added twice.

      in Queue.add:
        items.append(item)
      + items.append(item)

      + items.reserveCapacity(3)
        trim()
      """)
    #expect(planted.errors == "")
    #expect(
      planted.source
        == Self.source.replacing(
          "    trim()",
          with: "    items.append(item)\n    items.reserveCapacity(3)\n    trim()"))
  }

  @Test func aTypeGetsMembersAtItsBeginning() async throws {
    let planted = try await plant(
      """
      A queue counts.

      in Queue:
      + private var count = 0
      """)
    #expect(planted.errors == "")
    #expect(
      planted.source
        == Self.source.replacing(
          "struct Queue {\n", with: "struct Queue {\n  private var count = 0\n"))
  }

  @Test(arguments: [
    ("in Queue.trim:\n- trim()", "not in Queue.trim (Sources/M/Queue.swift:10): trim()"),
    ("in Queue.trim:\n- trim()", "the statement stands at Sources/M/Queue.swift:7"),
    ("in Queue.none:\n- trim()", "no function or type Queue.none in Sources"),
    ("in N Queue.add:\n- trim()", "no function or type N Queue.add in Sources"),
    ("in Queue:\n- }", "times in Queue (Sources/M/Queue.swift:"),
    ("in Queue.add:\ntrim()", "expected \"- \", \"+ \" or two spaces"),
    ("in Queue.add:\n- // at the end", "name a statement"),
    ("Nothing follows.", "no line \"in FUNCTION:\""),
  ])
  func whatCannotBePlantedIsAnError(edit: String, error: String) async throws {
    let planted = try await plant("A fault.\n\n\(edit)\n")
    #expect(planted.errors.contains(error), "\(planted.errors)")
    #expect(planted.source == Self.source)
  }

  private func plant(_ mutant: String) async throws -> (source: String, errors: String) {
    let folder = TemporaryFolder()
    TestFile.makeFolder("\(folder.path)/Sources/M")
    folder.write(Self.source + "\n", to: "Sources/M/Queue.swift")
    let path = folder.write(mutant + "\n", to: "fault.mutant")
    let process = try Subprocess(
      ["\(Repository.root)/Scripts/plant", folder.path, path],
      environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], folder: folder.path)
    let end = try await process.end(within: .seconds(60))
    #expect(end.ending == .exit(end.errors.isEmpty ? 0 : 1))
    let source = folder.contents(of: "Sources/M/Queue.swift")
    return (String(source.dropLast()), end.errors)
  }
}
