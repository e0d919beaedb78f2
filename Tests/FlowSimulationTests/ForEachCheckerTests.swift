import FlowCore
import FlowRuntime
import Testing

@testable import FlowSimulation

/// Step 0 puts out a list, and step 1 runs for its items; steps 2 to 4 are the children that there can be.
struct ForEachCheckerTests {
  private static func workflow(_ forEach: ForEach) -> WorkflowDefinition {
    var workflow = WorkflowDefinition(
      name: "w",
      steps: [
        StepDefinition(id: "a", command: .shell("true")),
        StepDefinition(id: "n", command: .program(["work", "${item}"]), needs: [0]),
      ], settings: [StepSettings()])
    workflow.give(StepExtras(outputs: [StepOutput(name: "list", type: .lines)]), toStep: 0)
    var extras = StepExtras()
    extras.forEach = forEach
    workflow.give(extras, toStep: 1)
    return workflow.withPossibleChildren
  }

  private static let overOutput = ForEach(over: .output(step: 0, place: 0), most: 3)

  private func fired(_ bodies: [Event.Body]...) -> Property? {
    fired(by: Self.overOutput, nil, bodies.flatMap(\.self))
  }

  private func fired(
    by forEach: ForEach, _ selection: ItemSelection? = nil, _ bodies: [Event.Body]
  ) -> Property? {
    let checker = ForEachChecker(Self.workflow(forEach), without: StepSet(), selection)
    return violation(in: bodies) { (event) throws(Violation) in try checker.learn(event) }?.property
  }

  private static func scheduled(_ step: Int32, _ number: Int32 = 1) -> Event.Body {
    .attemptScheduled(AttemptID(step: step, number: number))
  }

  /// The step has run, and put out that list.
  private static func put(_ list: String, _ number: Int32 = 1) -> [Event.Body] {
    let attempt = AttemptID(step: 0, number: number)
    let end = AttemptEnd(result: .exited(code: 0), cause: .byItself, durationMicroseconds: 1)
    return [
      .attemptScheduled(attempt),
      .outputsPublished(attempt, [OutputPart(output: 0, bytes: Array(list.utf8))]),
      .attemptEnded(attempt, end), .stepFinished(step: 0, .succeeded),
    ]
  }

  private static func expanded(_ count: Int32, added: Int32) -> [Event.Body] {
    [.stepExpanded(step: 1, .children(count: count, added: added))]
  }

  private static func ran(
    _ step: Int32, _ outcome: StepOutcome = .succeeded, _ number: Int32 = 1
  ) -> [Event.Body] {
    [scheduled(step, number), .stepFinished(step: step, outcome)]
  }

  private static func node(_ outcome: StepOutcome) -> [Event.Body] {
    [.stepFinished(step: 1, outcome)]
  }

  private static let reopened = [Event.Body.runReopened(ignoring: [], scope: .from(StepSet([0])))]
  private static let first =
    put("a\nb\n") + expanded(2, added: 2) + ran(2) + ran(3) + node(.succeeded)

  @Test func theNodeEndsExactlyWhenItsChildrenHave() {
    #expect(fired(Self.first) == nil)
    let begun = Self.put("a\nb\n") + Self.expanded(2, added: 2)
    #expect(fired(begun, Self.ran(2), Self.node(.succeeded)) == .forEach)
    #expect(fired(begun, Self.ran(2), Self.ran(3, .failed), Self.node(.succeeded)) == .forEach)
    #expect(fired(begun, Self.ran(2), Self.ran(3), Self.node(.failed)) == .forEach)
    #expect(fired(begun, Self.ran(2), Self.ran(3, .cancelled), Self.node(.cancelled)) == nil)
    #expect(fired(Self.put("a\n"), Self.node(.succeeded)) == .forEach)
  }

  @Test func theItemsAreThoseOfTheListAndKnownFirst() {
    #expect(fired(Self.put("a\nb\n"), Self.expanded(1, added: 1)) == .forEach)
    #expect(fired(Self.put("a\nb\n"), Self.expanded(2, added: 1)) == .forEach)
    #expect(fired(Self.put("a\n"), [Self.scheduled(2)]) == .forEach)
    #expect(fired(Self.put("a\n"), Self.expanded(1, added: 1), [Self.scheduled(3)]) == .forEach)
    let bad = [Event.Body.stepExpanded(step: 1, .fault(ItemFault(.repeated, 1)))]
    #expect(fired(Self.put("a\na\n"), bad, Self.node(.failed)) == nil)
    #expect(fired(Self.put("a\na\n"), bad, Self.node(.succeeded)) == .forEach)
    #expect(fired(Self.put("a\nb\n"), bad) == .forEach)
    #expect(fired(Self.put("a\nb\nc\nd\n"), Self.expanded(4, added: 4)) == .forEach)
    #expect(fired(Self.first, Self.expanded(2, added: 0)) == .forEach)
  }

  @Test func aChildIsItsKey() throws {
    // The same keys in another order, and one that is gone.
    let again = Self.reopened + Self.put("c\nb\n", 2) + Self.expanded(2, added: 1)
    let removed = [Event.Body.stepSkipped(step: 2, .removed)]
    #expect(fired(Self.first, again, removed, Self.ran(4), Self.node(.succeeded)) == nil)
    // What has succeeded runs again, what is gone runs, or what is there is removed.
    #expect(fired(Self.first, again, [Self.scheduled(3, 2)]) == .forEach)
    #expect(fired(Self.first, again, [Self.scheduled(2, 2)]) == .forEach)
    #expect(fired(Self.first, again, [.stepSkipped(step: 3, .removed)]) == .forEach)
    #expect(
      fired(Self.first, Self.reopened, Self.put("b\n", 2), Self.expanded(1, added: 1)) == .forEach)
  }

  @Test func aCommandIsToldItsItem() throws {
    let checker = ForEachChecker(Self.workflow(Self.overOutput))
    let events = Self.put("a\nb\n") + Self.expanded(2, added: 2)
    #expect(violation(in: events) { (event) throws(Violation) in try checker.learn(event) } == nil)
    func request(_ step: Int32, _ item: String, told: String? = nil) -> LaunchRequest {
      LaunchRequest(
        attempt: AttemptID(step: step, number: 1), intent: 1, arguments: ["work", item],
        environment: [EnvironmentVariable(name: "FLOW_ITEM", value: told ?? item)],
        workingDirectory: "/", outputPath: "", recordPath: "", settings: StepSettings())
    }
    try checker.checkSent(request(3, "b"))
    #expect(throws: Violation.self) { try checker.checkSent(request(3, "a")) }
    #expect(throws: Violation.self) { try checker.checkSent(request(3, "b", told: "a")) }
    #expect(throws: Violation.self) { try checker.checkSent(request(4, "a")) }
  }

  @Test func toleranceIsExact() {
    let forEach = ForEach(over: .literal(["a", "b", "c"]), tolerance: .count(1))
    let begun = Self.put("") + Self.expanded(3, added: 3)
    let one = begun + Self.ran(2, .failed)
    let two = one + Self.ran(3, .failed)
    let skipped = [Event.Body.stepSkipped(step: 4, .siblingsFailed)]
    #expect(
      fired(
        by: forEach, nil, [one, Self.ran(3), Self.ran(4), Self.node(.succeeded)].flatMap(\.self))
        == nil)
    #expect(fired(by: forEach, nil, [two, skipped, Self.node(.failed)].flatMap(\.self)) == nil)
    #expect(fired(by: forEach, nil, [one, skipped].flatMap(\.self)) == .forEach)
    #expect(
      fired(by: forEach, nil, [two, skipped, Self.node(.succeeded)].flatMap(\.self)) == .forEach)
    #expect(
      fired(by: forEach, nil, [one, Self.ran(3), Self.ran(4), Self.node(.failed)].flatMap(\.self))
        == .forEach)
  }

  @Test func whatIsLeftOutIsSkippedAndNothingElseIs() {
    let onlyA = ItemSelection(
      node: 1, hasOthers: false, named: [.init(key: "a", steps: StepSet([0]))])
    let begun = Self.put("a\nb\n") + Self.expanded(2, added: 2)
    let skipped = [Event.Body.stepSkipped(step: 3, .notSelected)]
    func fired(_ bodies: [Event.Body]...) -> Property? {
      self.fired(by: Self.overOutput, onlyA, bodies.flatMap(\.self))
    }
    #expect(fired(begun, skipped, Self.ran(2), Self.node(.succeeded)) == nil)
    #expect(fired(begun, Self.ran(3)) == .forEach)
    #expect(fired(begun, [.stepSkipped(step: 2, .notSelected)]) == .forEach)
    #expect(fired(begun, Self.ran(2), Self.node(.succeeded)) == .forEach)
    #expect(self.fired(begun, skipped) == .forEach)
    // What is named, and not in the list, fails the node.
    let fault = [Event.Body.stepExpanded(step: 1, .fault(ItemFault(.notInList, 0)))]
    #expect(fired(Self.put("b\n"), fault, Self.node(.failed)) == nil)
    #expect(fired(Self.put("b\n"), Self.expanded(1, added: 1)) == .forEach)
    #expect(fired(Self.put("a\n"), fault) == .forEach)
  }

  @Test func withoutItemsItEndsAsItSays() {
    let skipped = [Event.Body.stepSkipped(step: 1, .noItems)]
    let empty = Self.put("") + Self.expanded(0, added: 0)
    #expect(fired(empty, skipped) == nil)
    #expect(fired(empty, Self.node(.succeeded)) == .forEach)
    #expect(fired(Self.put("a\n"), Self.expanded(1, added: 1), skipped) == .forEach)
    let failing = ForEach(over: .output(step: 0, place: 0), whenEmpty: .fail)
    #expect(fired(by: failing, nil, [empty, Self.node(.failed)].flatMap(\.self)) == nil)
    #expect(fired(by: failing, nil, [empty, skipped].flatMap(\.self)) == .forEach)
  }
}
