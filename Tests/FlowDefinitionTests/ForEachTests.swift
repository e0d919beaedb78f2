import FlowCore
import FlowDefinition
import Testing

/// `forEach` in a definition file.
struct ForEachTests {
  private func parse(_ forEach: String, _ rest: String = "") throws -> WorkflowDefinition {
    try DefinitionParser.parse(
      Array(
        #"""
        {"name": "w", "params": {"list": {"type": "list", "default": ["p"]}}, "steps": [
          {"id": "s", "run": "x", "outputs": {"files": "lines", "json": "json", "text": "string"}},
          {"id": "n", "needs": "s", "run": ["x", "${item}"], "forEach": \#(forEach)\#(rest)}]}
        """#.utf8), file: "w.json")
  }

  private func errors(_ forEach: String, _ rest: String = "") -> [String] {
    do throws(DefinitionErrors) {
      _ = try DefinitionParser.parse(
        Array(
          #"""
          {"name": "w", "steps": [
            {"id": "s", "run": "x", "outputs": {"files": "lines", "text": "string"}},
            {"id": "t", "run": "x", "needs": "s", "outputs": {"files": "lines"}},
            {"id": "n", "needs": "s", "run": "x", "forEach": \#(forEach)\#(rest)}]}
          """#.utf8), file: "w.json")
      return []
    } catch {
      return error.errors.map(\.message)
    }
  }

  private func forEach(_ text: String) throws -> ForEach? {
    try parse(text).forEach(ofStep: 1)
  }

  @Test func allSources() throws {
    #expect(
      try forEach(#"{"over": ["a", 1, true]}"#) == ForEach(over: .literal(["a", "1", "true"])))
    #expect(try forEach(#"{"over": "params.list"}"#) == ForEach(over: .parameter(0)))
    #expect(
      try forEach(
        #"{"over": "steps.s.files", "max": 7, "jobs": 2, "tolerate": 3, "empty": "fail"}"#)
        == ForEach(
          over: .output(step: 0, place: 0), most: 7, jobs: 2, tolerance: .count(3),
          whenEmpty: .fail))
    #expect(try forEach(#"{"over": "steps.s.json", "tolerate": "5%"}"#)?.tolerance == .percent(5))
    #expect(
      try forEach(#"{"over": [{"n": "a\"", "m": "1"}], "key": "${item.n}"}"#)
        == ForEach(over: .literal([#"{"n": "a\"", "m": "1"}"#]), key: "${item.n}"))
  }

  @Test func aMatrixIsAllCombinations() throws {
    let matrix = try #require(
      try forEach(
        #"""
        {"matrix": {"size": ["s", "l"], "color": ["red", "blue"]}, "exclude": [{"size": "s", "color": "red"}],
         "include": [{"color": "green", "size": "xl"}]}
        """#))
    guard case .literal(let items) = matrix.source else {
      Issue.record("a matrix is no list")
      return
    }
    #expect(
      items == [
        #"{"size": "s", "color": "blue"}"#, #"{"size": "l", "color": "red"}"#,
        #"{"size": "l", "color": "blue"}"#, #"{"size": "xl", "color": "green"}"#,
      ])
    let workflow = try parse(#"{"matrix": {"size": ["s"], "color": ["red"]}}"#)
    #expect(
      try workflow.items([#"{"size": "s", "color": "red"}"#], ofNode: 1).map(\.key) == ["s,red"])
  }

  @Test func badSourcesAreNamed() {
    #expect(
      errors(#"{"over": "steps.s.text"}"#)
        == [#"text is no list: give it the type "lines" or "json""#])
    #expect(
      errors(#"{"over": "steps.t.files"}"#)
        == [#"the step does not need "t", directly or not: add it to "needs""#])
    #expect(errors(#"{"over": "steps.s.file"}"#)[0].hasSuffix(#"did you mean "files"?"#))
    #expect(errors(#"{"over": "steps.x.files"}"#) == [#"no step has the id "x""#])
    #expect(errors(#"{"over": "run.id"}"#)[0].hasPrefix("expected a list"))
    #expect(errors(#"{"over": "${params.x}"}"#)[0].hasPrefix("expected a list"))
  }

  /// A history would not take it.
  @Test func aConditionAsksForWhatItemsHave() {
    func fault(_ item: Int, _ text: String) -> String {
      "item \(item) of its forEach has no \"x\", which the step names: \"\(text)\""
    }
    let when = #", "when": "item.x == 'a'""#
    #expect(errors(#"{"over": ["a"]}"#, when) == [fault(1, "a")])
    #expect(
      errors(#"{"over": [{"x": "a"}, {"y": "b"}]}"#, when) == [fault(2, #"{"y": "b"}"#)])
    #expect(errors(#"{"matrix": {"y": ["1"]}}"#, when) == [fault(1, #"{"y": "1"}"#)])
    #expect(errors(#"{"over": [{"x": "a"}]}"#, when) == [])
  }

  @Test func whatItDoesNotGoWith() {
    for (rest, message) in [
      (#", "onFailure": {"run": "u"}"#, #"a step with "forEach" has no "onFailure""#)
    ] {
      #expect(errors(#"{"over": ["a"]}"#, rest).map { $0.hasPrefix(message) } == [true])
    }
    let nested = errors(#"{"over": ["a"], "forEach": {"over": ["b"]}}"#)
    #expect(nested.count == 1 && nested[0].hasPrefix("unknown key"), "\(nested)")
  }

  @Test func itemsAreKnownInItsOwnStepAlone() {
    func errors(_ steps: String) -> [String] {
      do throws(DefinitionErrors) {
        _ = try DefinitionParser.parse(
          Array(#"{"name": "w", "steps": [\#(steps)]}"#.utf8), file: "w.json")
        return []
      } catch {
        return error.errors.map(\.message)
      }
    }
    #expect(
      errors(#"{"id": "a", "run": ["x", "${item}"]}"#)
        == [#""${item}" stands for an item of "forEach", which the step does not have"#])
    #expect(
      errors(#"{"id": "a", "run": "echo ${item}", "forEach": {"over": ["b"]}}"#)[0]
        .contains("is not replaced in a line for the shell"))
    #expect(
      errors(#"{"id": "a", "run": ["x", "${item.n}"], "forEach": {"over": ["b"]}}"#)
        == [#"item 1 of its forEach has no "n", which the step names: "b""#])
    #expect(
      errors(
        #"""
        {"id": "a", "run": ["x", "${item.n}"], "forEach": {"over": [{"n": "1"}, {"n": "2"}], "key": "${item.n}"},
         "env": {"N": "${item.n}"}}
        """#) == [])
  }

  @Test func aHundredThousandItemsAreReadAtOnce() throws {
    let items = (0..<100_000).map { #""i\#($0)""# }.joined(separator: ",")
    let workflow = try parse(#"{"over": [\#(items)], "max": 100000}"#)
    guard case .literal(let read)? = workflow.forEach(ofStep: 1)?.source else {
      Issue.record("the items are no list")
      return
    }
    #expect(read.count == 100_000)
  }
}
