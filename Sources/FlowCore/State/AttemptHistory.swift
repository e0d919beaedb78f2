/// One attempt, as recorded in the history of its run.
package struct AttemptHistory: Equatable, Sendable {
  package let id: AttemptID
  package let task: AttemptTask
  /// Nil before the launch is known, and for a lost attempt that may never have been launched.
  package let launchedAt: RunPoint?
  /// Nil while the attempt is open.
  package let end: AttemptEnd?
  private let times: Kept

  /// Stored out of line: most histories keep no times.
  private indirect enum Kept: Equatable, Sendable {
    case nothing
    case times(AttemptTimes)
  }

  init(
    _ id: AttemptID, _ task: AttemptTask, launchedAt: RunPoint?, end: AttemptEnd?,
    times: AttemptTimes?
  ) {
    self.id = id
    self.task = task
    self.launchedAt = launchedAt
    self.end = end
    self.times = times.map(Kept.times) ?? .nothing
  }

  /// Whether it ran the step's probe instead of its command.
  package var isProbe: Bool { task == .probe }
  package var conclusion: AttemptConclusion? { end.map { AttemptConclusion($0, of: task) } }
  package var outcome: AttemptOutcome? { end.map(AttemptOutcome.init) }
  package var durationMicroseconds: Int64? { end?.durationMicroseconds }

  /// Whether the command ran, or may have.
  package var isOfNote: Bool { launchedAt != nil || end != nil }
}

// MARK: - With times

extension AttemptHistory {
  /// The engine's decision after the attempt had ended.
  package enum Next: Equatable, Sendable {
    /// The attempt was the last one, or has not ended.
    case none
    case retry(delayMilliseconds: Int64)
    /// The attempt was lost, or its probe reported that the work was not done.
    case rerun
    case probe
    /// The command has succeeded, or a publication was lost.
    case publication
  }

  /// Why an attempt was stopped.
  package enum Stop: Equatable, Sendable {
    case deadline
    case request(force: Bool)
  }

  private var kept: AttemptTimes {
    guard case .times(let times) = times else {
      preconditionFailure("the times of attempts were not kept")
    }
    return times
  }

  /// When the step became ready for it.
  package var readyAt: RunPoint { kept.readyAt }
  package var scheduledAt: RunPoint { kept.scheduledAt }
  /// When the engine began to stop it; nil if it did not.
  package var stoppedAt: RunPoint? { kept.stoppedAt }
  package var stop: Stop? { kept.stop }
  /// The last engine that reattached to it; nil if none did.
  package var survivedTo: Int32? { kept.survivedTo }
  package var endedAt: RunPoint? { kept.endedAt }
  package var next: Next { kept.next }
}

/// The times of an attempt, and the decision that followed it.
struct AttemptTimes: Equatable, Sendable {
  let readyAt: RunPoint
  let scheduledAt: RunPoint
  var stoppedAt: RunPoint?
  var endedAt: RunPoint?
  var stop: AttemptHistory.Stop?
  var survivedTo: Int32?
  var next = AttemptHistory.Next.none

  init(readyAt: RunPoint, scheduledAt: RunPoint) {
    self.readyAt = readyAt
    self.scheduledAt = scheduledAt
  }

  /// A second stop keeps the first reason; it can only add force.
  mutating func stopped(_ reason: AttemptHistory.Stop, at point: RunPoint) {
    if stop == nil { stoppedAt = point }
    if stop == nil || reason == .request(force: true) { stop = reason }
  }
}
