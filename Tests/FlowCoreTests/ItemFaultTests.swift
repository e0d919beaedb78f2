import FlowCore
import Testing

/// What is wrong with a list, in words: with the key, its place, and that of the item it clashes with.
@Suite struct ItemFaultTests {
  private static func text(_ items: [String], key: String? = nil) -> String? {
    var workflow = WorkflowDefinition.of("n")
    var extras = StepExtras()
    extras.forEach = ForEach(over: .literal(items), key: key)
    workflow.give(extras, toStep: 0)
    workflow.steps[0].command = .program(["run", key == nil ? "" : "${item.name}"])
    do throws(ItemFault) {
      _ = try workflow.items(items, ofNode: 0)
      return nil
    } catch {
      return workflow.text(error, of: items, ofNode: 0)
    }
  }

  @Test(arguments: [
    (["a", "b", "a"], #"item 3 of its forEach has the key "a" of item 1"#),
    (["a", ""], "the key of item 2 of its forEach is empty"),
    (["a\tb"], "the key of item 1 of its forEach has a control character: \"a\tb\""),
    (["\0"], "item 1 of its forEach has a zero byte, which no argument can have"),
    (
      [String(repeating: "k", count: 201)],
      "the key of item 1 of its forEach is longer than 200 bytes: \"\(String(repeating: "k", count: 60))…\""
    ),
  ])
  func aFaultNamesTheKeyAndItsPlace(items: [String], text: String) {
    #expect(Self.text(items) == text)
  }

  @Test func theKeyIsNamedAndNotTheItem() {
    let items = [#"{"name": "x", "n": "1"}"#, #"{"name": "x", "n": "2"}"#]
    #expect(
      Self.text(items, key: "${item.name}") == #"item 2 of its forEach has the key "x" of item 1"#)
  }

  @Test func whatIsLackingIsNamed() {
    #expect(
      Self.text([#"{"name": "x"}"#, #"{"host": "y"}"#], key: "${item.name}")
        == #"item 2 of its forEach has no "name", which the step names: "{"host": "y"}""#)
  }
}
