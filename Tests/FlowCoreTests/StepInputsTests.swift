import FlowCore
import Testing

/// Which paths the patterns of `inputs` stand for.
@Suite struct StepInputsTests {
  @Test(arguments: [
    ("src/*.c", ["src/a.c", "src/.c.c.c"], ["src/b/a.c", "src/a.h", "a.c"]),
    ("src/**/*.c", ["src/a.c", "src/b/c/a.c"], ["src/a.h", "src/.b/a.c", "b/src/a.c"]),
    ("src/**", ["src/a", "src/b/c"], ["src", "src/.git/x", "src/b/.x"]),
    ("**/x", ["x", "a/x", "a/b/x"], ["a/.b/x", "xx"]),
    ("a?c", ["abc", "aäc"], ["ac", "abbc", "a/c"]),
    ("*", ["a", "a b"], [".a", "a/b"]),
    (".*", [".a"], ["a"]),
    ("[a]", ["[a]"], ["a"]),
    ("a*b*c", ["abc", "aXbXbc"], ["ab", "acb"]),
    ("**", ["a", "a/b"], [".a"]),
  ])
  func aPatternMatches(_ pattern: String, _ paths: [String], _ others: [String]) {
    // A name that begins with a dot must be asked for.
    for path in paths where !path.contains("/.") {
      #expect(StepInputs.matches(pattern, path), "\(path)")
    }
    for path in others { #expect(!StepInputs.matches(pattern, path), "\(path)") }
  }

  @Test(arguments: [
    ("src/**/*.c", "src", true), ("src/**/*.c", "src/b", true), ("src/**/*.c", "doc", false),
    ("src/*.c", "src/b", false), ("**/x", "a/b", true), ("**/x", ".a", false), ("a/b", "a", true),
    ("a/b", "a/b", false),
  ])
  func onlyFoldersThatCanHaveAMatchAreSearched(_ pattern: String, _ folder: String, _ can: Bool) {
    #expect(StepInputs.canMatch(pattern, in: folder) == can)
  }
}
