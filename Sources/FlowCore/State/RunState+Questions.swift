/// What is asked of people, and what came of it.
package struct AskedQuestion: Equatable, Sendable {
  /// The number of the event that asked.
  package let sequence: Int64
  package let askedAt: Moment
  /// When the time for an answer passes, as the wall clock says; nil if it never does.
  package fileprivate(set) var deadline: WallTime?
  /// Nil before it was answered, and where it was not.
  package fileprivate(set) var answer: Answer?
  /// When the answer was recorded, or the time for one had passed.
  package fileprivate(set) var endedAt: Moment?
  /// Whether the time for an answer had passed before there was one.
  package fileprivate(set) var hasExpired = false
}

/// The questions of a run.
struct Questions: Equatable, Sendable {
  /// By step, what was asked last, in this round or in one whose answer stands.
  private(set) var asked: [Int32: AskedQuestion] = [:]
  /// Steps that are ready to ask.
  var due = WorkQueue<Int32>()
  /// Steps that were approved, and must be again before anything that needs them runs.
  var stale: Set<Int32> = []

  mutating func ask(_ step: Int32, for milliseconds: Int64?, _ event: Event) {
    let deadline = milliseconds.map { event.moment.wall.advanced(byMilliseconds: $0) }
    asked[step] = AskedQuestion(
      sequence: event.sequence, askedAt: event.moment, deadline: deadline)
  }

  /// The wall clock was set, which makes no time for an answer longer or shorter.
  mutating func clockJumped(byMicroseconds microseconds: Int64) {
    for step in asked.keys where asked[step]?.endedAt == nil {
      asked[step]?.deadline?.microseconds &+= microseconds
    }
  }

  mutating func answered(_ step: Int32, _ answer: Answer, at moment: Moment) {
    asked[step]?.answer = answer
    asked[step]?.endedAt = moment
  }

  mutating func expired(_ step: Int32, at moment: Moment) {
    asked[step]?.hasExpired = true
    asked[step]?.endedAt = moment
  }

  /// The step asks again in another round.
  mutating func drop(_ step: Int32) { asked[step] = nil }
}

extension RunState {
  // MARK: Events

  mutating func asked(_ step: Int32, _ event: Event) throws(HistoryError) {
    try change(step, event, .asked)
    try Self.take(step, from: &questions.due, event)
    let timeout = definition.question(ofStep: Int(step))?.timeoutMilliseconds
    questions.ask(step, for: timeout, event)
    guard let timeout else { return }
    timers.arm(
      .question(step: step), at: event.moment.monotonic.advanced(byMilliseconds: timeout))
  }

  mutating func answered(
    _ step: Int32, _ answer: Answer, _ event: Event
  ) throws(HistoryError) {
    guard takes(answer, ofStep: step) else { throw HistoryError(event, .misplaced) }
    try change(step, event, .answered(answer.verdict == .approved ? .succeeded : .failed))
    questions.answered(step, answer, at: event.moment)
    timers.remove(question: step)
    outputs.give(answer.values, ofStep: step, number: steps[Int(step)].attempt)
    undecided.append(step)
  }

  // MARK: Queries

  /// What the step has asked last; nil before it asks in this round.
  package func asked(byStep step: Int) -> AskedQuestion? { questions.asked[Int32(step)] }

  /// Steps that wait for an answer, in the order of the definition.
  package var askingSteps: [Int] {
    questions.asked.keys.map { Int($0) }.filter { steps[$0].phase == .asking }.sorted()
  }

  /// When the time for an answer passes; nil if it never does, or the step does not ask.
  package func answerDeadline(ofStep step: Int) -> Instant? {
    guard steps[step].phase == .asking else { return nil }
    return timers.deadline(ofQuestion: Int32(step))
  }

  /// Whether the time for an answer has passed for a step that asks, and no timer says so yet.
  package func hasExpiredQuestion(at now: Instant) -> Bool {
    askingSteps.contains { answerDeadline(ofStep: $0).map { $0 <= now } ?? false }
  }

  /// Whether the answer was given when the time for one had passed. It can be read as late as a new engine
  /// begins: what was given in time counts then, and nothing else does.
  package func isLate(_ answer: Answer, ofStep step: Int32, at now: Instant) -> Bool {
    guard let limit = answerDeadline(ofStep: Int(step)), limit <= now,
      let deadline = questions.asked[step]?.deadline
    else { return false }
    return answer.givenAt >= deadline
  }

  /// Whether the answer is one to what the step asks right now.
  package func takes(_ answer: Answer, ofStep step: Int32) -> Bool {
    guard steps.indices.contains(Int(step)), steps[Int(step)].phase == .asking,
      questions.asked[step]?.sequence == answer.asked
    else { return false }
    do throws(AnswerFault) { try definition.check(answer, ofStep: Int(step)) } catch {
      return false
    }
    return true
  }

  func isApproved(_ step: Int) -> Bool {
    steps[step].phase == .succeeded && definition.question(ofStep: step) != nil
  }

  /// Whether the step was approved before something that it needs has run again.
  package func isStale(_ step: Int) -> Bool { questions.stale.contains(Int32(step)) }
}

extension EventWording {
  /// What came of a question: `approve rejected by user 1000`.
  package func text(_ asked: AskedQuestion, ofStep step: Int32) -> String {
    if let answer = asked.answer { return text(.answered(step: step, answer)) }
    return asked.hasExpired
      ? "\(id(step)) was not answered in time" : "\(id(step)) was not answered"
  }
}
