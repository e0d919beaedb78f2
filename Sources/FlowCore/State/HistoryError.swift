/// A sequence of events that this program cannot have recorded.
package struct HistoryError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Reason: Equatable, Sendable {
    /// The expected sequence number.
    case outOfSequence(expected: Int64)
    case unknownStep(Int32)
    /// The event is impossible in the step's phase.
    case impossible(step: Int32, StepLifecycle.Phase)
    /// The event precedes the complete definition, or is repeated.
    case misplaced
    /// The definition in the first events cannot be decoded.
    case definition(CodingError)
    /// A definition of this many bytes: zero, or above the limit.
    case definitionSize(Int64)
    /// The needs of the definition's steps form a cycle.
    case cycle
    /// Written by a newer flow: a description, and the version that created the run.
    case newer(String, createdBy: String)
    /// The event follows the end of the run.
    case afterEnd
  }

  package let sequence: Int64
  package let kind: EventKind
  package let reason: Reason

  package init(_ event: Event, _ reason: Reason) {
    sequence = event.sequence
    kind = event.body.kind
    self.reason = reason
  }

  /// Whether the history is valid, but written by a newer flow.
  package var isNewer: Bool {
    if case .newer = reason { true } else { false }
  }

  package var description: String {
    let what = "event \(sequence) (\(kind.name))"
    switch reason {
    case .outOfSequence(let expected): return "expected event \(expected), found \(what)"
    case .unknownStep(let step): return "\(what) names step \(step), which does not exist"
    case .impossible(let step, let phase):
      return "\(what) cannot happen to step \(step), which is \(phase)"
    case .misplaced: return "\(what) is out of place"
    case .definition(let error): return "\(what) completes an invalid definition: \(error)"
    case .definitionSize(let count):
      return "\(what) announces a definition of \(count) bytes, which no run can have"
    case .cycle: return "\(what) completes a definition whose steps form a dependency cycle"
    case .newer(let reason, let version):
      return "\(what) \(reason): written by a newer flow (\(version))"
    case .afterEnd: return "\(what) follows the end of the run"
    }
  }
}
