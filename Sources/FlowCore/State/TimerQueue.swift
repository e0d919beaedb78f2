/// The timers of a run: retry delays, the run's own timeout, and a pause of its launches.
package struct TimerQueue: Equatable, Sendable {
  /// Ordered by deadline, then by step; the timers of the run come before any step.
  private struct Entry: Comparable, Sendable {
    let deadline: Instant
    let step: Int32

    static func < (left: Self, right: Self) -> Bool {
      left.deadline == right.deadline ? left.step < right.step : left.deadline < right.deadline
    }
  }

  private static let runTimeoutStep: Int32 = -1
  private var heap = BinaryHeap<Entry>()
  /// Until when nothing is launched; nil for no pause. Another interruption makes it longer.
  package private(set) var launchPause: Instant?

  package init() {}

  package var nextDeadline: Instant? {
    guard let pause = launchPause, let first = heap.min?.deadline else {
      return launchPause ?? heap.min?.deadline
    }
    return min(pause, first)
  }

  package var nextTimer: TimerID? {
    guard let first = heap.min else { return launchPause.map { _ in .launchPause } }
    if let launchPause, launchPause <= first.deadline { return .launchPause }
    return first.step == Self.runTimeoutStep ? .runTimeout : .retry(step: first.step)
  }

  /// The steps whose delays end next, and when.
  package func nextRetries(_ count: Int) -> [(step: Int32, deadline: Instant)] {
    // One more, for the run's own timeout.
    let entries = heap.smallest(count + 1).filter { $0.step != Self.runTimeoutStep }
    return entries.prefix(count).map { ($0.step, $0.deadline) }
  }

  package mutating func arm(_ timer: TimerID, at deadline: Instant) {
    switch timer {
    case .retry(let step): heap.insert(Entry(deadline: deadline, step: step))
    case .runTimeout: heap.insert(Entry(deadline: deadline, step: Self.runTimeoutStep))
    case .launchPause: launchPause = launchPause.map { max($0, deadline) } ?? deadline
    }
  }

  /// No timeout is left, and no delay but those of some steps; a pause of launches stays.
  package mutating func removeAllButPause(keeping isKept: (Int32) -> Bool = { _ in false }) {
    var kept = BinaryHeap<Entry>()
    while let entry = heap.removeMin() { if isKept(entry.step) { kept.insert(entry) } }
    heap = kept
  }

  /// Launches are not paused any more.
  package mutating func endLaunchPause() {
    launchPause = nil
  }

  /// Rebases the timers after a reboot restarted the monotonic clock: the rest of each delay
  /// continues, minus the wall time that has passed. Setting the wall clock cannot make a delay
  /// longer.
  ///
  /// - Parameters:
  ///   - last: when the previous event was recorded, by the old clock.
  ///   - now: the same moment by the new clock.
  package mutating func moveToNewClock(from last: Moment, to now: Moment) {
    let (elapsed, overflow) = now.wall.microseconds.subtractingReportingOverflow(
      last.wall.microseconds)
    let passed = overflow ? 0 : max(0, elapsed)
    var moved = BinaryHeap<Entry>()
    while let entry = heap.removeMin() {
      let remainder = entry.deadline.microseconds.subtractingReportingOverflow(
        last.monotonic.microseconds)
      let rest = remainder.overflow ? 0 : max(0, max(0, remainder.partialValue) - passed)
      moved.insert(
        Entry(deadline: now.monotonic.advanced(byMicroseconds: rest), step: entry.step))
    }
    heap = moved
  }

  package mutating func removeNext() {
    if nextTimer == .launchPause {
      launchPause = nil
    } else {
      _ = heap.removeMin()
    }
  }

  package mutating func removeAll() {
    heap.removeAll()
    launchPause = nil
  }
}
