import FlowSimulation
import TestSupport
import Testing

@testable import FlowsimCommands

/// The first choice in which two worlds differ.
struct CompareTests {
  private static let choices = """
    options 0 2 4
    workflow 0 17 1000
    crash 0 0 2
    crash 1 1 2
    lostBytes 0 3 9

    """

  private func compare(_ one: String, _ other: String) -> (code: Int32, Console) {
    let folder = TemporaryFolder()
    let paths = (folder.write(one, to: "one"), folder.write(other, to: "other"))
    let console = Console()
    let code = console.flowsim("compare", paths.0, paths.1)
    return (code, console)
  }

  /// A replacement for a line, and the text about it.
  @Test(arguments: [
    ("crash 1 1 2", "crash 1 0 2", "choice 3 differs: crash 1 is 1 of 2", "crash 1 is 0 of 2"),
    (
      "workflow 0 17 1000", "workflow 0 17 999", "choice 1 differs: workflow 0 is 17 of 1000",
      "workflow 0 is 17 of 999"
    ),
    ("crash 0 0 2", "reader 0 0 2", "choice 2 differs: crash 0 is 0 of 2", "reader 0 is 0 of 2"),
    ("options 0 2 4", "options 0 3 4", "choice 0 differs: options 0 is 2 of 4", "options 0 is 3"),
    ("lostBytes 0 3 9\n", "", "choice 4 differs: lostBytes 0 is 3 of 9", "there is none in"),
    (
      "lostBytes 0 3 9", "lostBytes 0 3 9\nlostBytes 1 0 9",
      "choice 5 differs: there is none in", "lostBytes 1 is 0 of 9"
    ),
  ])
  func theFirstChoiceThatDiffersIsNamed(
    old: String, new: String, one: String, other: String
  ) throws {
    let place = try #require(Self.choices.firstRange(of: old))
    let changed =
      Self.choices[..<place.lowerBound] + new
      + Self.choices[place.upperBound...]
      .replacing("crash 0", with: "crash 7")
    let (code, console) = compare(Self.choices, String(changed))
    #expect(code == 1)
    #expect(console.output.hasPrefix(one), "\(console.output)")
    #expect(console.output.contains("/one, and \(other)"), "\(console.output)")
    #expect(console.output.hasSuffix("/other\n"), "\(console.output)")
    #expect(console.output.split(separator: "\n").count == 1)
  }

  @Test func equalChoicesAreSaidToBe() {
    let (code, console) = compare(Self.choices + "1 seed holds\n", Self.choices + "seed 4 fails\n")
    #expect(code == 0)
    #expect(console.output == "all 5 choices are the same\n")
  }

  @Test func whatFlowsimPrintsCanBeCompared() {
    let printed = [3, 4].map { seed in
      let console = Console()
      #expect(console.flowsim("--seed", "\(seed)", "--choices") == 0)
      return console.output
    }
    #expect(compare(printed[0], printed[0]).code == 0)
    let (code, console) = compare(printed[0], printed[1])
    #expect(code == 1)
    #expect(console.output.hasPrefix("choice 0 differs: options 0 is "))
  }

  @Test(arguments: [
    "", "crash 0 0\n", "crash 0 2 2\n", "crash 0 -1 2\n", "7 0 0 2\n",
  ])
  func aFileWithoutChoicesIsRefused(text: String) {
    let (code, console) = compare(Self.choices, text)
    #expect(code == 2)
    #expect(console.output == "")
    #expect(console.errors.contains("/other; \"flowsim --seed N --choices\" prints them\n"))
  }
}
