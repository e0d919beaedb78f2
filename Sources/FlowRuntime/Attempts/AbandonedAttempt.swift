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
    let wasHere = state.engine.map { HostMark($0.host) == HostMark(here) } ?? false
    // Whether the record knows of events that the history lacks is for the next engine to find out.
    switch AttemptFate(sighting, seenFrom: HostMark(here), wasHere: wasHere) {
    case .runs(_, let command): self = .runs(processID: command?.processID)
    case .exiting(let record), .unrecognizable(let record):
      self = .runs(processID: record.command?.processID)
    case .runsElsewhere: self = .runs(processID: nil)
    case .ended(let end): self = .ended(end)
    // A command that was launched has left no trace.
    case .neverLaunched where state.steps[step].phase == .running: self = .lost
    case .neverLaunched: self = .notStarted
    case .lost: self = .lost
    }
  }
}
