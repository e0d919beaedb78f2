/// What a step asks of a person instead of running a command (`ask`). Its fields are the step's outputs.
package struct Question: Hashable, Sendable {
  /// A template.
  package var text: String
  /// How long it waits for an answer; nil means for ever.
  package var timeoutMilliseconds: Int64?
  /// What counts when that time has passed; only with a timeout.
  package var otherwise: Otherwise

  package init(
    text: String, timeoutMilliseconds: Int64? = nil, otherwise: Otherwise = .fail
  ) {
    self.text = text
    self.timeoutMilliseconds = timeoutMilliseconds
    self.otherwise = otherwise
  }

  /// What becomes of a question that was not answered in time.
  package enum Otherwise: UInt8, CaseIterable, Sendable {
    /// The step fails, since it was not answered.
    case fail = 0
    /// It counts as approved. A question with fields cannot have this: they would have no values.
    case approve = 1
    /// It counts as rejected.
    case reject = 2
  }

  /// The limit for a text, in bytes.
  package static let mostTextBytes = 64 << 10
}

extension WorkflowDefinition {
  /// What the step at `index` asks; nil if it runs a command.
  package func question(ofStep index: Int) -> Question? {
    let place = Int(steps[index].extrasIndex)
    return place == 0 ? nil : extras[place].question
  }

  package var hasQuestions: Bool { extras.contains { $0.question != nil } }
}
