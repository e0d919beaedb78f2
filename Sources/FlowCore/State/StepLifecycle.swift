/// Where one step stands.
///
///     waiting ─▶ ready ─▶ starting ─▶ running ─▶ (stopping) ─▶ ended ─▶ succeeded │ failed │ cancelled
///        │         ▲ │        │                                  │
///        │         │ │        └── withdrawn ─▶ ready             └─▶ backingOff ─▶ ready
///        └─────────┴─┴─▶ doomed ─▶ skipped │ cancelled           └─▶ ready (lost: run again, or probe)
///
/// `ended` and `doomed` last no longer than a wake-up: the decision that follows shares its commit.
package struct StepLifecycle: Equatable, Sendable {
  package enum Phase: Equatable, Sendable {
    case waiting(unmetNeeds: Int32)
    case ready
    case starting
    case running
    case stopping
    case ended(AttemptVerdict)
    case backingOff
    /// A need failed, or the run stops: no attempt will be scheduled any more.
    case doomed
    case succeeded
    case failed
    case skipped
    case cancelled
  }

  package private(set) var phase: Phase
  /// The number of the last attempt that was scheduled; zero before the first.
  package private(set) var attempt: Int32 = 0
  /// Attempts that failed and count against `maxAttempts`.
  package private(set) var failures: Int32 = 0
  /// Attempts that were lost.
  package private(set) var losses: Int32 = 0
  /// Whether the attempt that is open, or comes next, asks the step's probe.
  package private(set) var asksProbe = false
  /// The number of the last attempt before this round of the run.
  private var attemptBefore: Int32 = 0

  package init(needs: Int32) {
    phase = needs == 0 ? .ready : .waiting(unmetNeeds: needs)
  }

  private init(needs: Int32, attempt: Int32) {
    self.init(needs: needs)
    self.attempt = attempt
    attemptBefore = attempt
  }

  /// Whether nothing will change any more.
  package var isSettled: Bool {
    switch phase {
    case .succeeded, .failed, .skipped, .cancelled: true
    case .waiting, .ready, .starting, .running, .stopping, .ended, .backingOff, .doomed: false
    }
  }

  /// Whether an attempt was scheduled in this round of the run.
  package var hasBegun: Bool { attempt > attemptBefore }

  /// Whether an attempt is scheduled that has no end.
  package var hasOpenAttempt: Bool {
    switch phase {
    case .starting, .running, .stopping: true
    case .waiting, .ready, .ended, .backingOff, .doomed, .succeeded, .failed, .skipped, .cancelled:
      false
    }
  }

  // MARK: Facts

  /// - Returns: false where the event cannot happen in this phase; then nothing changed. So do all
  ///   methods below.
  mutating func launched(_ number: Int32) -> Bool {
    switch phase {
    case .starting where number == attempt: phase = .running
    // A stop can overtake the report of the launch.
    case .stopping where number == attempt: break
    case .starting, .stopping: return false
    case .waiting, .ready, .running, .ended, .backingOff, .doomed, .succeeded, .failed, .skipped,
      .cancelled:
      return false
    }
    return true
  }

  mutating func found(_ number: Int32, _ finding: AttemptFinding) -> Bool {
    switch (phase, finding) {
    case (.starting, .running) where number == attempt: phase = .running
    case (.starting, .neverLaunched) where number == attempt,
      (.stopping, .neverLaunched) where number == attempt,
      (.running, .running) where number == attempt, (.stopping, .running) where number == attempt:
      break
    // It was launched, as the history says.
    case (.running, .neverLaunched): return false
    case (.starting, _), (.running, _), (.stopping, _): return false
    case (.waiting, _), (.ready, _), (.ended, _), (.backingOff, _), (.doomed, _), (.succeeded, _),
      (.failed, _), (.skipped, _), (.cancelled, _):
      return false
    }
    return true
  }

  mutating func deadlinePassed(_ number: Int32) -> Bool {
    switch phase {
    case .running where number == attempt: phase = .stopping
    case .stopping where number == attempt: break
    case .running, .stopping: return false
    case .waiting, .ready, .starting, .ended, .backingOff, .doomed, .succeeded, .failed, .skipped,
      .cancelled:
      return false
    }
    return true
  }

  mutating func ended(_ number: Int32, _ verdict: AttemptVerdict) -> Bool {
    switch phase {
    case .starting where number == attempt, .running where number == attempt,
      .stopping where number == attempt:
      phase = .ended(verdict)
    case .starting, .running, .stopping: return false
    case .waiting, .ready, .ended, .backingOff, .doomed, .succeeded, .failed, .skipped, .cancelled:
      return false
    }
    switch verdict {
    // A probe's failure is an answer.
    case .failed: if !asksProbe { failures += 1 }
    case .lost: losses += 1
    case .succeeded, .cancelled, .unkillable: break
    }
    return true
  }

  /// The attempt was never acted on: the step is as ready as before, and the number is free again.
  mutating func withdrawn(_ number: Int32) -> Bool {
    switch phase {
    case .starting where number == attempt, .stopping where number == attempt:
      phase = .ready
      attempt -= 1
    case .starting, .stopping: return false
    case .waiting, .ready, .running, .ended, .backingOff, .doomed, .succeeded, .failed, .skipped,
      .cancelled:
      return false
    }
    return true
  }

  mutating func delayOver() -> Bool {
    switch phase {
    case .backingOff: phase = .ready
    case .waiting, .ready, .starting, .running, .stopping, .ended, .doomed, .succeeded, .failed,
      .skipped, .cancelled:
      return false
    }
    return true
  }

  // MARK: Consequences of other steps

  /// - Returns: whether the step is doomed by this; false where it has begun an attempt, has its
  ///   end, or was doomed before.
  mutating func doomed() -> Bool {
    switch phase {
    case .waiting, .ready, .backingOff: phase = .doomed
    case .starting, .running, .stopping, .ended, .doomed, .succeeded, .failed, .skipped,
      .cancelled:
      return false
    }
    return true
  }

  enum OnNeedMet {
    case stillWaiting
    case becameReady
    /// The step was skipped or cancelled meanwhile.
    case settledBefore
  }

  mutating func needMet() -> OnNeedMet {
    switch phase {
    case .waiting(let unmetNeeds):
      precondition(unmetNeeds > 0, "a waiting step has no unmet need")
      phase = unmetNeeds == 1 ? .ready : .waiting(unmetNeeds: unmetNeeds - 1)
      return unmetNeeds == 1 ? .becameReady : .stillWaiting
    // In a further round of the run: it succeeded in an earlier one.
    case .succeeded: return .settledBefore
    case .doomed, .skipped, .cancelled: return .settledBefore
    case .ready, .starting, .running, .stopping, .ended, .backingOff, .failed:
      preconditionFailure("a need was met of a step that had started (\(phase))")
    }
  }

  // MARK: Decisions

  mutating func scheduled(_ number: Int32) -> Bool {
    switch phase {
    case .ready where number == attempt + 1:
      phase = .starting
      attempt = number
    case .ready: return false
    case .waiting, .starting, .running, .stopping, .ended, .backingOff, .doomed, .succeeded,
      .failed,
      .skipped, .cancelled:
      return false
    }
    return true
  }

  mutating func stopRequested(_ number: Int32) -> Bool {
    switch phase {
    case .starting where number == attempt, .running where number == attempt:
      phase = .stopping
    case .stopping where number == attempt: break
    case .starting, .running, .stopping: return false
    case .waiting, .ready, .ended, .backingOff, .doomed, .succeeded, .failed, .skipped, .cancelled:
      return false
    }
    return true
  }

  mutating func retryScheduled(_ number: Int32) -> Bool {
    switch phase {
    case .ended(.failed) where number == attempt: phase = .backingOff
    case .ended: return false
    case .waiting, .ready, .starting, .running, .stopping, .backingOff, .doomed, .succeeded,
      .failed,
      .skipped, .cancelled:
      return false
    }
    return true
  }

  mutating func rerunScheduled(_ number: Int32) -> Bool {
    switch phase {
    case .ended(.lost) where number == attempt && !asksProbe: phase = .ready
    // The probe says that the work was not done.
    case .ended(.failed(.exit, exitCode: 1)) where number == attempt && asksProbe: phase = .ready
    case .ended: return false
    case .waiting, .ready, .starting, .running, .stopping, .backingOff, .doomed, .succeeded,
      .failed,
      .skipped, .cancelled:
      return false
    }
    asksProbe = false
    return true
  }

  mutating func probeScheduled(_ number: Int32) -> Bool {
    switch phase {
    case .ended(.lost) where number == attempt: phase = .ready
    case .ended: return false
    case .waiting, .ready, .starting, .running, .stopping, .backingOff, .doomed, .succeeded,
      .failed, .skipped, .cancelled:
      return false
    }
    asksProbe = true
    return true
  }

  /// Another round of the run begins.
  ///
  /// - Parameter unmetNeeds: needs that have not succeeded; they run again too.
  /// - Returns: whether the step runs again.
  mutating func reopened(unmetNeeds: Int32) -> Bool {
    switch phase {
    case .failed, .skipped, .cancelled:
      self = StepLifecycle(needs: unmetNeeds, attempt: attempt)
      return true
    case .succeeded: return false
    case .waiting, .ready, .starting, .running, .stopping, .ended, .backingOff, .doomed:
      preconditionFailure("a run was finished before its steps (\(phase))")
    }
  }

  mutating func finished(_ outcome: StepOutcome) -> Bool {
    switch (phase, outcome) {
    case (.ended(.succeeded), .succeeded): phase = .succeeded
    case (.ended(.failed), .failed), (.ended(.lost), .failed), (.ended(.unkillable), .failed):
      phase = .failed
    case (.ended(.cancelled), .cancelled), (.ended(.failed), .cancelled),
      (.ended(.lost), .cancelled):
      phase = .cancelled
    // It had begun, so it is not skipped.
    case (.doomed, .cancelled) where hasBegun: phase = .cancelled
    case (.ended, _), (.doomed, _): return false
    case (.waiting, _), (.ready, _), (.starting, _), (.running, _), (.stopping, _),
      (.backingOff, _), (.succeeded, _), (.failed, _), (.skipped, _), (.cancelled, _):
      return false
    }
    return true
  }

  mutating func skipped() -> Bool {
    switch phase {
    case .doomed where !hasBegun: phase = .skipped
    case .doomed: return false
    case .waiting, .ready, .starting, .running, .stopping, .ended, .backingOff, .succeeded,
      .failed, .skipped, .cancelled:
      return false
    }
    return true
  }
}

/// An attempt's end, reduced to what decisions depend on.
package enum AttemptVerdict: Equatable, Sendable {
  case succeeded
  /// As one of the kinds that retry policies name. The exit code is zero unless the kind is `.exit`.
  case failed(FailureKinds, exitCode: UInt8)
  /// It ended because the run was to stop.
  case cancelled
  case lost
  /// Something of it runs on and cannot be stopped: nothing may run beside it.
  case unkillable

  package init(_ end: AttemptEnd) {
    if end.unkillable > 0 {
      self = .unkillable
      return
    }
    switch (end.result, end.cause) {
    case (.lost, _): self = .lost
    case (.launchFailed, _): self = .failed(.launch, exitCode: 0)
    // What a command makes of its SIGTERM does not count: it did not get to its own end.
    case (_, .deadline): self = .failed(.timeout, exitCode: 0)
    case (_, .stop), (_, .force): self = .cancelled
    case (.exited(code: 0), .byItself): self = .succeeded
    case (.exited(let code), .byItself): self = .failed(.exit, exitCode: code)
    case (.signalled, .byItself): self = .failed(.signal, exitCode: 0)
    }
  }
}
