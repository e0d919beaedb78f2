import FlowJSON
import TestSupport
import Testing

/// `description`, of the workflow and its steps: shown wherever people and programs look at them, and
/// escaped there like all that comes from a file.
struct DescriptionTests {
  private func home() async throws -> (home: Home, file: String) {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "true", "description": "Makes <a> \u001b[31m"}, {"id": "b", "run": "true"}"#,
      #""description": "Nightly & quiet""#)
    #expect(try await home.flow("run", "-q", file).ending == .exit(0))
    return (home, file)
  }

  @Test func validateShowsIt() async throws {
    let (home, file) = try await home()
    let text = try await home.flow("validate", file)
    #expect(text.output.contains("\nNightly & quiet\nstage 1: a b\n  a: Makes <a> \\u{1B}[31m\n"))
    let json = try JSON(try await home.flow("validate", "--json", file).output)
    #expect(json["description"]?.string == "Nightly & quiet")
    #expect(json["steps"]?[0]?["description"]?.string == "Makes <a> \u{1B}[31m")
    #expect(json["steps"]?[1]?["description"] == nil)
  }

  @Test func statusTellsPrograms() async throws {
    let (home, _) = try await home()
    let json = try await home.status()
    #expect(json["description"]?.string == "Nightly & quiet")
    #expect(json["steps"]?[0]?["description"]?.string == "Makes <a> \u{1B}[31m")
  }

  @Test func whyShowsIt() async throws {
    let (home, _) = try await home()
    #expect(try await home.flow("why", "latest").output.contains("\nNightly & quiet\n"))
    #expect(try await home.flow("why", "latest", "a").output.contains("\nMakes <a> \\u{1B}[31m\n"))
    let json = try JSON(try await home.flow("why", "--json", "latest", "a").output)
    #expect(json["description"]?.string == "Makes <a> \u{1B}[31m")
  }

  @Test func theReportAndTheExportHaveIt() async throws {
    let (home, _) = try await home()
    let report = try await home.flow("report", "latest", "-o", "-").output
    #expect(report.contains("<p>Nightly &amp; quiet</p>") && report.contains("<p>Makes &lt;a&gt; "))
    let export = try JSON(try await home.flow("export", "--format", "json", "latest").output)
    #expect(export["definition"]?["description"]?.string == "Nightly & quiet")
    #expect(export["steps"]?[1]?["description"] == .null)
  }

  @Test func itIsNotEmpty() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "true"}"#, #""description": """#)
    let finished = try await home.flow("validate", file)
    #expect(finished.ending == .exit(2))
    #expect(finished.errors.contains("expected a description in words, found an empty string"))
  }
}
