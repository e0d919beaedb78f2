/// Events that no run of this program can have recorded in this order.
package struct HistoryError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Reason: Equatable, Sendable {
    /// The sequence number that should have come.
    case outOfSequence(expected: Int64)
    case unknownStep(Int32)
    /// What happened to a step cannot happen in this phase.
    case impossible(step: Int32, StepLifecycle.Phase)
    /// The event cannot come before the run is defined, or comes a second time.
    case misplaced
    /// The definition that the first events carry is not readable.
    case definition(CodingError)
    /// So many bytes, none or too many.
    case definitionSize(Int64)
    /// The needs of the definition's steps form a circle.
    case cycle
    /// What only a later version can have written, in words, and the version that created the run.
    case newer(String, createdBy: String)
    /// An event after the end of the run.
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

  /// Whether nothing is wrong with the history but that a later version wrote it.
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
