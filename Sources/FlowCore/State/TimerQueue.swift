/// The timers of a run: retry delays, and the run's own timeout.
package struct TimerQueue: Equatable, Sendable {
  /// Ordered by deadline, then by step; the run's timeout comes before any step.
  private struct Entry: Comparable, Sendable {
    let deadline: Instant
    let step: Int32

    static func < (left: Self, right: Self) -> Bool {
      left.deadline == right.deadline ? left.step < right.step : left.deadline < right.deadline
    }
  }

  private static let runTimeoutStep: Int32 = -1
  private var heap = BinaryHeap<Entry>()

  package init() {}

  package var nextDeadline: Instant? { heap.min?.deadline }

  package var nextTimer: TimerID? {
    heap.min.map { $0.step == Self.runTimeoutStep ? .runTimeout : .retry(step: $0.step) }
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
    }
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
    _ = heap.removeMin()
  }

  package mutating func removeAll() {
    heap.removeAll()
  }
}
