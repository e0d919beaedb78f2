package import FlowCore
package import FlowLog

/// What can be seen of an attempt that the history left open, while no engine drives the run.
package enum AbandonedAttempt: Equatable, Sendable {
  /// Its monitor lives.
  /// - Parameter processID: of its command; nil where the record does not say.
  case runs(processID: Int32?)
  /// Its monitor noted how, which the next engine will record.
  case ended(AttemptEnd)
  /// Nothing shows that it was started.
  case notStarted
  /// It runs no more, and nobody noted how it ended.
  case lost

  /// Looks at the attempt's record, and changes nothing.
  ///
  /// - Parameter step: its id.
  package init(
    ofStep step: String, _ attempt: AttemptID, in folder: RunFolder, _ storage: some Storage
  ) {
    let sighting = RecordReader(storage: storage)
      .look(atPath: folder.record(ofStep: step, attempt: attempt.number))
    // Whose the record is, and what history it knows of, are the next engine's questions.
    switch Settlement(
      sighting.kind, isLocked: sighting.isLocked, isSamePlace: true, isIntentKnown: true)
    {
    case .runs, .runsElsewhere, .awaitsLock:
      self = .runs(processID: sighting.record?.command?.processID)
    case .ended:
      guard let end = sighting.record?.end else { preconditionFailure("an end that is not noted") }
      self = .ended(end)
    case .neverLaunched: self = .notStarted
    case .lost, .historyIsMissing: self = .lost
    }
  }
}
