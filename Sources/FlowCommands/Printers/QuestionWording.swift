import FlowCommandLine
package import FlowCore
import FlowRuntime
import FlowSystem
import FlowText

/// What a step asks, who can answer how, and what came of it, in words fit for a terminal. All displays have
/// these.
package struct QuestionWording: Sendable {
  package let step: Int
  private let state: RunState
  private let question: Question
  private let wording: StepWording
  private let kept: KeptAnswers

  /// Nil for a step that asks nothing.
  package init?(_ step: Int, _ state: RunState, _ kept: KeptAnswers = KeptAnswers()) {
    guard let question = state.definition.question(ofStep: step) else { return nil }
    self.step = step
    self.state = state
    self.question = question
    self.kept = kept
    wording = StepWording(state)
  }

  /// Those that wait for an answer.
  package static func waiting(
    _ state: RunState, _ kept: KeptAnswers = KeptAnswers()
  ) -> [QuestionWording] {
    state.isFinished ? [] : state.askingSteps.compactMap { QuestionWording($0, state, kept) }
  }

  package var asked: AskedQuestion? { state.asked(byStep: step) }
  var otherwise: Question.Otherwise? {
    question.timeoutMilliseconds == nil ? nil : question.otherwise
  }
  var fields: [StepOutput] { state.definition.outputs(ofStep: step) }

  /// What is wrong with the value that an approval gives a field; nil if nothing is.
  func fault(ofField field: Int, _ values: [OutputPart]) -> AnswerFault? {
    state.definition.fault(ofField: field, values, ofStep: step)
  }

  /// With its values filled in; not escaped.
  var text: String { RunValues.question(ofStep: step, state) ?? "" }

  /// In one line, not escaped.
  var line: String { text.split(separator: "\n").joined(separator: " ") }

  /// Each escaped.
  var lines: [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { TerminalText.escaped(String($0)) }
  }

  /// When the time for an answer passes, by the wall clock; nil if it never does, or nothing is asked now.
  var deadline: WallTime? { asked?.endedAt == nil ? asked?.deadline : nil }

  /// `until 2026-11-30T10:00:00.000Z, then it counts as rejected`; nil if it waits for ever.
  var limit: String? {
    deadline.map { "until \(Timestamp($0).rfc3339), then \(Self.text(question.otherwise))" }
  }

  static func text(_ otherwise: Question.Otherwise) -> String {
    switch otherwise {
    case .approve: "it counts as approved"
    case .reject: "it counts as rejected"
    case .fail: "the step fails"
    }
  }

  /// `flow answer nightly release --approve --set tag=STRING`; `--reject` is the other answer.
  var command: String {
    let id = wording.id(Int32(step))
    let run = TerminalText.escaped(state.created.runID)
    let sets = fields.map { " --set \($0.name)=\("\($0.type)".uppercased())" }.joined()
    return "flow answer \(run) \(id) --approve\(sets)"
  }

  /// What can be done about it, or what it waits for if that is done: `answer with: flow answer …`,
  /// `approved by alice at …; waits for an engine: flow restart nightly`.
  ///
  /// - Parameter isDriven: whether an engine drives the run.
  func next(isDriven: Bool) -> String {
    let run = TerminalText.escaped(state.created.runID)
    let engine =
      isDriven ? "its engine has yet to record that" : "waits for an engine: flow restart \(run)"
    if let answer = keptAnswer { return "\(Self.text(answer)); \(engine)" }
    if hasPassed {
      return "the time for an answer has passed: \(Self.text(question.otherwise)); \(engine)"
    }
    return "answer with: \(command), or --reject"
  }

  /// The same in few words.
  var note: String {
    if let keptAnswer { return "\(keptAnswer.verdict), not yet recorded" }
    return hasPassed ? "its time has passed" : "asks; flow answer"
  }

  /// The answer that an engine has yet to record; nil if there is none.
  var keptAnswer: Answer? { kept.first(ofStep: step, state) }

  /// Whether the time for an answer has passed, and an engine has yet to record that.
  var hasPassed: Bool { keptAnswer == nil && kept.hasPassed(asked) }

  /// What came of it: `approved by alice at 2026-11-30T09:12:00.000Z: looks good`; nil while it is open.
  package var outcome: String? {
    guard let asked, asked.endedAt != nil else { return nil }
    let isStale = state.isStale(step) ? " (no longer stands: what it needs has run again)" : ""
    if let answer = asked.answer { return Self.text(answer) + isStale }
    let limit = question.timeoutMilliseconds.map { " within \(DurationText.of(milliseconds: $0))" }
    let counts =
      switch question.otherwise {
      case .approve: "counts as approved"
      case .reject: "counts as rejected"
      case .fail: "failed"
      }
    return "not answered\(limit ?? ""): \(counts)\(isStale)"
  }

  /// With the time at which it was given.
  package static func text(_ answer: Answer) -> String {
    let note = answer.note.isEmpty ? "" : ": \(TerminalText.escaped(answer.note))"
    return
      "\(answer.verdict) by \(TerminalText.escaped(ProcessFacts.name(ofUser: answer.userID))) at"
      + " \(Timestamp(answer.givenAt).rfc3339)\(note)"
  }

  /// `"ask":{"text","askedAt","deadline","otherwise","fields","answer"}`; the deadline only while it waits,
  /// and `answer` when there is one: `{"verdict","userId","user","at","givenAt","note"}`, or
  /// `{"verdict":"expired","at"}`; with `"stale":true` where it no longer stands. Where an engine has yet to
  /// record it, `"kept"` is the answer, or `{"verdict":"expired"}`.
  func write(to json: inout JSONWriter) {
    json.key("ask")
    json.object { json in
      json.member("text", text)
      json.member("askedAt", asked?.askedAt.wall)
      if let deadline { json.member("deadline", deadline) }
      if let otherwise { json.member("otherwise", "\(otherwise)") }
      if !fields.isEmpty {
        json.key("fields")
        json.object { json in for field in fields { json.member(field.name, "\(field.type)") } }
      }
      if let keptAnswer {
        json.key("kept")
        json.object { $0.write(keptAnswer) }
      } else if hasPassed {
        json.key("kept")
        json.object { $0.member("verdict", "expired") }
      }
      guard let asked, let endedAt = asked.endedAt else { return }
      json.key("answer")
      json.object { json in
        if let answer = asked.answer {
          json.write(answer)
        } else {
          json.member("verdict", "expired")
        }
        json.member("at", endedAt.wall)
        if state.isStale(step) { json.member("stale", true) }
      }
    }
  }
}

extension JSONWriter {
  /// `"verdict","userId","user","givenAt","note"`.
  mutating func write(_ answer: Answer) {
    member("verdict", "\(answer.verdict)")
    member("userId", answer.userID)
    member("user", ProcessFacts.name(ofUser: answer.userID))
    member("givenAt", answer.givenAt)
    if !answer.note.isEmpty { member("note", answer.note) }
  }

  /// `"ask"` of a step that asks; left out for others.
  mutating func question(
    ofStep step: Int, _ state: RunState, _ kept: KeptAnswers = KeptAnswers()
  ) {
    QuestionWording(step, state, kept)?.write(to: &self)
  }
}

extension RunState {
  /// What the run waits for where nothing but answers can bring it on: `an answer to release`, or
  /// `3 answers`; nil where something else can.
  var answersAwaited: String? {
    guard !isFinished, openAttempts == 0, ready.isEmpty, timers.nextRetries(1).isEmpty else {
      return nil
    }
    let asking = askingSteps
    switch asking.count {
    case 0: return nil
    case 1: return "an answer to \(TerminalText.escaped(definition.steps[asking[0]].id))"
    default: return "\(asking.count) answers"
    }
  }
}
