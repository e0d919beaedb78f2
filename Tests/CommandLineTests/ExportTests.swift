import FlowJSON
import TestSupport
import Testing

/// `flow export`, by the program itself.
struct ExportTests {
  private func run(_ home: Home) async throws {
    let file = home.workflow(
      #"{"id": "fetch", "run": "test $FLOW_ATTEMPT = 2","#
        + #" "retry": {"maxAttempts": 2, "initialDelay": "1ms"}},"#
        + #" {"id": "build", "needs": ["fetch"], "run": "printf 'line <1>\\n\\033[31mred'; exit 3"},"#
        + #" {"id": "test", "needs": ["build"], "run": ["echo", "\"&\\N<b>"]}"#)
    #expect(try await home.flow("run", "-q", file, "--run-id", "r").ending == .exit(1))
  }

  @Test func theDocumentIsPrintedOrWritten() async throws {
    let home = Home()
    try await run(home)
    let printed = try await home.flow("export", "r", "--events")
    #expect(printed.ending == .exit(0) && printed.errors == "")
    let json = try JSON(printed.output)
    #expect(json["runId"] == .string("r") && json["state"] == .string("failed"))
    #expect(json["events"]?.elements == (try await home.events("r")))

    let path = "\(home.folder.path)/run.json"
    TestFile.write(Array("before".utf8), to: path)
    let written = try await home.flow("export", "latest", "--events", "-o", path)
    #expect(written.ending == .exit(0) && written.output == "" && written.errors == "")
    #expect(TestFile.text(path) == printed.output)
    #expect(!TestFile.names(in: home.folder.path).contains { $0.hasPrefix("run.json.") })
  }

  @Test func aCIServerGetsTheOutputOfWhatFailed() async throws {
    let home = Home()
    try await run(home)
    let xml = try XML(try await home.flow("export", "r", "-f", "junit", "-o", "-").output)
    #expect(xml.all(named: "failure").map(\.text) == ["line <1>\n\\u{1B}[31mred"])
    #expect(xml.all(named: "testcase").map { $0["name"] } == ["fetch", "build", "test"])
  }

  @Test func aTraceHasTheAttempts() async throws {
    let home = Home()
    try await run(home)
    let json = try JSON(try await home.flow("export", "r", "-f", "chrome-trace").output)
    let attempts = json["traceEvents"]?.elements.filter { $0["cat"] == .string("attempt") } ?? []
    #expect(attempts.map { $0["name"]?.string } == ["fetch", "fetch", "build"])
  }

  @Test(.enabled(if: TestFile.exists("/usr/bin/dot")))
  func graphvizDrawsTheGraph() async throws {
    let home = Home()
    try await run(home)
    let path = "\(home.folder.path)/run.dot"
    #expect(try await home.flow("export", "r", "-f", "dot", "-o", path).ending == .exit(0))
    let drawn = try await Subprocess(
      ["/usr/bin/dot", "-Tsvg", path], environment: home.environment, folder: home.folder.path
    ).end()
    #expect(drawn.ending == .exit(0))
    let svg = try XML(drawn.output)
    let nodes = svg.all(named: "g").filter { $0["class"]?.hasPrefix("node ") == true }
    #expect(nodes.map { $0["class"] } == ["node succeeded", "node failed", "node skipped"])
    #expect(
      nodes.compactMap { $0.all(named: "a").first?["xlink:title"] }.last == "echo \"&\\N<b>")
  }

  @Test func whatCannotBeDoneIsSaidAndLeavesNothing() async throws {
    let home = Home()
    try await run(home)
    let format = try await home.flow("export", "r", "--format", "xml")
    #expect(format.ending == .exit(2) && format.output == "")
    #expect(format.errors.contains("one of json, chrome-trace, junit, dot, mermaid"))
    #expect(try await home.flow("export", "r", "-f", "dot", "--events").ending == .exit(2))
    #expect(try await home.flow("export").ending == .exit(2))
    #expect(try await home.flow("export", "nosuch").ending == .exit(2))
    let folder = try await home.flow("export", "r", "-o", "/nosuch\u{1B}/x")
    #expect(folder.ending == .exit(6))
    #expect(folder.errors.hasPrefix("flow: cannot write /nosuch\\u{1B}/x: no such file"))
    #expect(try await home.flow("export", "r", "-o", home.folder.path).ending == .exit(6))
    let full = try await home.flow("export", "r", "-o", "/dev/full")
    #expect(full.ending == .exit(6) && full.errors.contains("ENOSPC"))
  }
}
