package import FlowCore

/// All that a history tells of one attempt, from its intent on.
package struct AttemptRecord: Equatable, Sendable {
  /// What the engine chose when the attempt had ended.
  package enum Next: Equatable, Sendable {
    /// It was the last, or has not ended.
    case none
    case retry(delayMilliseconds: Int64)
    /// It was lost, or its probe said that its work was not done.
    case rerun
    case probe
  }

  /// Why it was being stopped.
  package enum Stop: Equatable, Sendable {
    case deadline
    case request(force: Bool)
  }

  package let id: AttemptID
  /// Whether it asked the step's probe, and did not do its work.
  package let isProbe: Bool
  /// When the step became ready for it.
  package let readyAt: RunPoint
  package let scheduledAt: RunPoint
  /// Nil before the launch is known, and where nobody can say whether there was one.
  package internal(set) var launchedAt: RunPoint?
  package internal(set) var stoppedAt: RunPoint?
  package internal(set) var stop: Stop?
  /// The last engine that found it still running, if any did.
  package internal(set) var survivedTo: Int32?
  package internal(set) var endedAt: RunPoint?
  package internal(set) var end: AttemptEnd?
  package internal(set) var next = Next.none
  /// The place of the step's attempt before, or -1.
  let previous: Int32
  /// Given up before anything of it was started; then it is no attempt.
  var isWithdrawn = false

  init(
    _ id: AttemptID, isProbe: Bool, readyAt: RunPoint, scheduledAt: RunPoint, previous: Int32
  ) {
    self.id = id
    self.isProbe = isProbe
    self.readyAt = readyAt
    self.scheduledAt = scheduledAt
    self.previous = previous
  }

  package var outcome: AttemptOutcome? { end.map(AttemptOutcome.init) }
  /// Whether the command ran, or may have.
  package var isOfNote: Bool { launchedAt != nil || end != nil }

  mutating func launched(at point: RunPoint) {
    if launchedAt == nil { launchedAt = point }
  }

  /// A stop for another reason changes nothing but that it may be by force.
  mutating func stopped(_ reason: Stop, at point: RunPoint) {
    if stop == nil { stoppedAt = point }
    if stop == nil || reason == .request(force: true) { stop = reason }
  }

  mutating func ended(_ end: AttemptEnd, at point: RunPoint) {
    endedAt = point
    self.end = end
    // Whether a lost attempt was started at all is what nobody can say.
    if end.result == .lost { return }
    // A launch is recorded when it is reported; what ended soon was measured better.
    let measured = point.before(byMicroseconds: end.durationMicroseconds)
    let start = measured.elapsed < scheduledAt.elapsed ? scheduledAt : measured
    if launchedAt.map({ start.elapsed < $0.elapsed }) ?? true { launchedAt = start }
  }
}
