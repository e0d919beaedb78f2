package import FlowCommandLine
package import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import FlowText

/// `flow answer RUN STEP`.
package struct AnswerCommand: Subcommand, Equatable {
  package let run: String
  package let step: String
  package let verdict: Verdict
  /// In the order of the command line.
  private let fields: [Field]
  private let note: String

  private struct Field: Equatable {
    let name: String
    let value: String
  }

  private static let approve = Option("approve", "approve: what needs the step runs")
  private static let reject = Option("reject", "reject: the step has failed")
  private static let set = Option(
    "set", takes: .text(placeholder: "FIELD=VALUE"), isRepeatable: true,
    "give a field its value; each field needs one")
  private static let noteOption = Option(
    "note", takes: .text(placeholder: "TEXT"), "say why; the history keeps it")

  package static let syntax = CommandSyntax(
    name: "answer", purpose: "answer what a step asks",
    details: """
      Writes a durable answer and waits until the engine has recorded it, with the
      owner of its file as the one who answered. The first answer counts; a later
      one is refused. If the run has no engine, the answer is kept, and counts as
      soon as flow restart resumes the run; one that is given after the time for it
      does not. "flow list --waiting" shows what waits.
      """,
    arguments: [.run, Argument("STEP", .one, "the id of the step that asks")],
    options: [approve, reject, set, noteOption],
    examples: [
      .init("flow answer latest ok --approve", "let it continue"),
      .init("flow answer latest ok --approve --set tag=v1.2", "give a field its value"),
      .init("flow answer latest ok --reject --note unstable", "stop it"),
    ],
    exitCodes: [.success, .usage, .runUnfinished, .damaged, .environment, .newer],
    exitMeaning: { code in
      switch code {
      case .usage: "the command line is invalid, or the answer is refused"
      case .runUnfinished: "the answer is kept, and was not recorded yet"
      default: code.meaning
      }
    })

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    run = arguments.positional[0]
    step = arguments.positional[1]
    let approves = arguments.has(Self.approve)
    if approves == arguments.has(Self.reject) {
      if approves {
        throw UsageError(
          command: Self.syntax.name,
          .exclusiveOptions(Self.approve.spelling, Self.reject.spelling))
      }
      throw UsageError(
        command: Self.syntax.name,
        .missingArgument("\(Self.approve.spelling) or \(Self.reject.spelling)"))
    }
    verdict = approves ? .approved : .rejected
    note = arguments.text(Self.noteOption) ?? ""
    var fields: [Field] = []
    for text in arguments.texts(Self.set) {
      // By scalars: a mark at the start of a value would be one character with the sign before it.
      let parts = text.unicodeScalars.split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw UsageError(
          command: Self.syntax.name,
          .invalidValue(
            Self.set.spelling, value: text, expected: "the name of a field, \"=\" and a value"))
      }
      fields.append(Field(name: String(parts[0]), value: String(parts[1])))
    }
    self.fields = fields
  }

  /// How often to check whether the engine has recorded the answer.
  private static let intervalMilliseconds: Int64 = 20
  /// After this, an engine that is alive and has not recorded the answer counts as stopped or stuck.
  private static let patienceMilliseconds: Int64 = 3_000

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let home = try context.home()
    var watch: RunHistoryWatch
    do throws(RunError) { watch = try RunHistoryWatch(try home.resolve(run), home) } catch {
      throw .run(error)
    }
    do throws(RunError) { try watch.readOn() } catch { throw .run(error) }
    guard let state = watch.state else {
      throw .answerRefused("run \(watch.id) has just been created, and asks nothing yet")
    }
    let requests = AnswerRequests(home.folder(of: watch.id), in: home.storage)
    let filed = try filed(state, requests, context)
    do throws(RunError) { try requests.file(filed) } catch { throw .run(error) }
    return try follow(filed, &watch, context)
  }

  // MARK: What is refused

  /// - Throws: why the answer is none to what the step asks right now.
  private func filed(
    _ state: RunState, _ requests: AnswerRequests<LinuxStorage>, _ context: CommandContext
  ) throws(CommandError) -> FiledAnswer {
    let runID = state.created.runID
    let index = try state.definition.index(ofStep: step, runID: runID)
    guard let question = QuestionWording(index, state) else {
      throw .answerRefused("step \(step) asks nothing: it runs a command")
    }
    try checkWaits(question, index, state)
    try checkTime(question, index, state, context)
    let asked = question.asked?.sequence ?? 0
    if let other = try pending(state, index, requests) {
      throw .answerRefused(
        "step \(step) was already \(other.verdict) by \(ProcessFacts.name(ofUser: other.userID)) at"
          + " \(Timestamp(other.givenAt).rfc3339), which an engine has yet to record")
    }
    let answer = Answer(
      id: ProcessFacts.randomBits(), asked: asked, verdict, at: context.now().wall, note: note,
      values: try values(question))
    do throws(AnswerFault) { try state.definition.check(answer, ofStep: index) } catch {
      throw .answerRefused(text(of: error, question))
    }
    let reader = SecretReader(
      state.definition, in: state.created.definitionFolder, environment: ProcessFacts.environment,
      file: { path, limit in
        Result { () throws(Errno) in try SecretFiles.read(path, limit: limit) }
      })
    if let secret = reader.secret(in: answer) {
      throw .answerRefused("the answer holds the secret \(secret), and the history would keep it")
    }
    return FiledAnswer(step: Int32(index), answer)
  }

  private func checkWaits(
    _ question: QuestionWording, _ index: Int, _ state: RunState
  ) throws(CommandError) {
    if state.steps[index].phase == .asking, !state.isFinished { return }
    if let outcome = question.outcome {
      throw .answerRefused("step \(step) has its answer: \(outcome)")
    }
    if case .finished(let outcome) = state.phase {
      throw .answerRefused("run \(state.created.runID) has already ended: \(outcome)")
    }
    switch state.steps[index].phase {
    case .skipped: throw .answerRefused("step \(step) was skipped, and asks nothing")
    case .cancelled: throw .answerRefused("step \(step) was cancelled, and waits for no answer")
    default:
      throw .answerRefused(
        "step \(step) asks nothing yet: it waits for its needs; flow why says for which")
    }
  }

  /// An engine may have died, or be suspended, before it could see that the time has passed.
  private func checkTime(
    _ question: QuestionWording, _ index: Int, _ state: RunState, _ context: CommandContext
  ) throws(CommandError) {
    guard let deadline = question.deadline, let limit = state.answerDeadline(ofStep: index) else {
      return
    }
    let bootID: String
    do throws(Errno) { bootID = try ProcessFacts.bootID() } catch {
      throw .system("read the boot id", error)
    }
    let now = context.now()
    let hasPassed =
      state.engine?.host.bootID == bootID ? limit <= now.monotonic : deadline <= now.wall
    if hasPassed {
      throw .answerRefused(
        "the time for an answer to step \(step) had passed at \(Timestamp(deadline).rfc3339)")
    }
  }

  /// An answer that was left to the same question, and is in no history yet.
  private func pending(
    _ state: RunState, _ index: Int, _ requests: AnswerRequests<LinuxStorage>
  ) throws(CommandError) -> Answer? {
    var requests = requests
    do throws(RunError) {
      return try requests.news().first {
        $0.step == Int32(index) && state.takes($0.answer, ofStep: $0.step)
      }?.answer
    } catch {
      throw .run(error)
    }
  }

  /// - Throws: all that is wrong with the fields together.
  private func values(_ question: QuestionWording) throws(CommandError) -> [OutputPart] {
    if verdict == .rejected, !fields.isEmpty {
      throw .answerRefused(text(of: .valuesOfRejection, question))
    }
    var values: [OutputPart] = []
    var faults: [String] = []
    let names = question.fields.map(\.name)
    for field in fields {
      guard let place = names.firstIndex(of: field.name) else {
        let nearest = Suggestion.nearest(to: field.name, among: names)
        let advice =
          nearest.map { ": did you mean \(TerminalText.quoted($0))?" }
          ?? (names.isEmpty ? ": it has none" : ": it has \(names.joined(separator: ", "))")
        faults.append("step \(step) has no field \(TerminalText.quoted(field.name))\(advice)")
        continue
      }
      if values.contains(where: { Int($0.output) == place }) {
        faults.append("field \(field.name) is given more than once")
        continue
      }
      let bytes = Array(field.value.utf8)
      // Of what is no value the check says why.
      let value = try? question.fields[place].type.value(of: bytes)
      values.append(OutputPart(output: Int32(place), bytes: value ?? bytes))
    }
    if verdict == .approved {
      faults += question.fields.indices.compactMap { place in
        question.fault(ofField: place, values).map { text(of: $0, question) }
      }
    }
    if !faults.isEmpty { throw .answerRefused(faults.joined(separator: "; ")) }
    return values.sorted { $0.output < $1.output }
  }

  private func text(of fault: AnswerFault, _ question: QuestionWording) -> String {
    func name(_ field: Int32) -> String { question.fields[Int(field)].name }
    switch fault {
    case .noQuestion: return "step \(step) asks nothing"
    case .valuesOfRejection: return "a rejection gives no field a value: leave out --set"
    case .missing(let field):
      return "field \(name(field)) has no value: add --set"
        + " \(name(field))=\("\(question.fields[Int(field)].type)".uppercased())"
    case .unknownField: return "step \(step) has other fields"
    case .wrong(let field, let fault):
      switch fault {
      case .tooLarge:
        return "the value of \(name(field)) is larger than \(Answer.mostBytes >> 10) KiB"
      case .notText: return "the value of \(name(field)) is no text in UTF-8, or has a zero byte"
      case .tooManyLines: return "the value of \(name(field)) has too many lines"
      default: return "the value of \(name(field)) is no \(question.fields[Int(field)].type)"
      }
    case .tooLargeTogether:
      return "the values are larger than \(Answer.mostBytesTogether >> 10) KiB together"
    case .noteTooLarge: return "the note is larger than \(Answer.mostBytes >> 10) KiB"
    case .noteIsNoText: return "the note has a zero byte"
    }
  }

  // MARK: Until it is recorded

  private func follow(
    _ filed: FiledAnswer, _ watch: inout RunHistoryWatch, _ context: CommandContext
  ) throws(CommandError) -> ExitCode {
    let time: EventLoop
    do throws(Errno) { time = EventLoop(signals: try SignalDescriptor()) } catch {
      throw .system("watch a run", error)
    }
    var interrupt: Int32?
    time.onSignal = { if SignalDescriptor.asksToStop($0) { interrupt = $0 } }
    let isLate = EventLoop.monotonicNow().advanced(byMilliseconds: Self.patienceMilliseconds)
    while true {
      do throws(RunError) { try watch.readOn() } catch {
        context.warn("run \(watch.id): the answer is kept")
        throw .run(error)
      }
      if let answered = watch.answer(to: filed.answer.asked) {
        if answered.answer?.id == filed.answer.id {
          context.output.write("\(TerminalText.escaped(step)) \(filed.answer.verdict)\n")
          return .success
        }
        throw .answerRefused(
          answered.answer.map { "step \(step) has its answer: \(QuestionWording.text($0))" }
            ?? "the time for an answer to step \(step) had passed")
      }
      if watch.hasSettled(step: filed.step, since: filed.answer.asked) {
        throw .answerRefused("step \(step) was cancelled before the answer was recorded")
      }
      if !watch.isHeld {
        context.output.write(
          "run \(watch.id) has no engine: the answer is kept, and counts once one resumes the run:"
            + " flow restart \(watch.id)\n")
        return .runUnfinished
      }
      if EventLoop.monotonicNow() >= isLate {
        let process = watch.engineProcessID.map { " (process \($0))" } ?? ""
        let problem = watch.lacking.first.map { "waits for \($0.name)" } ?? "does not respond"
        context.warn(
          "run \(watch.id): the engine\(process) \(problem); the answer is kept, and counts when it"
            + " resumes")
        return .runUnfinished
      }
      time.wait(
        until: EventLoop.monotonicNow().advanced(byMilliseconds: Self.intervalMilliseconds))
      // The answer stands even if this process stops waiting.
      if let interrupt {
        context.output.flush()
        SignalDescriptor.end(by: interrupt)
      }
    }
  }
}
