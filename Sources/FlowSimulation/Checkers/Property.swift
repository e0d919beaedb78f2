/// What must hold in every world, by name.
package enum Property: String, CaseIterable, Sendable {
  /// What is recovered is a prefix of what was appended, and holds all that was acknowledged.
  case prefix
  /// No command runs without a durable intent, and each attempt at most once.
  case intent
  /// A second run of a step is licensed by a retry or a loss.
  case again
  /// A command starts only after all its needs are done.
  case order
  /// Attempts and delays obey the policy, across crashes.
  case retry
  /// No attempt outlives its timeout and grace.
  case timeout
  /// After a cancel is durable nothing new starts.
  case cancel
  /// A run that is to stop does so at once, and each of its attempts is told.
  case stop
  /// What is told to end gets to hear it before it is killed.
  case grace
  /// When a run is finished none of its processes live.
  case orphans
  /// What the history says of an attempt's end is what really happened.
  case truth
  /// A signal reaches the process that it is meant for, and no other.
  case target
  /// One end a step, one end of the run, nothing after it.
  case terminal
  /// The history brings a shadow state to the live one, and its facts re-decide its decisions.
  case replay
  /// Bytes of the log that were durable are never changed.
  case append
  /// A log is said to be intact, torn, in doubt or damaged as the crash has left it.
  case verdict
  /// A reader sees what is durable, never more, and never a broken log.
  case said
  /// Two engines never drive one run.
  case single
  /// Never more attempts at once than `jobs`, and no free slot beside a step that could start.
  case slots
  /// The end comes once faults are over.
  case live
  /// The same seed makes the same world.
  case same

  /// Whether it can only hold where a disk keeps what it has synced. The others hold on any.
  var needsHonestDisk: Bool {
    switch self {
    case .intent, .again, .live, .stop: true
    case .prefix, .order, .retry, .timeout, .cancel, .grace, .orphans, .truth, .target, .terminal,
      .replay, .append, .verdict, .said, .single, .slots, .same:
      false
    }
  }
}

package struct Violation: Error, Equatable, Sendable, CustomStringConvertible {
  package let property: Property
  package let message: String

  package init(_ property: Property, _ message: String) {
    self.property = property
    self.message = message
  }

  package var description: String { "\(property.rawValue): \(message)" }
}
