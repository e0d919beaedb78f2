/// One entry of a run's history.
package struct Event: Equatable, Sendable {
  /// 1, 2, 3 … without a gap.
  package var sequence: Int64
  /// When the wake-up began in which the event was recorded; all events of a wake-up share it.
  package var moment: Moment
  /// Whether this is the first event of its wake-up. Attempts are scheduled once a wake-up, at its
  /// end, so replay must know where one ends and the next begins.
  package var startsWakeUp: Bool
  package var body: Body

  package init(sequence: Int64, moment: Moment, startsWakeUp: Bool, body: Body) {
    self.sequence = sequence
    self.moment = moment
    self.startsWakeUp = startsWakeUp
    self.body = body
  }

  /// What happened (facts), or what the engine chose (decisions).
  package enum Body: Equatable, Sendable {
    // Facts.

    /// The run exists. Its definition follows in parts.
    indirect case runCreated(RunCreated)
    /// The next bytes of the canonical definition (`DefinitionCodec`).
    case definitionPart([UInt8])
    /// A process took over the run.
    indirect case engineStarted(EngineStarted)
    /// The command of an attempt was started, as this process.
    case attemptLaunched(AttemptID, processID: Int32)
    /// The attempt passed its deadline and is being stopped.
    case deadlinePassed(AttemptID)
    /// Nothing of the attempt runs any more.
    case attemptEnded(AttemptID, AttemptEnd)
    /// A scheduled attempt was given up before anything of it was started.
    case attemptWithdrawn(AttemptID)
    /// Somebody wants the run to stop.
    case cancelRequested(CancelRequest)
    /// A delay or limit is over.
    case timerFired(TimerID)
    /// What a new engine found of an attempt that an earlier one had scheduled.
    case attemptFound(AttemptID, AttemptFinding)
    /// Wall time went on by so much more, or less, than monotonic time: somebody set it, or the
    /// machine slept.
    case clockJumped(microseconds: Int64)
    /// A commit had to wait so long for room on the disk.
    case roomReturned(waitedMicroseconds: Int64)
    /// Somebody wants the steps of a finished run that did not succeed to run again. Requests to
    /// cancel with these ids came before, and no longer count.
    case runReopened(ignoring: [UInt64])

    // Decisions.

    /// The intent to launch an attempt. Nothing is launched before this is durable.
    case attemptScheduled(AttemptID)
    /// The attempt failed, and the step is tried again after the delay.
    case retryScheduled(AttemptID, delayMilliseconds: Int64)
    /// The attempt was lost, and the step is run again: its work may have been done already.
    case rerunScheduled(AttemptID)
    /// The attempt was lost, and the step's probe is asked whether its work was done: by an attempt
    /// of its own, which is scheduled like any other.
    case probeScheduled(AttemptID)
    /// The attempt is to be stopped; with `force`, without grace.
    case stopRequested(AttemptID, force: Bool)
    /// The step has its end.
    case stepFinished(step: Int32, StepOutcome)
    /// The step will not run, because of a need that did not succeed, or because the run stops.
    case stepSkipped(step: Int32, SkipReason)
    /// No more attempts are scheduled.
    case runStopping(StopReason)
    /// The run has its end. Nothing follows.
    case runFinished(RunOutcome)
  }
}

/// One execution of a step's command. Numbers count from 1.
package struct AttemptID: Hashable, Comparable, Sendable {
  package var step: Int32
  package var number: Int32

  package init(step: Int32, number: Int32) {
    self.step = step
    self.number = number
  }

  package static func < (left: Self, right: Self) -> Bool {
    (left.step, left.number) < (right.step, right.number)
  }
}

/// The first event of every history: with the definition it says all that decisions depend on.
package struct RunCreated: Equatable, Sendable {
  package var runID: String
  /// Decides the jitter of retries.
  package var seed: UInt64
  /// Which rules `Decider` goes by.
  package var policyVersion: Int32
  /// The program that created the run.
  package var programVersion: String
  /// How many attempts may run at once.
  package var jobs: Int32
  /// The absolute path of the definition file's folder.
  package var definitionFolder: String
  /// How many bytes the canonical definition has, in the parts that follow.
  package var definitionByteCount: Int64

  /// What is refused beyond: as much as a definition file may hold. Deflated, a log could say as
  /// much in a thousandth of it.
  package static let largestDefinition: Int64 = 256 << 20

  package init(
    runID: String, seed: UInt64, policyVersion: Int32, programVersion: String, jobs: Int32,
    definitionFolder: String, definitionByteCount: Int64
  ) {
    self.runID = runID
    self.seed = seed
    self.policyVersion = policyVersion
    self.programVersion = programVersion
    self.jobs = jobs
    self.definitionFolder = definitionFolder
    self.definitionByteCount = definitionByteCount
  }
}

/// One life of the engine: a process that drives the run until it ends, stops or dies.
package struct EngineStarted: Equatable, Sendable {
  /// 1 for the process that created the run, then counting up.
  package var life: Int32
  package var processID: Int32
  package var host: HostContext

  package init(life: Int32, processID: Int32, host: HostContext) {
    self.life = life
    self.processID = processID
    self.host = host
  }
}

/// Where process ids, locks and monotonic times mean what they say. What was left in one place
/// cannot be seen from another.
package struct HostContext: Hashable, Sendable {
  /// Names the machine's boot; processes of another boot are gone, and its monotonic clock with it.
  package var bootID: String
  /// Of the run's folder.
  package var mountID: UInt64
  package var processNamespace: UInt64

  package init(bootID: String, mountID: UInt64 = 0, processNamespace: UInt64 = 0) {
    self.bootID = bootID
    self.mountID = mountID
    self.processNamespace = processNamespace
  }
}

/// What recovery found of an attempt whose end is not in the history.
package enum AttemptFinding: Equatable, Sendable {
  /// No monitor was ever forked for it: it can be launched as if nothing had happened.
  case neverLaunched
  /// Its monitor is alive, and has been for so long; the command runs as this process, or zero if
  /// it is about to be started.
  case running(processID: Int32, forMicroseconds: Int64)
}

/// How an attempt ended, and why.
package struct AttemptEnd: Equatable, Sendable {
  package enum Result: Equatable, Sendable {
    case exited(code: UInt8)
    case signalled(signal: UInt8)
    /// The command could not be started.
    case launchFailed(LaunchFailure)
    /// Nobody can say.
    case lost
  }

  /// What made it end.
  package enum Cause: UInt8, CaseIterable, Sendable {
    case byItself = 0
    /// Its timeout.
    case deadline = 1
    /// A stop with grace that somebody asked for.
    case stop = 2
    /// A stop without grace that somebody asked for.
    case force = 3
  }

  package var result: Result
  package var cause: Cause
  package var durationMicroseconds: Int64
  /// Of the command and all its descendants that were waited for; zero where nobody measured it.
  package var cpuMicroseconds: Int64
  /// Of the largest of them.
  package var peakMemoryKibibytes: Int64
  /// How many descendants were left when the command itself had ended, and were stopped. Of a lost
  /// attempt: how many processes were found and killed.
  package var stragglers: Int32
  /// How many of its processes could not be killed.
  package var unkillable: Int32

  package init(
    result: Result, cause: Cause, durationMicroseconds: Int64, cpuMicroseconds: Int64 = 0,
    peakMemoryKibibytes: Int64 = 0, stragglers: Int32 = 0, unkillable: Int32 = 0
  ) {
    self.result = result
    self.cause = cause
    self.durationMicroseconds = durationMicroseconds
    self.cpuMicroseconds = cpuMicroseconds
    self.peakMemoryKibibytes = peakMemoryKibibytes
    self.stragglers = stragglers
    self.unkillable = unkillable
  }

  /// Of an attempt of which nobody can say how it ended; so many of its processes were still found.
  package static func lost(killed: Int32 = 0, unkillable: Int32 = 0) -> AttemptEnd {
    AttemptEnd(
      result: .lost, cause: .byItself, durationMicroseconds: 0, stragglers: killed,
      unkillable: unkillable)
  }
}

/// The system call that kept a command from starting, and its error number.
package struct LaunchFailure: Error, Hashable, Sendable {
  package enum Operation: UInt8, CaseIterable, Sendable {
    case createOutput = 0
    case changeDirectory = 1
    case execute = 2
    /// The attempt's record, without which nothing is started.
    case createRecord = 3
    /// A process for its monitor.
    case fork = 4
  }

  package var operation: Operation
  package var errno: Int32

  package init(operation: Operation, errno: Int32) {
    self.operation = operation
    self.errno = errno
  }
}

package struct CancelRequest: Hashable, Sendable {
  /// Tells requests apart, so that one that was recorded is not obeyed again.
  package var id: UInt64
  /// Kill without grace.
  package var force: Bool

  package init(id: UInt64, force: Bool) {
    self.id = id
    self.force = force
  }
}

package enum TimerID: Hashable, Sendable {
  case retry(step: Int32)
  case runTimeout
}

package enum StepOutcome: UInt8, CaseIterable, Sendable {
  case succeeded = 0
  case failed = 1
  case cancelled = 2
}

package enum SkipReason: Hashable, Sendable {
  /// This step, which was needed, failed or was skipped.
  case need(step: Int32)
  /// The run was stopping before the step could start.
  case runStopping
}

package enum StopReason: Hashable, Sendable {
  case cancelled
  case timedOut
  /// This step failed for good, and the workflow says `failFast`.
  case failFast(step: Int32)
}

package enum RunOutcome: UInt8, CaseIterable, Sendable {
  case succeeded = 0
  case failed = 1
  case cancelled = 2
}
