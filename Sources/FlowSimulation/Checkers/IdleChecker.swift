package import FlowCore

/// Looks at an engine that waits, has reported all and commits nothing: it must have done what could
/// be done, and wake up in time for what comes. A commit that waits for room holds up what follows
/// from it; then the engine must look for room each second.
package enum IdleChecker {
  /// - Parameters:
  ///   - durable: the state that the durable history makes.
  ///   - running: attempts that were launched and have not ended.
  ///   - deadline: when the engine wakes up at the latest.
  ///   - latestLook: when it must look for room at the latest; nil if no commit waits for it.
  package static func check(
    _ durable: RunState, running: Int, jobs: Int, until deadline: Instant?,
    latestLook: Instant? = nil
  ) throws(Violation) {
    let wakesUp = deadline ?? Instant(microseconds: .max)
    if let latestLook {
      if wakesUp > latestLook {
        throw Violation(.live, "the engine waits for room, and does not look for it")
      }
      // What the engine has recorded since, timers that fired among it, is not durable.
      return
    }
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
    if wakesUp > timer {
      throw Violation(.live, "the engine sleeps past a timer")
    }
  }
}
