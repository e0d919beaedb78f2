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

  private static let start = AnswersChecker.Reading(WorldTime(microseconds: 0))

  private func checker(_ tried: [Answer] = [answer()]) -> AnswersChecker {
    let checker = AnswersChecker(Self.workflow)
    for answer in tried { checker.tries(FiledAnswer(step: 1, answer), at: Self.start) }
    return checker
  }

  private func fired(
    _ bodies: [Event.Body], tried: [Answer] = [answer()]
  ) -> Violation? {
    let checker = checker(tried)
    return violation(in: bodies) { (event) throws(Violation) in
      try checker.learn(event, at: Self.start, decided: nil)
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

  /// A minute is over at 60 s, whenever an engine reads what was given.
  @Test func whatWasGivenInTimeCountsAndNothingElse() {
    func ends(
      _ end: Event.Body, givenAt seconds: Int64, clock: Int64 = 0, isKnown: Bool = true
    ) -> Violation? {
      let given = AnswersChecker.Reading(
        WorldTime(microseconds: seconds * 1_000_000), clock: clock)
      let checker = AnswersChecker(Self.workflow)
      let filed = FiledAnswer(step: 1, Self.answer())
      do throws(Violation) {
        for (index, body) in (Self.asked + [end]).enumerated() {
          if index == 3 {
            checker.tries(filed, at: given)
            checker.left(filed, at: given)
          }
          let now = index < 3 ? Self.start : .init(WorldTime(microseconds: 99_000_000))
          try checker.learn(
            Event(
              sequence: Int64(index) + 1,
              moment: Moment(
                monotonic: Instant(microseconds: now.time.microseconds),
                wall: WallTime(microseconds: now.time.microseconds)),
              startsWakeUp: true, body: body), at: now, decided: isKnown ? now : nil)
        }
        return nil
      } catch {
        return error
      }
    }
    let (counts, expires) = (
      Event.Body.answered(step: 1, Self.answer()), Event.Body.timerFired(.question(step: 1))
    )
    #expect(ends(counts, givenAt: 59) == nil)
    #expect(ends(counts, givenAt: 60)?.property == .answers)
    #expect(ends(expires, givenAt: 60) == nil)
    #expect(ends(expires, givenAt: 59)?.property == .answers)
    // Somebody has set the clock, or it is unknown when it was asked.
    #expect(ends(counts, givenAt: 60, clock: 1) == nil)
    #expect(ends(expires, givenAt: 59, clock: 1) == nil)
    #expect(ends(counts, givenAt: 60, isKnown: false) == nil)
  }

  @Test func whatNeedsItRunsOnADurableApproval() throws {
    let checker = checker()
    #expect(
      violation(in: Self.asked) { (event) throws(Violation) in
        try checker.learn(event, at: Self.start, decided: nil)
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
          startsWakeUp: true, body: body), at: Self.start, decided: nil)
    }
    try checker.checkSent(2)
  }

  @Test func whatWasLeftIsDurable() {
    let filed = FiledAnswer(step: 1, Self.answer())
    #expect(throws: Violation.self) { try AnswersChecker.check(filed, among: []) }
    #expect(throws: Never.self) { try AnswersChecker.check(filed, among: [filed]) }
  }
}
