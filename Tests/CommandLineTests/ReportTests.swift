import TestSupport
import Testing

/// `flow report`, by the program itself.
struct ReportTests {
  private func run(_ home: Home) async throws {
    let file = home.workflow(
      #"{"id": "build", "run": "echo '<script>alert(1)</script> & more'; exit 3"},"#
        + #" {"id": "test", "needs": ["build"], "run": "true"}"#, named: "<w>")
    #expect(try await home.flow("run", "-q", file, "--run-id", "r").ending == .exit(1))
  }

  @Test func thePageIsNamedAfterTheRun() async throws {
    let home = Home()
    try await run(home)
    let written = try await home.flow("report", "latest", in: home.folder.path)
    #expect(written.ending == .exit(0) && written.output == "r.html\n" && written.errors == "")
    let page = try XML(home.folder.contents(of: "r.html"))
    #expect(page.all(named: "title").first?.text == "✗ r")
    #expect(page.all(named: "script").isEmpty)
    #expect(page.all(named: "pre").contains { $0.text == "\n<script>alert(1)</script> & more\n" })
    let printed = try await home.flow("report", "r", "-o", "-")
    #expect(printed.ending == .exit(0) && printed.output == home.folder.contents(of: "r.html"))
  }

  @Test func whatCannotBeDoneIsSaid() async throws {
    let home = Home()
    try await run(home)
    #expect(try await home.flow("report").ending == .exit(2))
    #expect(try await home.flow("report", "nosuch").ending == .exit(2))
    let folder = try await home.flow("report", "r", "-o", "/nosuch/x.html")
    #expect(folder.ending == .exit(6) && folder.output == "")
    #expect(folder.errors.hasPrefix("flow: cannot write /nosuch/x.html: no such file"))
  }
}
