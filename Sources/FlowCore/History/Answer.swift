package enum Verdict: UInt8, CaseIterable, Sendable {
  case approved = 0
  case rejected = 1
}

/// A person's answer to a question.
package struct Answer: Hashable, Sendable {
  /// Identifies the request that brought it.
  package var id: UInt64
  /// The number of the event that asked (`asked`): an answer is to that, and to nothing that is asked later.
  package var asked: Int64
  package var verdict: Verdict
  /// Who answered: the owner of the request's file, as the kernel says.
  package var userID: UInt32
  /// When the request was made, as its maker's clock says.
  package var givenAt: WallTime
  /// Empty if there is none.
  package var note: String
  /// Of an approval, a value for each field, in their order; of a rejection none.
  package var values: [OutputPart]

  package init(
    id: UInt64, asked: Int64, _ verdict: Verdict, by userID: UInt32 = 0,
    at givenAt: WallTime = WallTime(microseconds: 0), note: String = "",
    values: [OutputPart] = []
  ) {
    self.id = id
    self.asked = asked
    self.verdict = verdict
    self.userID = userID
    self.givenAt = givenAt
    self.note = note
    self.values = values
  }

  /// The limit for a value or a note, in bytes.
  package static let mostBytes = 64 << 10
  /// The limit for all values together. An answer is one event, which is much smaller than a log frame.
  package static let mostBytesTogether = 1 << 20
}

/// What is wrong with an answer.
package enum AnswerFault: Error, Hashable, Sendable {
  /// The step asks nothing.
  case noQuestion
  /// A rejection has no values.
  case valuesOfRejection
  case missing(field: Int32)
  case unknownField
  case wrong(field: Int32, OutputFault)
  case tooLargeTogether
  case noteTooLarge
  /// It has a zero byte.
  case noteIsNoText
}

extension WorkflowDefinition {
  /// Whether a step asks something, and the answer is one to that.
  package func check(_ answer: Answer, ofStep step: Int) throws(AnswerFault) {
    guard question(ofStep: step) != nil else { throw .noQuestion }
    if answer.note.utf8.count > Answer.mostBytes { throw .noteTooLarge }
    if answer.note.utf8.contains(0) { throw .noteIsNoText }
    if answer.verdict == .rejected {
      if answer.values.isEmpty { return }
      throw .valuesOfRejection
    }
    let fields = outputs(ofStep: step)
    if answer.values.contains(where: { Int($0.output) >= fields.count }) { throw .unknownField }
    for field in fields.indices {
      if let fault = fault(ofField: field, answer.values, ofStep: step) { throw fault }
    }
    // One for each field, in their order.
    guard answer.values.map({ Int($0.output) }) == Array(fields.indices) else {
      throw .unknownField
    }
    if answer.values.reduce(0, { $0 + $1.bytes.count }) > Answer.mostBytesTogether {
      throw .tooLargeTogether
    }
  }

  /// What is wrong with the value that an approval gives a field; nil if nothing is.
  package func fault(
    ofField field: Int, _ values: [OutputPart], ofStep step: Int
  ) -> AnswerFault? {
    guard let value = values.first(where: { Int($0.output) == field })?.bytes else {
      return .missing(field: Int32(field))
    }
    do throws(OutputFault) {
      if value.count > Answer.mostBytes { throw .tooLarge }
      // As it is handed on.
      if try outputs(ofStep: step)[field].type.value(of: value) != value { throw .wrongType }
    } catch {
      return .wrong(field: Int32(field), error)
    }
    return nil
  }
}
