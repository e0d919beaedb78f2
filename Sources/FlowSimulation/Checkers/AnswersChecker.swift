import FlowCore
import FlowRuntime

/// Of the answers to a question the first counts, exactly once and as it was given. A step that asks ends as
/// approved or rejected by an answer that somebody gave to that very question, or when its time has passed,
/// and no command runs on an approval before that is durable. An answer that was left is not lost: an
/// engine that had the time to look has it before the time for one passes.
final class AnswersChecker {
  private struct Asked {
    let sequence: Int64
    /// When the time for an answer passes, by the clock of this boot; nil if it never does.
    var deadline: Instant?
    /// How the step must end; nil while that is open.
    var outcome: StepOutcome?
  }

  private struct Left {
    let filed: FiledAnswer
    let time: WorldTime
  }

  private let definition: WorkflowDefinition
  private let selected: SelectedSteps
  private var ends: StepEnds
  private let hasQuestions: Bool
  /// By step, what is asked now.
  private var asked: [Int32: Asked] = [:]
  /// Steps whose approval is durable.
  private var approved: Set<Int32> = []
  /// By id, what somebody has tried to leave; and what is left for certain.
  private var tried: [UInt64: FiledAnswer] = [:]
  private var left: [Left] = []
  /// Ids of answers that the history has.
  private var taken: Set<UInt64> = []
  private var bootID: String?
  private var lastMoment: Moment?

  init(_ definition: WorkflowDefinition, without unselected: StepSet = StepSet()) {
    self.definition = definition
    selected = SelectedSteps(definition, without: unselected)
    ends = StepEnds(selected)
    hasQuestions = definition.steps.indices.contains { definition.question(ofStep: $0) != nil }
  }

  func tries(_ filed: FiledAnswer) { tried[filed.answer.id] = filed }

  func left(_ filed: FiledAnswer, at now: WorldTime) {
    left.append(Left(filed: filed, time: now))
  }

  /// - Parameter durable: what would be there if the machine lost power now.
  static func check(
    _ filed: FiledAnswer, among durable: [FiledAnswer]
  ) throws(Violation) {
    if durable.contains(where: { $0.answer.id == filed.answer.id && $0.step == filed.step }) {
      return
    }
    throw Violation(
      .answers,
      "answer \(filed.answer.id) was left, its maker was told so, and a crash can take it")
  }

  /// Takes in an event that is durable.
  ///
  /// - Parameters:
  ///   - now: when it was decided, or where that is unknown when it became durable.
  ///   - notice: how long an engine may take to look for answers, in microseconds; nil where it may not have
  ///     had the time.
  func learn(_ event: Event, at now: WorldTime, notice: Int64?) throws(Violation) {
    if !hasQuestions { return }
    ends.learn(event.body)
    switch event.body {
    case .engineStarted(let engine): began(engine, event.moment)
    case .asked(let step): try asks(step, event)
    case .answered(let step, let answer): try answers(step, answer)
    case .timerFired(.question(let step)):
      try expires(step, event.moment.monotonic, at: now, notice: notice)
    case .attemptScheduled(let attempt):
      if definition.question(ofStep: Int(attempt.step)) != nil {
        throw Violation(.answers, "\(id(attempt.step)) asks, and has an attempt")
      }
    case .stepFinished(let step, let outcome): try finishes(step, outcome)
    case .runReopened:
      asked = [:]
      for index in definition.steps.indices where ends.runsAgain[index] {
        approved.remove(Int32(index))
      }
    default: break
    }
    lastMoment = event.moment
  }

  private func asks(_ step: Int32, _ event: Event) throws(Violation) {
    guard let question = definition.question(ofStep: Int(step)) else {
      throw Violation(.answers, "\(id(step)) asks, and has no question")
    }
    if asked[step] != nil || ends[step] != nil {
      throw Violation(.answers, "\(id(step)) asks twice")
    }
    for need in definition.steps[Int(step)].needs {
      guard ends.standing(need, of: step) == .met else {
        throw Violation(.answers, "\(id(step)) asks before \(id(need)) has ended as it wants")
      }
    }
    asked[step] = Asked(
      sequence: event.sequence,
      deadline: question.timeoutMilliseconds.map {
        event.moment.monotonic.advanced(byMilliseconds: $0)
      })
  }

  private func answers(_ step: Int32, _ answer: Answer) throws(Violation) {
    guard let open = asked[step], open.outcome == nil, open.sequence == answer.asked else {
      throw Violation(.answers, "\(id(step)) is answered, and does not ask that")
    }
    guard let made = tried[answer.id], made.step == step else {
      throw Violation(.answers, "\(id(step)) is \(answer.verdict), and no answer said so")
    }
    var given = made.answer
    given.userID = SimulatedStorage.owner
    if given != answer {
      throw Violation(.answers, "\(id(step)) has another answer than was given")
    }
    if !taken.insert(answer.id).inserted {
      throw Violation(.answers, "answer \(answer.id) counts twice")
    }
    let fields = definition.outputs(ofStep: Int(step)).count
    if answer.values.count != (answer.verdict == .approved ? fields : 0) {
      throw Violation(.answers, "\(id(step)) takes an answer with \(answer.values.count) values")
    }
    asked[step]?.outcome = answer.verdict == .approved ? .succeeded : .failed
  }

  private func expires(
    _ step: Int32, _ time: Instant, at now: WorldTime, notice: Int64?
  ) throws(Violation) {
    guard let open = asked[step], open.outcome == nil, let deadline = open.deadline,
      time >= deadline
    else {
      throw Violation(.answers, "the time for an answer to \(id(step)) passes too early")
    }
    let otherwise = definition.question(ofStep: Int(step))?.otherwise
    asked[step]?.outcome = otherwise == .approve ? .succeeded : .failed
    guard let notice else { return }
    for left in left where isAnswer(left.filed, to: step, open) {
      if left.time.advanced(byMicroseconds: notice) < now {
        throw Violation(
          .answers,
          "\(id(step)) has run out of time, and answer \(left.filed.answer.id) had been left for"
            + " \(now.microseconds - left.time.microseconds) µs")
      }
    }
  }

  private func isAnswer(_ filed: FiledAnswer, to step: Int32, _ open: Asked) -> Bool {
    guard filed.step == step, filed.answer.asked == open.sequence else { return false }
    return filed.answer.verdict == .rejected
      ? filed.answer.values.isEmpty
      : filed.answer.values.map(\.output)
        == definition.outputs(ofStep: Int(step)).indices.map { Int32($0) }
  }

  private func finishes(_ step: Int32, _ outcome: StepOutcome) throws(Violation) {
    guard definition.question(ofStep: Int(step)) != nil else { return }
    let open = asked.removeValue(forKey: step)
    if outcome == .cancelled, open != nil, open?.outcome == nil { return }
    guard let open, open.outcome == outcome else {
      throw Violation(.answers, "\(id(step)) is \(outcome), and nothing has made it so")
    }
    if outcome == .succeeded { approved.insert(step) }
  }

  /// As the timeouts of a run.
  private func began(_ engine: EngineStarted, _ now: Moment) {
    defer { bootID = engine.host.bootID }
    guard let bootID, bootID != engine.host.bootID, let last = lastMoment else { return }
    let passed = max(0, now.wall.microseconds - last.wall.microseconds)
    for (step, open) in asked {
      guard let end = open.deadline else { continue }
      let rest = max(0, end.microseconds - last.monotonic.microseconds)
      asked[step]?.deadline = now.monotonic.advanced(byMicroseconds: max(0, rest - passed))
    }
  }

  /// The engine has an attempt launched.
  func checkSent(_ step: Int32) throws(Violation) {
    if !hasQuestions { return }
    for need in selected.before[Int(step)]
    where definition.question(ofStep: Int(need)) != nil
      && ends[need] == .succeeded && !approved.contains(need)
    {
      throw Violation(.answers, "\(id(step)) is launched, and \(id(need)) is not durably approved")
    }
    for need in definition.steps[Int(step)].needs
    where definition.question(ofStep: Int(need)) != nil && selected.contains(Int(need))
      && !approved.contains(need)
      && [.done, .succeeded].contains(definition.wanted(ofStep: Int(step), from: need))
      && !definition.settings(ofStep: Int(need)).allowFailure
    {
      if case .skipped(.condition)? = ends[need] { continue }
      throw Violation(.answers, "\(id(step)) is launched, and \(id(need)) was not approved")
    }
  }

  private func id(_ step: Int32) -> String { definition.steps[Int(step)].id }
}

extension AnswersChecker: Checker {
  func tries(_ filed: FiledAnswer, in world: World) throws(Violation) { tries(filed) }

  func left(_ filed: FiledAnswer, in world: World) throws(Violation) {
    left(filed, at: world.now)
    guard let run = world.run, !world.storage.hasBetrayed else { return }
    var durable = AnswerRequests(run.folder, in: world.storage.leastRemains())
    try Self.check(filed, among: (try? durable.news()) ?? [])
  }

  func learned(_ event: Event, in world: World) throws(Violation) {
    // What was decided before an engine died is learned when another has recovered it.
    let isFresh = world.checkers.history.isRecovered && !world.engine.isDead
    let notice =
      world.noticeMicroseconds + world.slackMicroseconds + world.engine.suspendedMicroseconds
    // It was decided before it was durable, which can take as long as the disk is full.
    let commit = max(
      0, world.monotonicNow.microseconds - event.moment.monotonic.microseconds)
    let decided = isFresh ? world.now.advanced(byMicroseconds: -commit) : world.now
    try learn(event, at: decided, notice: isFresh ? notice : nil)
  }

  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    try checkSent(request.attempt.step)
  }
}
