package import FlowCore
package import FlowStorage

/// What can be seen of an attempt that the history left open, while no engine drives the run.
package enum AbandonedAttempt: Equatable, Sendable {
  /// Its monitor lives.
  /// - Parameter processID: of its command; nil where the record does not say, or another kernel or
  ///   namespace counts its processes.
  case runs(processID: Int32?)
  /// Its monitor noted how, which the next engine will record.
  case ended(AttemptEnd)
  /// Nothing shows that it was started.
  case notStarted
  /// It has no monitor any more, and nobody noted how it ended. What it started may go on: the next
  /// engine looks for that.
  case lost
  /// Its record cannot be read.
  case unknown(StorageError)

  /// Looks at the attempt's record, and changes nothing.
  ///
  /// - Parameters:
  ///   - state: of the run; the attempt is one of those that are open in it.
  ///   - here: where this process runs.
  package init(
    _ attempt: AttemptID, _ state: RunState, seenFrom here: HostContext, in folder: RunFolder,
    _ storage: some Storage
  ) {
    let step = Int(attempt.step)
    let path = folder.record(ofStep: state.definition.steps[step].id, attempt: attempt.number)
    let sighting: RecordSighting
    do throws(StorageError) {
      sighting = try RecordReader(storage: storage).look(atPath: path)
    } catch {
      self = .unknown(error)
      return
    }
    let recorded = sighting.record?.start?.host ?? state.engine.map { HostMark($0.host) }
    // What history the record knows of is the next engine's question.
    switch AttemptFate(
      sighting.kind, isLocked: sighting.isLocked, isSameHost: recorded == HostMark(here),
      isIntentKnown: true)
    {
    case .runs, .awaitsLock: self = .runs(processID: sighting.record?.command?.processID)
    case .runsElsewhere: self = .runs(processID: nil)
    case .ended:
      guard let end = sighting.record?.end else { preconditionFailure("an end that is not noted") }
      self = .ended(end)
    // What was launched has left no trace.
    case .neverLaunched where state.steps[step].phase == .running: self = .lost
    case .neverLaunched: self = .notStarted
    case .lost, .historyIsMissing: self = .lost
    }
  }
}
