import FlowCore
import FlowDefinition
import TestSupport
import Testing

/// Which spelling a file is read in, and that both say the same.
struct SpellingTests {
  private static let json = #"{"name": "n", "steps": [{"id": "a", "run": "x"}]}"#
  private static let yaml = "name: n\nsteps:\n- {id: a, run: x}\n"

  private func isRead(_ text: String, as file: String) -> Bool {
    (try? DefinitionParser.parse(Array(text.utf8), file: file)) != nil
  }

  @Test func theEndingOfTheNameDecides() {
    // Valid JSON with a comment is no YAML, and YAML in braces is no JSON.
    let (json, yaml) = ("// JSON\n" + Self.json, "{name: n, steps: [{id: a, run: x}]}")
    #expect(isRead(json, as: "w.json") && !isRead(json, as: "w.yaml"))
    #expect(isRead(yaml, as: "w.yaml") && isRead(yaml, as: "a.json/w.yml"))
    #expect(!isRead(yaml, as: "w.json") && !isRead(yaml, as: "w.YAML"))
  }

  @Test(arguments: [
    json, "\u{FEFF} \r\n\t" + json, "// {\n/* # */\n" + json, yaml, "\u{FEFF}" + yaml,
    "# {\n" + yaml, "\n---\n" + yaml, "%YAML 1.1\n---\n" + yaml,
    "\"name\": n\nsteps: [{id: a, run: x}]",
    // The comment is of YAML alone.
    "# a comment\n" + json,
  ])
  func elseTheFirstByteDoes(text: String) {
    for file in ["standard input", "w", "w.txt", "/dev/fd/3"] {
      #expect(isRead(text, as: file), "\(errors(Array(text.utf8))?.description ?? "")")
    }
  }

  @Test(arguments: [
    ("{name: n}", "a key must be in double quotes"), ("/* ", "unterminated comment"),
    ("// \u{1}\n{", "unexpected end of the file"), ("", "the file holds no value"),
    ("/x", "found \"/x\""), ("[", "expected an object"), ("\u{1}", "a control character"),
  ])
  func whatIsWrongIsSaidOfThatSpelling(text: String, part: String) {
    do throws(DefinitionErrors) {
      _ = try DefinitionParser.parse(Array(text.utf8), file: "w")
      Issue.record("taken")
    } catch {
      #expect("\(error)".contains(part), "\(error)")
    }
  }

  /// Each definition of the fixtures is there in both spellings.
  @Test(
    arguments: Fixtures.names(in: "Workflows/valid", endingWith: ".json") + ["../source-report"])
  func fixturesAreTwins(name: String) throws {
    let (json, yaml) = (
      Fixtures.read("Workflows/valid/\(name).json"), Fixtures.read("Workflows/valid/\(name).yaml")
    )
    let first = try DefinitionParser.parse(json, file: "w.json")
    let second = try DefinitionParser.parse(yaml, file: "w.yaml")
    #expect(DefinitionCodec.encode(first) == DefinitionCodec.encode(second))
  }

  @Test(arguments: [("nightly", "valid/nightly"), ("source-report", "source-report")])
  func modelsAreTwins(name: String, workflow: String) throws {
    let definition = try DefinitionParser.parse(
      Fixtures.read("Workflows/\(workflow).json"), file: "w.json")
    let models = try ["json", "yaml"].map { spelling in
      try ModelParser.parse(
        Fixtures.read("Workflows/models/\(name).\(spelling)"), file: "m.\(spelling)",
        for: definition)
    }
    #expect(models[0] == models[1])
  }

  @Test func everyModelHasItsTwin() {
    let names = Fixtures.names(in: "Workflows/models", endingWith: ".json")
    #expect(names == Fixtures.names(in: "Workflows/models", endingWith: ".yaml"))
    #expect(names == ["nightly", "source-report"])
  }

  @Test func everyYAMLFixtureIsATwin() {
    #expect(
      Fixtures.names(in: "Workflows/valid", endingWith: ".yaml")
        == Fixtures.names(in: "Workflows/valid", endingWith: ".json"))
  }

  @Test(arguments: Fixtures.names(in: "Workflows/invalid", endingWith: ".yaml"))
  func invalidFixturesAreRefusedWithWhatIsExpected(name: String) {
    let bytes = Fixtures.read("Workflows/invalid/\(name).yaml")
    let expected = Fixtures.read("Workflows/invalid/\(name).yaml.expected")
    do throws(DefinitionErrors) {
      _ = try DefinitionParser.parse(bytes, file: "\(name).yaml")
      Issue.record("\(name).yaml was taken")
    } catch {
      #expect("\(error)\n" == String(decoding: expected, as: UTF8.self))
    }
  }
}
