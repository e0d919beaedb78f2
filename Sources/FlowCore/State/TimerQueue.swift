/// The timers of a run: retry delays, times for answers, the run's own timeout, and a pause of its launches.
package struct TimerQueue: Equatable, Sendable {
  /// Ordered by deadline, then by step; the timers of the run come before any step.
  private struct Entry: Comparable, Sendable {
    let deadline: Instant
    let step: Int32
    /// Whether it is the time for an answer; such a step has no retries.
    var isQuestion = false

    static func < (left: Self, right: Self) -> Bool {
      left.deadline == right.deadline ? left.step < right.step : left.deadline < right.deadline
    }
  }

  private static let runTimeoutStep: Int32 = -1
  private var heap = BinaryHeap<Entry>()
  /// By step, when the time for an answer passes.
  private var questions: [Int32: Instant] = [:]
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
    if first.step == Self.runTimeoutStep { return .runTimeout }
    return first.isQuestion ? .question(step: first.step) : .retry(step: first.step)
  }

  /// The steps whose delays end next, and when.
  package func nextRetries(_ count: Int) -> [(step: Int32, deadline: Instant)] {
    // More, for the run's own timeout and what is asked.
    let entries = heap.smallest(count + 1 + questions.count).filter {
      $0.step != Self.runTimeoutStep && !$0.isQuestion
    }
    return entries.prefix(count).map { ($0.step, $0.deadline) }
  }

  package mutating func arm(_ timer: TimerID, at deadline: Instant) {
    switch timer {
    case .retry(let step): heap.insert(Entry(deadline: deadline, step: step))
    case .question(let step):
      heap.insert(Entry(deadline: deadline, step: step, isQuestion: true))
      questions[step] = deadline
    case .runTimeout: heap.insert(Entry(deadline: deadline, step: Self.runTimeoutStep))
    case .launchPause: launchPause = launchPause.map { max($0, deadline) } ?? deadline
    }
  }

  /// When the time for an answer passes; nil if there is none.
  package func deadline(ofQuestion step: Int32) -> Instant? { questions[step] }

  /// The step has its answer.
  package mutating func remove(question step: Int32) {
    guard questions.removeValue(forKey: step) != nil else { return }
    // Answers are far rarer than delays.
    var rest = BinaryHeap<Entry>()
    while let entry = heap.removeMin() {
      if !(entry.isQuestion && entry.step == step) { rest.insert(entry) }
    }
    heap = rest
  }

  /// No timeout is left, and no delay but those of some steps; a pause of launches stays.
  package mutating func removeAllButPause(keeping isKept: (Int32) -> Bool = { _ in false }) {
    var kept = BinaryHeap<Entry>()
    while let entry = heap.removeMin() {
      if !entry.isQuestion && isKept(entry.step) { kept.insert(entry) }
    }
    heap = kept
    questions = [:]
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
      let deadline = now.monotonic.advanced(byMicroseconds: rest)
      moved.insert(Entry(deadline: deadline, step: entry.step, isQuestion: entry.isQuestion))
      if entry.isQuestion { questions[entry.step] = deadline }
    }
    heap = moved
  }

  package mutating func removeNext() {
    if nextTimer == .launchPause {
      launchPause = nil
    } else {
      let first = heap.removeMin()
      if let first, first.isQuestion { questions[first.step] = nil }
    }
  }

  package mutating func removeAll() {
    heap.removeAll()
    questions = [:]
    launchPause = nil
  }
}
