import FlowDefinition
import TestSupport
import Testing

/// The files in `Fixtures/Workflows`: each under `invalid` has what is said about it beside it.
struct FixtureTests {
  private static let valid = Fixtures.names(in: "Workflows/valid", endingWith: ".json")
  private static let invalid = Fixtures.names(in: "Workflows/invalid", endingWith: ".json")

  @Test(arguments: valid)
  func validFilesAreRead(name: String) throws {
    let bytes = Fixtures.read("Workflows/valid/\(name).json")
    #expect(errors(bytes) == nil)
  }

  @Test func exampleIsRead() {
    #expect(errors(Fixtures.read("Workflows/source-report.json")) == nil)
  }

  @Test(arguments: invalid)
  func invalidFilesAreRefusedWithWhatIsExpected(name: String) {
    let bytes = Fixtures.read("Workflows/invalid/\(name).json")
    let expected = Fixtures.read("Workflows/invalid/\(name).expected")
    do throws(DefinitionErrors) {
      _ = try DefinitionParser.parse(bytes, file: "\(name).json")
      Issue.record("\(name).json was taken")
    } catch {
      #expect("\(error)\n" == String(decoding: expected, as: UTF8.self))
    }
  }

  @Test func everyExpectationHasItsFile() {
    let expected = Fixtures.names(in: "Workflows/invalid", endingWith: ".expected")
    let yaml = Fixtures.names(in: "Workflows/invalid", endingWith: ".yaml").map { $0 + ".yaml" }
    #expect(expected == (Self.invalid + yaml).sorted())
    #expect(Self.valid.count >= 3)
  }
}
