import FlowCore
import FlowDefinition
import Testing

/// Aliases stand for what their anchors have, and no file is larger than it may be.
struct YAMLAliasTests {
  @Test func anAliasStandsForAnyValue() throws {
    let found = try definition(
      """
      name: &n n
      description: *n
      jobs: &j 3
      env: &e {A: &x "1", B: *x}
      defaults:
        env: *e
        retry: &r {maxAttempts: *j, on: &k [exit]}
      steps:
      - id: &a a
        run: [*a, *x]
        retry: *r
      - id: b
        run: x
        needs: [*a]
        retry: {*n : 1}
      """.replacing("\n  retry: {*n : 1}", with: "\n  env: {*n : *a}"), as: .yaml)
    #expect(found.description == "n" && found.jobs == 3)
    #expect(found.steps[0].command == .program(["a", "1"]) && found.steps[1].needs == [0])
    #expect(found.settings(ofStep: 0).retry.maxAttempts == 3)
    let variables = found.settings(ofStep: 1).environment.map { "\($0.name)=\($0.value)" }
    #expect(variables == ["A=1", "B=1", "n=a"])
  }

  @Test func theMostRecentAnchorCounts() throws {
    let found = try definition(
      "name: &a n\nenv: {A: &a x, B: *a, C: &a y, D: *a}\nsteps: [{id: a, run: x}]", as: .yaml)
    #expect(found.environment.map(\.value) == ["x", "x", "y", "y"])
  }

  /// What an alias stands for is where the alias is; what that contains is where it is written.
  @Test func errorsHaveAPlace() {
    let found = linesOfYAML(
      """
      name: n
      defaults: {retry: &r {maxAttempts: 0}}
      steps:
      - {id: &a a, run: x, retry: *r}
      - {id: *a, run: x, needs: *r}
      """)
    #expect(
      found == [
        #"2:23: steps[1].needs.maxAttempts: unknown key: a need takes "step", "when""#,
        "2:36: defaults.retry.maxAttempts: expected a whole number from 1 to 1000000, found 0",
        "2:36: steps[0].retry.maxAttempts: expected a whole number from 1 to 1000000, found 0",
        #"5:8: steps[1].id: duplicate step id "a", first given at 4:8"#,
        #"5:27: steps[1].needs: missing "step": the id of the step"#,
      ])
  }

  @Test func anUnknownAliasNamesTheNearestAnchor() {
    let found = linesOfYAML(
      """
      name: &flow n
      env: {A: &value x, B: *valeu, C: *flwo, D: *nothing, E: *late}
      steps: [{id: &late a, run: x}]
      """)
    #expect(
      found == [
        #"2:23: env.B: no anchor "&valeu" comes before this alias: did you mean "*value"?"#,
        #"2:34: env.C: no anchor "&flwo" comes before this alias: did you mean "*flow"?"#,
        #"2:44: env.D: no anchor "&nothing" comes before this alias"#,
        #"2:57: env.E: no anchor "&late" comes before this alias"#,
      ])
  }

  /// A comparison costs time, and hostile files have many names.
  @Test func suggestionsAreFew() {
    let anchors = (0..<2_000).map { "A\($0): &name\($0) x" }.joined(separator: ", ")
    let aliases = (0..<2_000).map { "B\($0): *nam\($0)" }.joined(separator: ", ")
    let found = linesOfYAML("name: n\nenv: {\(anchors), \(aliases)}\nsteps: [{id: a, run: x}]")
    #expect(found.filter { $0.contains("did you mean") }.count == 20)
  }

  /// Nine times nine times nine …
  @Test(arguments: ["probe", "bogus"]) func billionsAreRefused(key: String) {
    var text = "name: n\ndefaults:\n  a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    for level in 1..<10 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "  a\(level): &a\(level) [\(aliases)]\n"
    }
    text += "  \(key): *a9\nsteps: [{id: a, run: x}]\n"
    let found = errors(Array(text.utf8), as: .yaml)
    #expect(
      found?.errors.last?.message
        == "aliases repeat too much: at most 1000000 values and 64 MiB of text are allowed")
    #expect(found?.errors.last.map { (4...13).contains($0.position.line) } == true)
  }

  @Test func longTextsAreNotRepeatedWithoutEnd() {
    let text = String(repeating: "x", count: 100_000)
    let aliases = Array(repeating: "*a", count: 1_000).joined(separator: ", ")
    let found = linesOfYAML("name: n\nsteps: [{id: a, run: [&a \(text), \(aliases)]}]\n")
    #expect(found.last?.contains("aliases repeat too much") == true)
  }

  @Test func nestingEndsAtSixtyFourLevels() {
    func nested(_ depth: Int) -> [String] {
      // The workflow itself is the first level.
      let brackets = String(repeating: "[", count: depth - 1)
      return linesOfYAML("x: \(brackets)\(brackets.replacing("[", with: "]"))\nname: n\nsteps: 1")
    }
    #expect(nested(64).count == 2)
    #expect(
      nested(65).last == "1:67: x: nested too deeply: at most 64 levels are allowed")
  }

  @Test func aliasesNestToo() {
    let levels = (1..<70).map { "  a\($0): &a\($0) [*a\($0 - 1)]\n" }.joined()
    let found = linesOfYAML("name: n\ndefaults:\n  a0: &a0 []\n\(levels)steps: []\n")
    #expect(found.contains { $0.hasSuffix("nested too deeply: at most 64 levels are allowed") })
  }

  @Test(arguments: [
    "[", "- ", "? ", "{a: ", "[[], ", "{? ", "{[", "- - ? ", "&a [", "a: {b: [", "!!x [",
  ])
  func endlessNestingIsRefused(opening: String) {
    let text = String(repeating: opening, count: 1_000_000)
    let found = errors(Array(text.utf8), as: .yaml)
    #expect(found.map { !$0.errors.isEmpty } == true)
    #expect(
      found?.errors.contains { $0.message == "nested too deeply: at most 64 levels are allowed" }
        == true, "\(String(describing: found).prefix(1_000))")
  }

  /// libyaml's time is their number squared.
  @Test(arguments: ["\n", "\r", "\u{85}", "\u{2028}"]) func directivesAreFew(end: String) {
    let text = (0..<300_000).map { "%TAG !a\($0)! x\(end)" }.joined()
    let place = end == "\n" ? "65:1" : "1:\(text.split(separator: "%")[..<64].joined().count + 65)"
    #expect(linesOfYAML(text) == ["\(place): at most 64 lines can begin with \"%\""])
  }
}
