/// An input of the engine: a fact reported by the driver.
package enum Input: Equatable, Sendable {
  /// The command of an attempt was started. Reported once.
  case attemptLaunched(AttemptID, processID: Int32)
  /// The attempt passed its deadline and is being stopped. Reported after its launch.
  case deadlinePassed(AttemptID)
  /// No process of the attempt is left. Later reports about it are ignored.
  case attemptEnded(AttemptID, AttemptEnd)
  /// What an attempt that succeeds has put out, in all its parts. Its end is reported next, in the same
  /// wake-up.
  case outputsPublished(AttemptID, [OutputPart])
  /// The attempt was stopped before any process of it was started.
  case attemptWithdrawn(AttemptID)
  case cancelRequested(CancelRequest)
  /// A person's answer. One that is to nothing which is asked now, or was given too late, is ignored.
  case answered(step: Int32, Answer)
  /// A commit waited this long for disk space.
  case roomReturned(waitedMicroseconds: Int64, of: Shortage = .space)
  /// The sync of the work is complete, or has failed with this error number.
  case workSynced(failure: Int32?)
  /// Time has passed; `nextDeadline` may be due.
  case timePassed
  /// Every event up to this sequence number is durable: the commit in flight is complete.
  case committed(through: Int64)
}

/// An answer with the step that it names, as a request brings it.
package struct FiledAnswer: Hashable, Sendable {
  package var step: Int32
  package var answer: Answer

  package init(step: Int32, _ answer: Answer) {
    self.step = step
    self.answer = answer
  }
}

/// An attempt that an earlier engine scheduled and whose end is not in the history, and its fate.
package struct FoundAttempt: Equatable, Sendable {
  package enum State: Equatable, Sendable {
    case neverLaunched
    case running(processID: Int32, forMicroseconds: Int64)
    /// No process of it is left. `.lost` if its outcome is unknown.
    case ended(AttemptEnd)
  }

  package var attempt: AttemptID
  package var state: State
  /// What it has put out, if it has ended.
  package var outputs: [OutputPart]

  package init(_ attempt: AttemptID, _ state: State, outputs: [OutputPart] = []) {
    self.attempt = attempt
    self.state = state
    self.outputs = outputs
  }
}

/// An effect that the driver performs. An effect caused by an event is emitted after it is durable.
package enum Effect: Equatable, Sendable {
  /// Append these consecutive events and make them durable, then report `committed`. One commit at
  /// a time.
  case commit([Event])
  /// Start to make durable what attempts have written, then report `workSynced`. One at a time.
  case syncWork
  /// Start the command of an attempt. Answered by `attemptLaunched` or `attemptEnded`.
  case launch(Launch)
  /// Stop an attempt that was launched; with `force`, without grace. Answered by `attemptEnded`.
  case stop(AttemptID, force: Bool)
  /// The run has ended, and its end is durable.
  case finish(RunOutcome)
}

/// A durable intent.
package struct Launch: Equatable, Sendable {
  package var attempt: AttemptID
  /// The number of the event that is the intent.
  package var intent: Int64
  package var task: AttemptTask

  package init(_ attempt: AttemptID, intent: Int64, _ task: AttemptTask = .command) {
    self.attempt = attempt
    self.intent = intent
    self.task = task
  }
}
