package import FlowCore

/// Looks at an engine that waits, has reported all and commits nothing: it must have done what could
/// be done, and wake up in time for what comes.
package enum IdleOracle {
  /// - Parameters:
  ///   - durable: the state that the durable history makes.
  ///   - running: attempts that were launched and have not ended.
  ///   - deadline: when the engine wakes up at the latest.
  package static func check(
    _ durable: RunState, running: Int, jobs: Int, until deadline: Instant?
  ) throws(Violation) {
    if running < jobs {
      guard durable.openAttempts == running else {
        throw Violation(
          .slots, "\(durable.openAttempts - running) intents wait beside a free slot")
      }
      guard durable.ready.isEmpty else {
        throw Violation(.slots, "\(durable.ready.count) ready steps wait beside a free slot")
      }
    }
    guard let timer = durable.timers.nextDeadline else { return }
    if (deadline ?? Instant(microseconds: .max)) > timer {
      throw Violation(.live, "the engine sleeps past a timer")
    }
  }
}
