import FlowCore
import FlowRuntime

/// Of the answers to a question the first counts, exactly once and as it was given. A step that asks ends as
/// approved or rejected by an answer that somebody gave to that very question, or when its time has passed,
/// and no command runs on an approval before that is durable. Whether an answer counts is decided by when it
/// was given: one that was left in time is not lost, and a later one does not count, whenever an engine reads
/// it.
final class AnswersChecker {
  private struct Asked {
    let sequence: Int64
    /// When the time for an answer passes, by the clock of this boot; nil if it never does.
    var deadline: Instant?
    /// The same for certain, whatever the clocks of the machine say; nil where that is unknown.
    let limit: Reading?
    /// How the step must end; nil while that is open.
    var outcome: StepOutcome?
  }

  /// A time, and how far the wall clock was ahead of it. Where somebody sets the wall clock meanwhile, it no
  /// longer tells which of two times was the first.
  struct Reading {
    let time: WorldTime
    let clock: Int64

    init(_ time: WorldTime, clock: Int64 = 0) {
      (self.time, self.clock) = (time, clock)
    }
  }

  private struct Given {
    let filed: FiledAnswer
    let at: Reading
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
  private var tried: [UInt64: Given] = [:]
  private var left: [Given] = []
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

  func tries(_ filed: FiledAnswer, at now: Reading) {
    tried[filed.answer.id] = Given(filed: filed, at: now)
  }

  func left(_ filed: FiledAnswer, at now: Reading) { left.append(Given(filed: filed, at: now)) }

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
  ///   - now: when it is learned.
  ///   - decided: when it was decided; nil where that is unknown.
  func learn(_ event: Event, at now: Reading, decided: Reading?) throws(Violation) {
    if !hasQuestions { return }
    ends.learn(event)
    switch event.body {
    case .engineStarted(let engine): began(engine, event.moment)
    case .asked(let step): try asks(step, event, decided)
    case .answered(let step, let answer): try answers(step, answer, now)
    case .timerFired(.question(let step)):
      try expires(step, event.moment.monotonic, now)
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

  private func asks(_ step: Int32, _ event: Event, _ decided: Reading?) throws(Violation) {
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
    let timeout = question.timeoutMilliseconds
    asked[step] = Asked(
      sequence: event.sequence,
      deadline: timeout.map { event.moment.monotonic.advanced(byMilliseconds: $0) },
      limit: decided.flatMap { decided in
        timeout.map {
          Reading(decided.time.advanced(byMicroseconds: $0 * 1_000), clock: decided.clock)
        }
      })
  }

  /// Whether something was given in time; nil where that is unknown.
  private func isInTime(_ given: Reading, for open: Asked, _ now: Reading) -> Bool? {
    guard let limit = open.limit, limit.clock == given.clock, limit.clock == now.clock else {
      return nil
    }
    return given.time < limit.time
  }

  private func answers(_ step: Int32, _ answer: Answer, _ now: Reading) throws(Violation) {
    guard let open = asked[step], open.outcome == nil, open.sequence == answer.asked else {
      throw Violation(.answers, "\(id(step)) is answered, and does not ask that")
    }
    guard let made = tried[answer.id], made.filed.step == step else {
      throw Violation(.answers, "\(id(step)) is \(answer.verdict), and no answer said so")
    }
    if isInTime(made.at, for: open, now) == false {
      throw Violation(
        .answers, "\(id(step)) is answered, and answer \(answer.id) was given after its time")
    }
    var given = made.filed.answer
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
    _ step: Int32, _ time: Instant, _ now: Reading
  ) throws(Violation) {
    guard let open = asked[step], open.outcome == nil, let deadline = open.deadline,
      time >= deadline
    else {
      throw Violation(.answers, "the time for an answer to \(id(step)) passes too early")
    }
    let otherwise = definition.question(ofStep: Int(step))?.otherwise
    asked[step]?.outcome = otherwise == .approve ? .succeeded : .failed
    for left in left
    where isAnswer(left.filed, to: step, open) && isInTime(left.at, for: open, now) == true {
      throw Violation(
        .answers,
        "\(id(step)) has run out of time, and answer \(left.filed.answer.id) had been left in time")
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
  func tries(_ filed: FiledAnswer, in world: World) throws(Violation) {
    tries(filed, at: reading(in: world))
  }

  private func reading(in world: World) -> Reading {
    Reading(world.now, clock: world.wallNow.microseconds - world.now.microseconds)
  }

  func left(_ filed: FiledAnswer, in world: World) throws(Violation) {
    left(filed, at: reading(in: world))
    guard let run = world.run, !world.storage.hasBetrayed else { return }
    var durable = AnswerRequests(run.folder, in: world.storage.leastRemains())
    try Self.check(filed, among: (try? durable.news()) ?? [])
  }

  func learned(_ event: Event, in world: World) throws(Violation) {
    // What was decided before an engine died is learned when another has recovered it.
    let isFresh = world.checkers.history.isRecovered && !world.engine.isDead
    // It was decided before it was durable, which can take as long as the disk is full.
    let commit = world.monotonicNow.microseconds - event.moment.monotonic.microseconds
    let time = world.now.advanced(byMicroseconds: -commit)
    let decided = Reading(time, clock: event.moment.wall.microseconds - time.microseconds)
    try learn(event, at: reading(in: world), decided: isFresh ? decided : nil)
  }

  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    try checkSent(request.attempt.step)
  }
}
