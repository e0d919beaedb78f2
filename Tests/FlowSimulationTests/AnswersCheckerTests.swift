import FlowCore
import FlowRuntime
import Testing

@testable import FlowSimulation

/// `a`, then `q` which asks for a minute, then `b`.
struct AnswersCheckerTests {
  private static let workflow: WorkflowDefinition = {
    var workflow = WorkflowDefinition(
      name: "w",
      steps: [("a", []), ("q", [0]), ("b", [1])].map {
        StepDefinition(id: $0.0, command: .shell("true"), needs: $0.1)
      },
      settings: [StepSettings()])
    workflow.steps[1].command = .shell("")
    workflow.give(
      StepExtras(
        question: Question(text: "?", timeoutMilliseconds: 60_000, otherwise: .approve)), toStep: 1)
    return workflow
  }()

  private static let done: [Event.Body] = [
    .attemptScheduled(AttemptID(step: 0, number: 1)), .stepFinished(step: 0, .succeeded),
  ]
  /// The event 3.
  private static let asked = done + [.asked(step: 1)]

  private static func answer(_ verdict: Verdict = .approved, id: UInt64 = 1, asked: Int64 = 3)
    -> Answer
  {
    Answer(id: id, asked: asked, verdict, by: SimulatedStorage.owner)
  }

  private func checker(_ tried: [Answer] = [answer()]) -> AnswersChecker {
    let checker = AnswersChecker(Self.workflow)
    for answer in tried { checker.tries(FiledAnswer(step: 1, answer)) }
    return checker
  }

  private func fired(
    _ bodies: [Event.Body], tried: [Answer] = [answer()]
  ) -> Violation? {
    let checker = checker(tried)
    return violation(in: bodies) { (event) throws(Violation) in
      try checker.learn(event, at: WorldTime(microseconds: 0), notice: nil)
    }
  }

  @Test func anAnswerThatCountsHolds() {
    #expect(
      fired(
        Self.asked + [.answered(step: 1, Self.answer()), .stepFinished(step: 1, .succeeded)]) == nil
    )
    #expect(
      fired(
        Self.asked + [.answered(step: 1, Self.answer(.rejected)), .stepFinished(step: 1, .failed)],
        tried: [Self.answer(.rejected)]) == nil)
    #expect(fired(Self.asked + [.stepFinished(step: 1, .cancelled)]) == nil)
  }

  @Test func nobodyHasSaidSo() {
    #expect(
      fired(Self.asked + [.answered(step: 1, Self.answer())], tried: [])?.property == .answers)
    #expect(
      fired(Self.asked + [.answered(step: 1, Self.answer())], tried: [Self.answer(.rejected)])?
        .property
        == .answers)
    #expect(
      fired(
        Self.asked + [.answered(step: 1, Self.answer(asked: 2))], tried: [Self.answer(asked: 2)])?
        .property == .answers)
    #expect(fired(Self.asked + [.stepFinished(step: 1, .succeeded)])?.property == .answers)
    #expect(
      fired(Self.asked + [.answered(step: 1, Self.answer()), .stepFinished(step: 1, .failed)])?
        .property
        == .answers)
  }

  @Test func theFirstOneCounts() {
    let second = Self.answer(.rejected, id: 2)
    #expect(
      fired(
        Self.asked + [.answered(step: 1, Self.answer()), .answered(step: 1, second)],
        tried: [Self.answer(), second])?.property == .answers)
  }

  @Test func itAsksOnceAndWhenItsNeedsHaveEnded() {
    #expect(fired([.asked(step: 1)])?.property == .answers)
    #expect(fired(Self.asked + [.asked(step: 1)])?.property == .answers)
    #expect(
      fired(Self.asked + [.attemptScheduled(AttemptID(step: 1, number: 1))])?.property == .answers)
    #expect(fired([.asked(step: 0)])?.property == .answers)
  }

  @Test func timePassesNotTooEarly() {
    #expect(fired(Self.asked + [.timerFired(.question(step: 1))])?.property == .answers)
  }

  /// Where the engine had the time to look.
  @Test func anAnswerThatWasLeftComesBeforeTheTime() throws {
    func expires(leftAt: Int64, notice: Int64?) -> Violation? {
      let checker = checker()
      do throws(Violation) {
        for (index, body) in Self.asked.enumerated() {
          try checker.learn(
            Event(
              sequence: Int64(index) + 1,
              moment: Moment(
                monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0)),
              startsWakeUp: true, body: body), at: WorldTime(microseconds: 0), notice: notice)
        }
        checker.left(
          FiledAnswer(step: 1, Self.answer()), at: WorldTime(microseconds: leftAt))
        let end = Event(
          sequence: 4,
          moment: Moment(
            monotonic: Instant(microseconds: 60_000_000),
            wall: WallTime(microseconds: 60_000_000)),
          startsWakeUp: true, body: .timerFired(.question(step: 1)))
        try checker.learn(end, at: WorldTime(microseconds: 60_000_000), notice: notice)
        return nil
      } catch {
        return error
      }
    }
    #expect(expires(leftAt: 50_000_000, notice: 1_000_000)?.property == .answers)
    #expect(expires(leftAt: 59_500_000, notice: 1_000_000) == nil)
    #expect(expires(leftAt: 50_000_000, notice: nil) == nil)
  }

  @Test func whatNeedsItRunsOnADurableApproval() throws {
    let checker = checker()
    #expect(
      violation(in: Self.asked) { (event) throws(Violation) in
        try checker.learn(event, at: WorldTime(microseconds: 0), notice: nil)
      } == nil)
    #expect(throws: Violation.self) { try checker.checkSent(2) }
    var sequence: Int64 = 3
    for body in [.answered(step: 1, Self.answer()), .stepFinished(step: 1, .succeeded)]
      as [Event.Body]
    {
      sequence += 1
      try checker.learn(
        Event(
          sequence: sequence,
          moment: Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0)),
          startsWakeUp: true, body: body), at: WorldTime(microseconds: 0), notice: nil)
    }
    try checker.checkSent(2)
  }

  @Test func whatWasLeftIsDurable() {
    let filed = FiledAnswer(step: 1, Self.answer())
    #expect(throws: Violation.self) { try AnswersChecker.check(filed, among: []) }
    #expect(throws: Never.self) { try AnswersChecker.check(filed, among: [filed]) }
  }
}
