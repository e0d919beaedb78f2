package import FlowCore
package import FlowStorage

/// The state of an attempt that the history left open, as seen while no engine drives the run.
package enum AbandonedAttempt: Equatable, Sendable {
  /// Its monitor lives.
  /// - Parameter processID: of its command; nil where the attempt record does not say, or where
  ///   another kernel or process namespace assigned it.
  case runs(processID: Int32?)
  /// Its monitor noted the end; the next engine will record it in the history.
  case ended(AttemptEnd)
  /// There is no sign that it was started.
  case notStarted
  /// Its monitor is gone and noted no end. Processes of it may remain: the next engine looks for
  /// them.
  case lost
  /// Only a later version of flow can read its attempt record.
  case newer
  /// Its attempt record cannot be read.
  case unknown(StorageError)

  /// Reads the attempt record, and changes nothing.
  ///
  /// - Parameters:
  ///   - state: of the run, in which the attempt is open.
  ///   - here: the host context of this process.
  package init(
    _ attempt: AttemptID, _ state: RunState, seenFrom here: HostContext, in folder: RunFolder,
    _ storage: some Storage
  ) {
    let step = Int(attempt.step)
    let path = folder.record(ofStep: state.definition.fileID(ofStep: step), attempt: attempt.number)
    let sighting: RecordSighting
    do throws(StorageError) {
      sighting = try RecordReader(storage: storage).look(atPath: path)
    } catch {
      self = .unknown(error)
      return
    }
    let wasHere = state.engine.map { HostMark($0.host) == HostMark(here) } ?? false
    // The next engine checks whether the record knows of events that the history lacks.
    switch AttemptFate(sighting, seenFrom: HostMark(here), wasHere: wasHere) {
    case .runs(_, let command): self = .runs(processID: command?.processID)
    case .exiting(let record), .unrecognizable(let record):
      self = .runs(processID: record.command?.processID)
    case .runsElsewhere: self = .runs(processID: nil)
    case .ended(let end): self = .ended(end)
    // The history says that it was launched, and its record is gone.
    case .neverLaunched where state.steps[step].phase == .running: self = .lost
    case .neverLaunched: self = .notStarted
    case .lost: self = .lost
    case .newer: self = .newer
    }
  }
}
