/// What must hold in every world, by name.
package enum Property: String, CaseIterable, Sendable {
  /// The recovered history is a prefix of what was appended, and holds everything that was
  /// acknowledged.
  case prefix
  /// No command runs without a durable intent, and each attempt runs at most once.
  case intent
  /// A second run of a step is licensed by a retry or a loss.
  case again
  /// A command starts only after all its needs have ended as its step wants.
  case order
  /// Attempts and delays obey the policy, across crashes.
  case retry
  /// An attempt that was interrupted from outside uses up no retry, and nothing is started into the
  /// same shutdown.
  case interruption
  /// No attempt outlives its timeout and grace.
  case timeout
  /// Nothing new starts after a cancel is durable; a request to cancel survives every crash and
  /// acts once.
  case cancel
  /// A run that must stop does so at once, and each of its attempts is told.
  case stop
  /// A process gets to handle SIGTERM before it is killed.
  case grace
  /// The process group of a command hears each stop signal once.
  case once
  /// When a run is finished, none of its processes live.
  case orphans
  /// The history says of an attempt's end what really happened.
  case truth
  /// A signal reaches the process that it is meant for, and no other.
  case target
  /// A step has one end, a run has one end, and nothing follows that.
  case terminal
  /// The outcome of a run, and the ends of steps that did not run, follow from the other steps'.
  case outcome
  /// A step whose condition is false is skipped and never runs, and no other is skipped for its
  /// condition.
  case condition
  /// The steps of `finally` run once in each round when all others have ended, for whatever reason, and only
  /// a cancel by force that comes later ends them.
  case finally
  /// The rollback of a step runs once in each round in which its step has failed, or was cancelled after it
  /// had begun, and in no other; it comes before what needs the step, and only a cancel by force ends it.
  case rollback
  /// What the run has come to is durable before a notice of that begins, and nothing changes it. Each notice
  /// runs in each round that ends as it tells, and in no other; only a cancel by force that comes later ends it.
  case notify
  /// A child of a node is its key and runs once per success; a node has the children that its list says, and ends
  /// when they have, as it tolerates.
  case forEach
  /// What a step has done, it has done after the last ends of all its needs, in every round.
  case fresh
  /// What a run leaves out never runs, and nothing else is left out; a round runs what it names, with
  /// what follows where that is wanted, and nothing else.
  case selection
  /// Every attempt sees the environment of the run, whichever engine launches it.
  case environment
  /// Every attempt is told the values that its run was created with.
  case values
  /// What a step puts out is in the history before a decision or a launch reads it, and is what its
  /// command wrote; nothing else is taken for success.
  case outputs
  /// A file that a step declares is at every moment the old one or a new one as a whole, made by a command that
  /// has succeeded; and once its step has, it is the one that its last command made, after any crash.
  case files
  /// What a run vouches for that has succeeded is on the disk.
  case work
  /// Of the answers to a question the first that is one and was given in time counts, once, as it was given,
  /// whenever an engine reads it, and survives every crash; a step is approved by that or by its time alone,
  /// and nothing that needs it begins before that is durable.
  case answers
  /// A step gets the secrets that it lists and no others, and no output holds one at rest once the end
  /// of its attempt is durable.
  case secret
  /// The history brings a shadow state to the live one, and its facts call for exactly its
  /// decisions.
  case replay
  /// Bytes of the log that were durable never change.
  case append
  /// A log is called intact, torn, ambiguous or damaged exactly as the crash has left it.
  case verdict
  /// A reader sees what is durable, never more, and never a broken log.
  case said
  /// Two engines never drive one run.
  case single
  /// Never more attempts at once than `jobs`, and no free slot beside a step that could start.
  case slots
  /// The run ends once faults are over.
  case live
  /// The same seed makes the same world.
  case same

  /// Whether it can hold only on a disk that keeps what it has synced. The others hold on any disk.
  var needsHonestDisk: Bool {
    switch self {
    case .intent, .again, .live, .stop, .environment, .values, .outputs, .files, .work, .answers,
      .secret:
      true
    case .prefix, .order, .retry, .interruption, .timeout, .cancel, .grace, .once, .orphans, .truth,
      .target, .terminal, .outcome, .condition, .finally, .rollback, .notify, .forEach, .fresh,
      .selection,
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
