/// What a run knows of the publication of files, besides the lifecycles of its steps.
package struct Publications: Equatable, Sendable {
  /// Steps whose files must be published now. They have the slot of their command, and come before all steps
  /// that need one.
  package internal(set) var ready = ReadyQueue()
  /// How many are ready, or have an attempt: each has a slot.
  package fileprivate(set) var count = 0
  /// By step that publishes, its last attempt that runs or ran the command.
  fileprivate var makers: [Int32: Maker] = [:]
  /// How often the run has come to another boot.
  fileprivate(set) var boot: Int32 = 0

  fileprivate struct Maker: Equatable, Sendable {
    let attempt: Int32
    /// In which it was scheduled. What it has left in its stage is not synced, so it may not survive that.
    let boot: Int32
  }
}

/// When files are published: after a command that has succeeded, or whose probe says so, and before its step
/// ends. Nothing that stops the run stops what has not begun to: only an attempt that runs is told.
extension RunState {
  /// Whether an attempt that has succeeded must be followed by a publication.
  package func mustPublish(_ step: Int32) -> Bool {
    let lifecycle = steps[Int(step)]
    return !lifecycle.publishes && lifecycle.phase != .ended(.reused)
      && definition.publishes(ofStep: Int(step))
  }

  /// Whether the machine has gone down since the command ran.
  package func hasLostStage(_ step: Int32) -> Bool {
    publications.makers[step].map { $0.boot != publications.boot } ?? true
  }

  /// The last attempt that ran the command of a step with files; nil if there was none.
  package func maker(ofStep step: Int32) -> Int32? { publications.makers[step]?.attempt }
}

// MARK: Changes

extension RunState {
  mutating func bootChanged() {
    publications.boot += 1
    // What must be published has gone with its stage, unless that had begun.
    for step in steps.indices { steps[step].losesStage() }
  }

  mutating func publishScheduled(_ attempt: AttemptID, completes: Bool, _ event: Event)
    throws(HistoryError)
  {
    let step = steps[safe: attempt.step]
    guard let step, step.publishes || mustPublish(attempt.step),
      completes == hasLostStage(attempt.step)
    else { throw HistoryError(event, .misplaced) }
    try change(
      attempt.step, event, .publishScheduled(attempt.number, completes: completes))
    try Self.take(attempt.step, from: &undecided, event)
    publications.count += 1
    becameReady(attempt.step)
  }

  /// An attempt was scheduled.
  mutating func noteMaker(_ attempt: AttemptID) {
    guard steps[Int(attempt.step)].task == .command,
      definition.publishes(ofStep: Int(attempt.step))
    else { return }
    publications.makers[attempt.step] = .init(attempt: attempt.number, boot: publications.boot)
  }

  /// An attempt that publishes has ended.
  mutating func publicationEnded(_ step: Int32, _ conclusion: AttemptConclusion) {
    publications.count -= 1
    // What a step that does not succeed has put out counts for nothing.
    switch conclusion {
    case .succeeded, .reused, .lost, .interrupted: break
    case .failed, .cancelled, .workGone, .unkillable: outputs.drop(step)
    }
  }

  /// Whether the slot of an attempt that has ended is kept for a publication.
  func keepsSlot(_ step: Int32, after conclusion: AttemptConclusion) -> Bool {
    switch conclusion {
    case .succeeded: mustPublish(step)
    case .lost, .interrupted: steps[Int(step)].publishes
    case .reused, .failed, .cancelled, .workGone, .unkillable: false
    }
  }
}

extension [StepLifecycle] {
  fileprivate subscript(safe step: Int32) -> StepLifecycle? {
    indices.contains(Int(step)) ? self[Int(step)] : nil
  }
}

// MARK: Ends

extension RunState {
  /// How often the files of one execution of a command are published at most if the process that does it is
  /// killed each time, and nothing else: it may be too much for the machine.
  package static let mostPublications: Int32 = 10

  /// What an end means of an attempt that publishes, where its result does not tell.
  func noted(_ end: AttemptEnd, ofPublication attempt: AttemptID) -> AttemptEnd {
    guard end.cause == .byItself, !end.wasInterrupted else { return end }
    var noted = end
    switch end.result {
    case .exited(PublicationCode.nothingPrepared), .exited(PublicationCode.isGone):
      noted.refusal = OutputRefusal(.gone, "")
    case .exited(let code) where code != 0: noted.refusal = OutputRefusal(.unpublished, "")
    // It may have begun to put files in place, which is completed.
    case .signalled
    where attempt.number - (maker(ofStep: attempt.step) ?? 0) < Self.mostPublications:
      noted.refusal = OutputRefusal(.cutOff, "")
    default: break
    }
    return noted
  }
}
