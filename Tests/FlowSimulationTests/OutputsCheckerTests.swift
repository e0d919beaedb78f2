import FlowCore
import Testing

@testable import FlowRuntime
@testable import FlowSimulation

/// `outputs` fires when something is read that was not put out durably, or when what was put out is not
/// what the command wrote.
struct OutputsCheckerTests {
  private static let first = AttemptID(step: 0, number: 1)
  private static let outputs = [
    StepOutput(name: "list", type: .lines), StepOutput(name: "text", type: .string),
  ]
  private static let values = [Array("a\n".utf8), Array("v".utf8)]

  private static let workflow: WorkflowDefinition = {
    var workflow = WorkflowDefinition(
      name: "w",
      steps: [
        StepDefinition(id: "a", command: .program(["work", "0", "x"])),
        StepDefinition(
          id: "b", command: .program(["work", "1", "x", "${steps.a.text}"]), needs: [0]),
      ], settings: [StepSettings()])
    workflow.give(StepExtras(outputs: outputs), toStep: 0)
    workflow.hasTemplates = true
    return workflow
  }()

  private static let published = Event.Body.outputsPublished(
    first, [OutputPart(output: 0, bytes: values[0]), OutputPart(output: 1, bytes: values[1])])

  private static func ended(_ refusal: OutputRefusal? = nil) -> Event.Body {
    var end = AttemptEnd(result: .exited(code: 0), cause: .byItself, durationMicroseconds: 1)
    end.refusal = refusal
    return .attemptEnded(first, end)
  }

  /// - Parameter put: what the command has really put out, and what is wrong with it.
  private func fired(
    _ bodies: [Event.Body], put: [[UInt8]] = values, _ fault: OutputFault? = nil,
    launching arguments: [String]? = nil, with inputs: [[UInt8]]? = nil
  ) -> Violation? {
    let checker = OutputsChecker(Self.workflow)
    var ledger = Ledger()
    let now = WorldTime(microseconds: 0)
    let entry = ledger.forked(Self.first, life: 1, at: now)
    ledger.commandStarted(entry, at: now)
    ledger.putOut(entry, put, fault)
    let found = violation(in: [.attemptScheduled(Self.first)] + bodies) {
      (event) throws(Violation) in
      try checker.learn(event, ledger)
    }
    if let found { return found }
    guard let arguments else { return nil }
    var request = LaunchRequest(
      attempt: AttemptID(step: 1, number: 1), intent: 1, arguments: arguments, environment: [],
      workingDirectory: "/", outputPath: "/o", recordPath: "/r", settings: StepSettings())
    if let inputs {
      request.inputs = LaunchInputs(
        folder: "/i",
        steps: [
          .init(
            id: "a", folder: "/v",
            values: inputs.enumerated().map { .init(name: "\($0)", bytes: $1) })
        ])
    }
    do throws(Violation) { try checker.checkSent(request) } catch { return error }
    return nil
  }

  @Test func whatIsDurableMayBeRead() {
    #expect(
      fired([Self.published, Self.ended()], launching: ["work", "1", "x", "v"], with: Self.values)
        == nil)
    #expect(fired([Self.ended(OutputRefusal(.missing, "list"))], .missing) == nil)
    // The disk refused the copy.
    #expect(fired([Self.ended(OutputRefusal(.uncollected, ""))]) == nil)
  }

  private func fired(_ bodies: [Event.Body], _ fault: OutputFault?) -> Violation? {
    fired(bodies, put: Self.values, fault)
  }

  @Test func whatIsReadTooEarlyFires() {
    #expect(fired([Self.published], launching: ["work", "1", "x", "v"])?.property == .outputs)
    #expect(
      fired([Self.published, Self.ended()], launching: ["work", "1", "x", "old"])?.property
        == .outputs)
    #expect(
      fired(
        [Self.published, Self.ended()], launching: ["work", "1", "x", "v"], with: [[], []])?
        .property == .outputs)
    // It runs again, and what it had put out no longer holds.
    let again = AttemptID(step: 0, number: 2)
    #expect(
      fired(
        [Self.published, Self.ended(), .attemptScheduled(again)],
        launching: ["work", "1", "x", "v"])?.property == .outputs)
  }

  @Test func whatTheCommandDidNotWriteFires() {
    #expect(
      fired([Self.published, Self.ended()], put: [[], Self.values[1]])?.property == .outputs)
    #expect(fired([Self.ended()])?.property == .outputs)
    #expect(fired([Self.published, Self.ended()], .notText)?.property == .outputs)
    #expect(fired([Self.ended(OutputRefusal(.missing, "x"))], .notText)?.property == .outputs)
    #expect(fired([Self.ended(OutputRefusal(.missing, "x"))])?.property == .outputs)
  }

  @Test func outputsOfAFailureFire() {
    let failed = Event.Body.attemptEnded(
      Self.first, AttemptEnd(result: .exited(code: 1), cause: .byItself, durationMicroseconds: 1))
    #expect(fired([Self.published, failed])?.property == .outputs)
    let late = Event.Body.outputsPublished(Self.first, [OutputPart(output: 1, bytes: [])])
    #expect(fired([late])?.property == .outputs)
  }
}
