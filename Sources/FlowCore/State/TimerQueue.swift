/// The timers of a run: retry delays, times for answers, times of slow notices, the run's own timeout, and a
/// pause of its launches.
package struct TimerQueue: Equatable, Sendable {
  /// Ordered by deadline, then by step; the timers of the run come before any step.
  private struct Entry: Comparable, Sendable {
    let deadline: Instant
    let step: Int32
    var kind = Kind.delay

    static func < (left: Self, right: Self) -> Bool {
      left.deadline == right.deadline ? left.step < right.step : left.deadline < right.deadline
    }
  }

  /// No step has two of them at a time.
  private enum Kind: Sendable {
    /// Before a retry, or of the run.
    case delay
    /// The time for an answer.
    case question
    case slow
  }

  private static let runTimeoutStep: Int32 = -1
  private var heap = BinaryHeap<Entry>()
  /// By step, when the time for an answer passes.
  private var questions: [Int32: Instant] = [:]
  /// How many times of slow notices there are.
  private var slowCount = 0
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
    return switch first.kind {
    case .delay: .retry(step: first.step)
    case .question: .question(step: first.step)
    case .slow: .slow(step: first.step)
    }
  }

  /// The steps whose delays end next, and when.
  package func nextRetries(_ count: Int) -> [(step: Int32, deadline: Instant)] {
    // More, for the run's own timeout, what is asked and slow notices.
    let entries = heap.smallest(count + 1 + questions.count + slowCount).filter {
      $0.step != Self.runTimeoutStep && $0.kind == .delay
    }
    return entries.prefix(count).map { ($0.step, $0.deadline) }
  }

  package mutating func arm(_ timer: TimerID, at deadline: Instant) {
    switch timer {
    case .retry(let step): heap.insert(Entry(deadline: deadline, step: step))
    case .question(let step):
      heap.insert(Entry(deadline: deadline, step: step, kind: .question))
      questions[step] = deadline
    case .slow(let step):
      heap.insert(Entry(deadline: deadline, step: step, kind: .slow))
      slowCount += 1
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
    keep { !($0.kind == .question && $0.step == step) }
  }

  /// No timeout is left, and no delay but those of some steps; a pause of launches stays.
  package mutating func removeAllButPause(
    keepingSlow: Bool = false, keeping isKept: (Int32) -> Bool = { _ in false }
  ) {
    keep { entry in
      switch entry.kind {
      case .delay: isKept(entry.step)
      case .question: false
      case .slow: keepingSlow
      }
    }
    questions = [:]
  }

  /// None of these steps has one any more. They ask nothing.
  mutating func remove(ofSteps steps: Range<Int>) {
    keep { !steps.contains(Int($0.step)) }
  }

  private mutating func keep(_ isKept: (Entry) -> Bool) {
    var kept = BinaryHeap<Entry>()
    slowCount = 0
    while let entry = heap.removeMin() {
      if !isKept(entry) { continue }
      kept.insert(entry)
      if entry.kind == .slow { slowCount += 1 }
    }
    heap = kept
  }

  /// The delays of these steps are over; they are not retried.
  package mutating func removeRetries(where isRemoved: (Int32) -> Bool) {
    keep { $0.kind != .delay || $0.step == Self.runTimeoutStep || !isRemoved($0.step) }
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
      moved.insert(Entry(deadline: deadline, step: entry.step, kind: entry.kind))
      if entry.kind == .question { questions[entry.step] = deadline }
    }
    heap = moved
  }

  package mutating func removeNext() {
    if nextTimer == .launchPause {
      launchPause = nil
    } else {
      let first = heap.removeMin()
      if let first, first.kind == .question { questions[first.step] = nil }
      if let first, first.kind == .slow { slowCount -= 1 }
    }
  }

  package mutating func removeAll() {
    heap.removeAll()
    questions = [:]
    slowCount = 0
    launchPause = nil
  }
}
