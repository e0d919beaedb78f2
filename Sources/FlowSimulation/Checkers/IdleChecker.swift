import FlowCore
import FlowRuntime

/// An engine that waits, has reported everything and commits nothing must have done what could be
/// done, and must wake up in time for what comes. A commit that waits for space on the disk holds
/// up what follows from it; then the engine must look for space each second.
final class IdleChecker {
  private let shadow: ShadowRun
  private let jobs: Int
  /// Attempts that hold a slot of the engine that lives: sent on their way, or found running.
  private var begun: Set<AttemptID> = []

  init(_ shadow: ShadowRun, jobs: Int) {
    self.shadow = shadow
    self.jobs = jobs
  }

  /// - Parameters:
  ///   - durable: the state that the durable history makes.
  ///   - running: attempts that were launched and have not ended, without those of rollbacks and
  ///     notices.
  ///   - rollbacks: the same of these; nil where ends of them may have been recorded that are not durable.
  ///   - deadline: when the engine wakes up at the latest.
  ///   - latestLook: when it must look for space at the latest; nil if no commit waits for it.
  static func check(
    _ durable: RunState, running: Int, rollbacks: Int? = nil, jobs: Int, until deadline: Instant?,
    latestLook: Instant? = nil
  ) throws(Violation) {
    let wakesUp = deadline ?? Instant(microseconds: .max)
    if let latestLook {
      if wakesUp > latestLook {
        throw Violation(.live, "the engine waits for space, and does not look for it")
      }
      // What the engine has recorded since, such as timers that fired, is not durable.
      return
    }
    // After an interruption nothing is launched, until a timer ends that.
    if running < jobs, !durable.isPaused {
      let waiting = durable.openAttempts - durable.rollbacks.openAttempts - running
      guard waiting == 0 else {
        throw Violation(.slots, "\(waiting) intents wait beside a free slot")
      }
      guard durable.ready.isEmpty else {
        throw Violation(.slots, "\(durable.ready.count) ready steps wait beside a free slot")
      }
    }
    if let rollbacks, !durable.isPaused,
      durable.rollbacks.openAttempts != rollbacks || !durable.rollbacks.ready.isEmpty
    {
      throw Violation(.slots, "a rollback or a notice waits, and needs no slot")
    }
    if rollbacks != nil, !durable.isPaused, !durable.publications.ready.isEmpty {
      throw Violation(.slots, "a publication waits, and has its slot")
    }
    guard let timer = durable.timers.nextDeadline else { return }
    if wakesUp > timer {
      throw Violation(.live, "the engine sleeps past a timer")
    }
  }
}

extension IdleChecker: WaitChecker {
  func learned(_ event: Event, in world: World) throws(Violation) {
    if case .attemptFound(let attempt, .running) = event.body { begun.insert(attempt) }
  }

  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    begun.insert(request.attempt)
  }

  func engineEnded(in world: World) throws(Violation) { begun = [] }

  func waits(_ wait: EngineWait, in world: World) throws(Violation) {
    let saysItLacksSpace = wait.said.contains(.space)
    let launchWaits = world.runner.lacking.contains(.space)
    if saysItLacksSpace && !world.disk.lacksSpace && !launchWaits {
      throw Violation(.slots, "the engine waits for space, and there is some")
    }
    if wait.said.contains(.processes) && !world.processes.isAnyRefused {
      throw Violation(.slots, "the engine waits for a process, and was refused none")
    }
    // It says the same where a launch waits, and then a commit may wait, too.
    if saysItLacksSpace && launchWaits { return }
    let latestLook = saysItLacksSpace ? world.monotonicNow.advanced(byMilliseconds: 1_000) : nil
    _ = try shadow.inspect { (durable) throws(Violation) in
      let running = durable.openAttemptIDs.filter { begun.contains($0) }
      let rollbacks = running.count { durable.definition.needsNoSlot(Int($0.step)) }
      // Ends share a commit that comes soon. A launch without its secrets ends at once.
      let soon = world.monotonicNow.advanced(byMilliseconds: 5)
      let isGathering = wait.deadline.map { $0 <= soon } ?? false
      try Self.check(
        durable, running: running.count - rollbacks, rollbacks: isGathering ? nil : rollbacks,
        jobs: jobs,
        until: wait.deadline, latestLook: latestLook)
    }
  }
}
