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
    /// Decided by rules that only a newer flow has.
    case newerPolicy(Int32)
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
    switch reason {
    case .newerPolicy: true
    case .definition(let error): error.isNewer
    default: false
    }
  }

  package var description: String {
    let what = "event \(sequence) (\(kind.name))"
    switch reason {
    case .outOfSequence(let expected): return "\(what) stands where event \(expected) belongs"
    case .unknownStep(let step): return "\(what) names step \(step), which does not exist"
    case .impossible(let step, let phase):
      return "\(what) cannot happen to step \(step), which is \(phase)"
    case .misplaced: return "\(what) is out of place"
    case .definition(let error): return "\(what) ends a definition that cannot be read: \(error)"
    case .definitionSize(let count):
      return "\(what) begins a definition of \(count) bytes, which no run can have"
    case .cycle: return "\(what) ends a definition whose steps need each other in a circle"
    case .newerPolicy(let version):
      return "\(what) names policy \(version), which only a newer flow knows"
    case .afterEnd: return "\(what) comes after the end of the run"
    }
  }
}
