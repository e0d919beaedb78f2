import FlowCore
import Testing

@Suite struct TimerQueueTests {
  private static func instant(_ microseconds: Int64) -> Instant {
    Instant(microseconds: microseconds)
  }

  private static func moment(monotonic: Int64, wall: Int64) -> Moment {
    Moment(monotonic: instant(monotonic), wall: WallTime(microseconds: wall))
  }

  /// The timers in the order in which they fire, with their deadlines.
  private static func drained(_ timers: TimerQueue) -> [String] {
    var timers = timers
    var found: [String] = []
    while let timer = timers.nextTimer, let deadline = timers.nextDeadline {
      found.append("\(timer) at \(deadline.microseconds)")
      timers.removeNext()
    }
    return found
  }

  @Test func theRunsOwnLimitComesFirstThenStepsInTheirOrder() {
    var timers = TimerQueue()
    timers.arm(.retry(step: 2), at: Self.instant(5))
    timers.arm(.retry(step: 1), at: Self.instant(5))
    timers.arm(.retry(step: 9), at: Self.instant(3))
    timers.arm(.runTimeout, at: Self.instant(5))
    #expect(
      Self.drained(timers) == [
        "retry(step: 9) at 3", "runTimeout at 5", "retry(step: 1) at 5", "retry(step: 2) at 5",
      ])
  }

  @Test func aPauseComesBeforeTheOthersAndThereIsOne() {
    var timers = TimerQueue()
    timers.arm(.launchPause, at: Self.instant(5))
    timers.arm(.launchPause, at: Self.instant(2))
    timers.arm(.runTimeout, at: Self.instant(5))
    timers.arm(.retry(step: 1), at: Self.instant(4))
    #expect(timers.nextRetries(3).map(\.step) == [1])
    #expect(
      Self.drained(timers) == ["retry(step: 1) at 4", "launchPause at 5", "runTimeout at 5"])
    timers.endLaunchPause()
    #expect(Self.drained(timers) == ["retry(step: 1) at 4", "runTimeout at 5"])
  }

  @Test(arguments: 0...5)
  func theNextRetriesAreToldWithoutTheRunsLimit(count: Int) {
    var timers = TimerQueue()
    timers.arm(.runTimeout, at: Self.instant(2))
    for step in [3, 1, 4, 2] as [Int32] {
      timers.arm(.retry(step: step), at: Self.instant(Int64(step)))
    }
    let retries = timers.nextRetries(count)
    #expect(retries.map(\.step) == Array([1, 2, 3, 4].prefix(count)))
    #expect(retries.map(\.deadline.microseconds) == Array([1, 2, 3, 4].prefix(count)))
    #expect(TimerQueue().nextRetries(count).isEmpty)
  }

  @Test func timesOfSlowNoticesStayWhereTheyAreKept() {
    var timers = TimerQueue()
    timers.arm(.slow(step: 7), at: Self.instant(4))
    timers.arm(.retry(step: 8), at: Self.instant(3))
    timers.arm(.retry(step: 1), at: Self.instant(2))
    timers.arm(.slow(step: 9), at: Self.instant(1))
    #expect(timers.nextRetries(2).map(\.step) == [1, 8])
    timers.moveToNewClock(
      from: Self.moment(monotonic: 0, wall: 0), to: Self.moment(monotonic: 10, wall: 0))
    timers.removeAllButPause(keepingSlow: true) { $0 == 8 }
    #expect(
      Self.drained(timers) == [
        "slow(step: 9) at 11", "retry(step: 8) at 13", "slow(step: 7) at 14",
      ]
    )
    timers.removeNext()
    #expect(timers.nextRetries(2).map(\.step) == [8])
    timers.removeAllButPause { $0 == 8 }
    #expect(Self.drained(timers) == ["retry(step: 8) at 13"])
  }

  @Test func whatRemainsGoesOnByANewClock() {
    var timers = TimerQueue()
    timers.arm(.retry(step: 0), at: Self.instant(1_000))
    timers.arm(.retry(step: 1), at: Self.instant(1_500))
    // It was due before, and nobody was there.
    timers.arm(.retry(step: 2), at: Self.instant(100))
    timers.moveToNewClock(
      from: Self.moment(monotonic: 400, wall: 10_000), to: Self.moment(monotonic: 7, wall: 10_700))
    #expect(
      Self.drained(timers) == [
        "retry(step: 0) at 7", "retry(step: 2) at 7", "retry(step: 1) at 407",
      ])
  }

  /// What a log says may be anything. A difference that no number holds has not gone by.
  @Test(arguments: [(Int64.min, Int64.max), (.max, .min)])
  func wallTimesTooFarApartTakeNothingFromADelay(before: Int64, after: Int64) {
    var timers = TimerQueue()
    timers.arm(.retry(step: 0), at: Self.instant(600))
    timers.moveToNewClock(
      from: Self.moment(monotonic: 100, wall: before), to: Self.moment(monotonic: 0, wall: after))
    #expect(Self.drained(timers) == ["retry(step: 0) at 500"])
  }

  @Test func aDelayThatNoNumberHoldsIsOver() {
    var timers = TimerQueue()
    timers.arm(.retry(step: 0), at: Self.instant(.max))
    timers.moveToNewClock(
      from: Self.moment(monotonic: -1, wall: 0), to: Self.moment(monotonic: 3, wall: 0))
    #expect(Self.drained(timers) == ["retry(step: 0) at 3"])
  }

  @Test func aDeadlineBeyondTheEndOfTimeIsTheEndOfTime() {
    let late = Self.instant(.max - 1)
    #expect(late.advanced(byMicroseconds: 1).microseconds == .max)
    #expect(late.advanced(byMicroseconds: 2).microseconds == .max)
    #expect(late.advanced(byMilliseconds: 1).microseconds == .max)
    #expect(late.advanced(byMilliseconds: .max).microseconds == .max)
  }
}
