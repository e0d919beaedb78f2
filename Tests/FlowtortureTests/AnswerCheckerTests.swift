import FlowSystem
import FlowtortureCommands
import Testing

/// What torture says of questions, and of notices that depend on time and on what was before.
struct AnswerCheckerTests {
  private typealias Sample = SampleRound
  private var sample: SampleRound

  /// `q` asks after `a`, and `b` needs it. Its approval gives a value.
  init() {
    sample = SampleRound()
    var q = StepPlan(id: "q")
    q.needs = [0]
    q.question = QuestionPlan()
    q.question?.hasField = true
    q.hasOutput = true
    sample.record.plan.steps.append(q)
    sample.record.plan.steps[1].needs = [2]
    sample.insert(
      at: 11, (39_000, .asked("q")),
      (5_000_000, .answered("q", RecordedAnswer("approved", note: "n1", value: "n1"))),
      (5_000_000, .stepFinished("q", outcome: "succeeded")))
    for place in 14...17 {
      sample.replace(place, at: 5_100_000, sample.record.history[place - 1].body)
    }
    sample.record.ledger.removeAll { $0.attempt == Sample.b1 }
    sample.record.ledger += [
      LedgerLine(5_100_100, .start, Sample.b1),
      LedgerLine(5_100_200, .took(step: "q", value: "n1"), Sample.b1),
      LedgerLine(5_100_300, .exit(code: 0), Sample.b1),
    ]
    sample.record.status = StatusReport(
      state: "succeeded",
      steps: sample.record.status.steps + [.init("q", "succeeded")])
    answer("n1", from: 4_900_000, to: 5_000_100)
  }

  private mutating func answer(
    _ note: String, from start: Int, to end: Int, exit code: Int = 0, approves: Bool = true
  ) {
    var command = CommandRecord(.answer, process: 30, startedAt: start)
    command.endedAt = end
    command.ending = .exit(code)
    command.answer = GivenAnswer(
      "q", approves: approves, note: note, value: approves ? note : nil)
    sample.record.commands.append(command)
  }

  private var violates: Bool { sample.violated.contains(.answers) }

  @Test func anAnswerHolds() {
    #expect(sample.violations == [])
  }

  // MARK: The history

  @Test mutating func twoAnswers() {
    sample.insert(at: 13, (5_000_000, .answered("q", RecordedAnswer("rejected", note: "n2"))))
    #expect(violates)
  }

  @Test mutating func anAnswerOfNobody() {
    sample.replace(12, .answered("q", RecordedAnswer("approved", note: "n3", value: "n3")))
    #expect(violates)
  }

  @Test mutating func anotherAnswerThanWasGiven() {
    sample.replace(12, .answered("q", RecordedAnswer("rejected", note: "n1")))
    #expect(violates)
  }

  @Test mutating func aRejectionThatSucceeds() {
    sample.record.commands.removeLast()
    answer("n1", from: 4_900_000, to: 5_000_100, approves: false)
    sample.replace(12, .answered("q", RecordedAnswer("rejected", note: "n1")))
    #expect(violates)
    sample.replace(13, .stepFinished("q", outcome: "failed"))
    #expect(!violates)
  }

  @Test mutating func aValueThatNobodyGave() {
    let other = LedgerLine(5_100_200, .took(step: "q", value: "n2"), Sample.b1)
    sample.record.ledger[sample.record.ledger.count - 2] = other
    #expect(sample.violated == [.values])
  }

  @Test mutating func anEndWithoutAnAnswer() {
    sample.remove(12...12)
    #expect(violates)
  }

  @Test mutating func aQuestionThatRuns() {
    let q1 = AttemptName("q", 1)
    sample.record.ledger.append(LedgerLine(50_000, .start, q1))
    #expect(violates)
    sample.record.ledger.removeLast()
    sample.insert(at: 12, (40_000, .scheduled(q1)))
    #expect(violates)
    sample.remove(12...12)
    #expect(!violates)
    sample.record.processesOfQuestions = ["q@1"]
    #expect(violates)
  }

  // MARK: Time

  /// Nobody answers, and the time passes then.
  private mutating func pass(at microseconds: Int, otherwise: QuestionPlan.Otherwise = .approve) {
    sample.record.plan.steps[2].question?.timeout = 4_000
    sample.record.plan.steps[2].question?.otherwise = otherwise
    sample.replace(12, at: microseconds, .timePassed("q", timer: "question"))
    sample.record.commands.removeLast()
  }

  @Test mutating func timeCountsAsItSays() {
    pass(at: 4_039_000)
    #expect(!violates)
    pass(at: 4_039_000, otherwise: .reject)
    #expect(violates)
  }

  @Test(arguments: [4_038_000, 8_000_000]) mutating func timePassesWhenItIsOver(at: Int) {
    pass(at: at)
    #expect(violates)
  }

  @Test mutating func anAnswerInTimeCounts() {
    pass(at: 4_039_000)
    answer("n2", from: 3_900_000, to: 4_000_000, exit: 4)
    #expect(violates)
    // This one was too late, perhaps.
    sample.record.commands[1].endedAt = 4_100_000
    #expect(!violates)
  }

  /// It is 39 ms after 4 s when its time is over.
  @Test mutating func anAnswerThatIsTooLateDoesNotCount() {
    sample.record.plan.steps[2].question?.timeout = 4_000
    sample.record.commands[1].startedAt = 4_038_000
    #expect(!violates)
    sample.record.commands[1].startedAt = 4_040_000
    #expect(violates)
    pass(at: 4_039_000)
    answer("n2", from: 4_040_000, to: 4_050_000, exit: 2)
    #expect(!violates)
  }

  // MARK: Those who answer

  @Test mutating func theFirstOneCounts() {
    answer("n2", from: 4_000_000, to: 4_100_000, exit: 4)
    #expect(violates)
    sample.record.commands.removeLast()
    // It may have been there later.
    answer("n2", from: 4_000_000, to: 4_950_000, exit: 4)
    #expect(!violates)
  }

  @Test mutating func whoIsToldThatItCountsIsToldTheTruth() {
    answer("n2", from: 4_950_000, to: 5_000_100)
    #expect(violates)
  }

  @Test mutating func whoIsRefusedIsToldTheTruth() {
    sample.record.commands[1].ending = .exit(2)
    #expect(violates)
  }

  @Test mutating func aRefusalHasAReason() {
    // Another one was there.
    answer("n2", from: 4_950_000, to: 4_990_000, exit: 2)
    #expect(!violates)
    // Nobody was.
    sample.record.commands.removeLast()
    answer("n2", from: 3_000_000, to: 3_100_000, exit: 2)
    #expect(violates)
    // Not all could see that it is asked.
    sample.record.commands.removeLast()
    answer("n2", from: 1_000_000, to: 1_100_000, exit: 2)
    #expect(!violates)
  }

  @Test mutating func nothingIsKeptBehindAnother() {
    sample.record.commands[1].startedAt = 3_000_000
    sample.record.commands[1].endedAt = 3_100_000
    sample.record.commands[1].ending = .exit(4)
    answer("n2", from: 3_200_000, to: 3_300_000, exit: 4)
    #expect(violates)
    sample.record.commands.removeLast()
    answer("n2", from: 3_200_000, to: 3_300_000, exit: 2)
    #expect(!violates)
  }
}
