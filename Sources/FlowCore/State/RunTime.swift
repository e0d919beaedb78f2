/// A point in a run: in the run's own time, which never goes back, and in wall time.
package struct RunPoint: Equatable, Sendable {
  /// Microseconds since the run was created, as `RunTime` counts them.
  package var elapsed: Int64
  package var wall: WallTime

  package init(elapsed: Int64, wall: WallTime) {
    self.elapsed = elapsed
    self.wall = wall
  }

  /// The point this many microseconds earlier, but not before the run was created.
  package func before(byMicroseconds delta: Int64) -> RunPoint {
    let passed = min(elapsed, max(0, delta))
    return RunPoint(
      elapsed: elapsed - passed, wall: WallTime(microseconds: wall.microseconds &- passed))
  }
}

/// The time of a run, accumulated from event to event: by the monotonic clock within a boot, and by
/// the wall clock across boots, the only clock that spans both. A change of the wall clock
/// therefore moves no attempt, and a reboot shows as a gap.
package struct RunTime: Equatable, Sendable {
  private var last: Moment?
  private var elapsed: Int64 = 0
  private var bootID: String?

  init() {}

  /// Applies the next event.
  ///
  /// - Returns: its point.
  mutating func advance(to event: Event) -> RunPoint {
    elapsed = elapsed(at: event)
    last = event.moment
    if case .engineStarted(let engine) = event.body { bootID = engine.host.bootID }
    return RunPoint(elapsed: elapsed, wall: event.moment.wall)
  }

  /// The time of the event that comes next.
  package func elapsed(at next: Event) -> Int64 {
    elapsedThen(next.moment, isSameClock: isSameClock(next))
  }

  /// The point of a moment without an event, such as now.
  ///
  /// - Parameter bootID: the boot of the clock that was read.
  package func point(of moment: Moment, bootID: String) -> RunPoint {
    RunPoint(
      elapsed: elapsedThen(moment, isSameClock: bootID == self.bootID), wall: moment.wall)
  }

  private func isSameClock(_ event: Event) -> Bool {
    switch event.body {
    case .engineStarted(let engine): bootID == nil || engine.host.bootID == bootID
    // The next event names the new boot.
    case .runReopened: false
    default: true
    }
  }

  private func elapsedThen(_ moment: Moment, isSameClock: Bool) -> Int64 {
    guard let last else { return 0 }
    let passed =
      isSameClock
      ? moment.monotonic.microseconds.subtractingReportingOverflow(last.monotonic.microseconds)
      : moment.wall.microseconds.subtractingReportingOverflow(last.wall.microseconds)
    let (sum, overflow) = elapsed.addingReportingOverflow(
      passed.overflow ? 0 : max(0, passed.partialValue))
    return overflow ? .max : sum
  }
}
