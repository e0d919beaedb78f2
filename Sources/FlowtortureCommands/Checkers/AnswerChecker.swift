import FlowSystem

/// Checks `Property.answers` by what the processes that answered were told.
struct AnswerChecker {
  /// A question from the moment at which it was asked.
  private struct Question {
    let step: String
    let askedAt: Int
    var answer: RecordedAnswer?
    var hasExpired = false
    /// When it was answered, its time had passed, or something ended the wait.
    var endedAt: Int?
    var isOpen = true

    /// - Returns: whether a process has answered this one, if any.
    func covers(_ command: CommandRecord) -> Bool {
      command.answer?.step == step && command.startedAt >= askedAt
        && command.startedAt <= endedAt ?? .max
    }
  }

  private let record: RoundRecord
  private var questions: [Question] = []
  private var problems: [String] = []

  static func check(_ record: RoundRecord) -> [String] {
    let steps = record.plan.steps.filter { $0.question != nil }
    if steps.isEmpty { return [] }
    var checker = AnswerChecker(record: record)
    var phase = RunPhase(record.plan)
    for event in record.history {
      phase.take(event.body)
      checker.take(event, phase)
    }
    let ids = Set(steps.map(\.id))
    return checker.problems + checker.questions.flatMap(checker.firsts)
      + checker.commands.flatMap(checker.check)
      + record.processesOfQuestions.map { "a step that asks has a process: \($0)" }
      + record.ledger.filter { ids.contains($0.attempt.step) }.map {
        "\($0.attempt) asks, and ran (\($0.what))"
      }
  }

  private init(record: RoundRecord) {
    self.record = record
  }

  // MARK: The history

  private mutating func take(_ event: HistoryEvent, _ phase: RunPhase) {
    switch event.body {
    case .scheduled(let attempt) where record.plan.step(attempt.step)?.question != nil:
      problems.append("\(attempt) was scheduled, and its step asks")
    case .asked(let step):
      if questions.contains(where: { $0.step == step && $0.isOpen }) {
        problems.append("\(step) asks twice at once")
      }
      questions.append(Question(step: step, askedAt: event.microseconds))
    case .answered(let step, let answer):
      guard let place = open(step, "answered"), isUnsettled(place) else { return }
      (questions[place].answer, questions[place].endedAt) = (answer, event.microseconds)
    case .timePassed(let step, timer: "question"):
      guard let place = open(step, "expired"), isUnsettled(place) else { return }
      (questions[place].hasExpired, questions[place].endedAt) = (true, event.microseconds)
      checkTime(questions[place], event)
    case .stepFinished(let step, let outcome) where record.plan.step(step)?.question != nil:
      guard let place = open(step, outcome) else { return }
      questions[place].isOpen = false
      questions[place].endedAt = questions[place].endedAt ?? event.microseconds
      let expected = outcomes(questions[place], phase)
      if !expected.contains(outcome) {
        problems.append("\(step) \(outcome), and what was said makes it \(expected)")
      }
    default: break
    }
  }

  private mutating func open(_ step: String, _ what: String) -> Int? {
    let place = questions.lastIndex { $0.step == step && $0.isOpen }
    if place == nil { problems.append("\(step) \(what), and asks nothing") }
    return place
  }

  private mutating func isUnsettled(_ place: Int) -> Bool {
    let isUnsettled = questions[place].answer == nil && !questions[place].hasExpired
    if !isUnsettled { problems.append("\(questions[place].step) has two answers") }
    return isUnsettled
  }

  private func outcomes(_ question: Question, _ phase: RunPhase) -> [String] {
    if let answer = question.answer {
      return [answer.verdict == "approved" ? "succeeded" : "failed"]
    }
    if question.hasExpired {
      let otherwise = record.plan.step(question.step)?.question?.otherwise
      return [otherwise == .approve ? "succeeded" : "failed"]
    }
    return phase.hasStopped ? ["cancelled"] : []
  }

  /// The time for an answer goes on while no engine does.
  private mutating func checkTime(_ question: Question, _ event: HistoryEvent) {
    guard let timeout = record.plan.step(question.step)?.question?.timeout else {
      problems.append("\(question.step) has no time that could pass")
      return
    }
    let due = question.askedAt + timeout * 1_000
    let lives = record.history.prefix { $0.sequence < event.sequence }.filter {
      if case .engineStarted = $0.body { true } else { false }
    }
    let latest = max(due, lives.last?.microseconds ?? 0) + record.slackMicroseconds
    if event.microseconds < due - tolerance || event.microseconds > latest && !record.hadShortage {
      problems.append(
        "the time of \(question.step) passed \(event.microseconds - due) us after it was over")
    }
  }

  /// A new boot has only the wall clock to tell how much of the time for an answer is left.
  private var tolerance: Int { record.cuts.isEmpty ? 0 : 50_000 }

  // MARK: Those who answered

  private var commands: [CommandRecord] { record.commands.filter { $0.answer != nil } }

  private func given(_ answer: RecordedAnswer) -> CommandRecord? {
    commands.first { $0.answer?.note == answer.note }
  }

  /// When the time for an answer passes; nil if it never does.
  private func due(_ question: Question) -> Int? {
    record.plan.step(question.step)?.question?.timeout.map { question.askedAt + $0 * 1_000 }
  }

  /// The one that counted was the first and came in time, and where there was such a one it counted.
  private func firsts(_ question: Question) -> [String] {
    let left = commands.filter { $0.isLeft && question.covers($0) }
    guard let answer = question.answer else {
      guard question.hasExpired, let due = due(question) else { return [] }
      return left.filter { $0.endedAt ?? .max < due }.map {
        "\($0.answer?.note ?? "") was left before the time of \(question.step) had passed, and does not count"
      }
    }
    guard let counted = given(answer), counted.answer?.step == question.step,
      counted.answer?.recorded == answer
    else { return ["\(question.step) has an answer that no process gave: \(answer)"] }
    if let due = due(question), counted.startedAt > due + tolerance {
      return ["\(answer.note) counts for \(question.step), whose time had passed before"]
    }
    return left.filter { $0.endedAt ?? .max < counted.startedAt }.map {
      "\(answer.note) counts for \(question.step), and \($0.answer?.note ?? "") was there before"
    }
  }

  /// Who was told that the answer counts, is kept or is refused, was told the truth.
  private func check(_ command: CommandRecord) -> [String] {
    guard let answer = command.answer, case .exit(let code) = command.ending else { return [] }
    let counts = questions.count { $0.answer?.note == answer.note }
    let others = commands.filter { $0.answer?.note != answer.note }
    // Open all the while, as everybody could see.
    let open = questions.first {
      $0.step == answer.step && $0.askedAt + record.slackMicroseconds < command.startedAt
        && command.endedAt ?? .max < $0.endedAt ?? .max
    }
    switch code {
    case 0: return counts == 1 ? [] : ["\(answer.note) was told to count, and does \(counts) times"]
    case 2 where counts > 0: return ["\(answer.note) was refused, and counts"]
    case 2:
      guard let open, !record.hadShortage, !command.sawRunMissing,
        command.endedAt ?? .max < due(open) ?? .max
      else { return [] }
      let isFirst = !others.contains {
        open.covers($0) && $0.startedAt < command.endedAt ?? .max && $0.ending != .exit(2)
      }
      return isFirst
        ? ["\(answer.note) was refused, and is the first to \(answer.step): \(command.errors)"] : []
    case 4:
      guard let open else { return [] }
      return others.filter {
        $0.isLeft && open.covers($0) && $0.endedAt ?? .max < command.startedAt
      }
      .map { "\(answer.note) is kept, and \($0.answer?.note ?? "") was there before" }
    default: return []
    }
  }
}

extension CommandRecord {
  /// Whether its answer was there, for certain, when it ended.
  fileprivate var isLeft: Bool { ending == .exit(0) || ending == .exit(4) }
}

extension RoundRecord {
  /// Whether what is recorded may have had to wait before it could be seen.
  fileprivate var hadShortage: Bool { wasDiskFull || wasLimited || !cuts.isEmpty }
}
