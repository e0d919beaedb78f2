/// One entry of a run's history.
package struct Event: Equatable, Sendable {
  /// 1, 2, 3 … without gaps.
  package var sequence: Int64
  /// When the wake-up of the event began; all events of a wake-up share it.
  package var moment: Moment
  /// Whether this is the first event of its wake-up. Attempts are scheduled once per wake-up,
  /// at its end, so replay must know where wake-ups begin.
  package var startsWakeUp: Bool
  package var body: Body

  package init(sequence: Int64, moment: Moment, startsWakeUp: Bool, body: Body) {
    self.sequence = sequence
    self.moment = moment
    self.startsWakeUp = startsWakeUp
    self.body = body
  }

  /// The content of an event: a fact, or a decision of the engine.
  package enum Body: Equatable, Sendable {
    // Facts.

    /// The run exists. Its definition follows in parts.
    indirect case runCreated(RunCreated)
    /// The next bytes of the canonical definition (`DefinitionCodec`).
    case definitionPart([UInt8])
    /// A process took over the run.
    indirect case engineStarted(EngineStarted)
    /// The command of an attempt was started as this process.
    case attemptLaunched(AttemptID, processID: Int32)
    /// The attempt passed its deadline and is being stopped.
    case deadlinePassed(AttemptID)
    /// No process of the attempt is left.
    case attemptEnded(AttemptID, AttemptEnd)
    /// A scheduled attempt was withdrawn before any process of it was started.
    case attemptWithdrawn(AttemptID)
    /// What the attempt has put out, or a part of it. Its end is in the same commit.
    case outputsPublished(AttemptID, [OutputPart])
    /// A cancel of the run was requested.
    case cancelRequested(CancelRequest)
    /// A person has answered what the step asks. The first answer counts, and is the only one.
    indirect case answered(step: Int32, Answer)
    /// A retry delay, the time for an answer, the run's timeout or a pause of launches has passed.
    case timerFired(TimerID)
    /// A new engine's finding about an attempt that an earlier one had scheduled.
    case attemptFound(AttemptID, AttemptFinding)
    /// Wall time deviated from monotonic time by this much: the clock was set, or the machine
    /// slept.
    case clockJumped(microseconds: Int64)
    /// A commit waited this long for disk space.
    case roomReturned(waitedMicroseconds: Int64, of: Shortage = .space)
    /// What was written by attempts whose ends come up to that event is on the disk. Or it could not be written
    /// to it, with this error number, and may be lost.
    case workSynced(through: Int64, failure: Int32?)
    /// Another round was requested: the steps of the scope run again. Cancel requests with these
    /// ids predate the round and no longer count.
    case runReopened(ignoring: [UInt64], scope: ReopenScope = .unsuccessful)

    // Decisions.

    /// The intent to launch an attempt. Nothing is launched before this is durable.
    case attemptScheduled(AttemptID)
    /// The attempt failed; the step is retried after the delay.
    case retryScheduled(AttemptID, delayMilliseconds: Int64)
    /// The attempt was lost; the step is rerun, although its work may have been done.
    case rerunScheduled(AttemptID)
    /// The attempt was lost; the step's probe determines whether its work was done, in an attempt
    /// of its own that is scheduled like any other.
    case probeScheduled(AttemptID)
    /// The attempt was the command's, and has succeeded, or was to publish, and was lost; the step's files are
    /// published in an attempt of its own.
    ///
    /// - completes: only if an attempt before has begun to.
    case publishScheduled(AttemptID, completes: Bool)
    /// A stop of the attempt was requested; with `force`, without grace.
    case stopRequested(AttemptID, force: Bool)
    /// The step asks a person, and waits for the answer: its needs have ended as it wants.
    case asked(step: Int32)
    /// The items of a node are known: it has these children, or fails before any of them runs.
    case stepExpanded(step: Int32, Expansion)
    /// The step has settled.
    case stepFinished(step: Int32, StepOutcome)
    /// The step will not run, because of a need that did not end as wanted, because of its condition,
    /// because the run leaves it out, because it stops, or for a reason of `forEach`.
    case stepSkipped(step: Int32, SkipReason)
    /// No more attempts are scheduled.
    case runStopping(StopReason)
    /// All steps but those of `finally` have settled, and make the run come to this outcome, which the
    /// steps of `finally` can only worsen. They run now.
    case runConcluding(RunOutcome)
    /// All steps but notices have settled, and the run has come to this outcome, which nothing changes.
    /// Notices run now.
    case runConcluded(RunOutcome)
    /// The run has ended. No event follows in this round.
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

/// One life of the engine: a process that drives the run until it ends, stops or dies.
package struct EngineStarted: Equatable, Sendable {
  /// 1 for the process that created the run, then ascending.
  package var life: Int32
  package var processID: Int32
  package var host: HostContext

  package init(life: Int32, processID: Int32, host: HostContext) {
    self.life = life
    self.processID = processID
    self.host = host
  }
}

/// The scope in which process ids, locks and monotonic times are valid. Processes of one context
/// are invisible from another.
package struct HostContext: Hashable, Sendable {
  /// Identifies the boot; processes and the monotonic clock of another boot are gone.
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

/// Recovery's finding about an attempt whose end is not in the history, or is, and may not hold any more.
package enum AttemptFinding: Equatable, Sendable {
  /// No monitor was forked for it, so it can still be launched.
  case neverLaunched
  /// Its monitor has been alive for this long; the command runs as this process, or zero if it is
  /// about to be started.
  case running(processID: Int32, forMicroseconds: Int64)
  /// Its step had succeeded, and the machine has gone down before what it had written was on the disk.
  case unsynced
}

/// How an attempt ended, and why.
package struct AttemptEnd: Equatable, Sendable {
  package enum Result: Equatable, Sendable {
    case exited(code: UInt8)
    case signalled(signal: UInt8)
    /// The command could not be started.
    case launchFailed(LaunchFailure)
    /// The outcome is unknown.
    case lost
  }

  /// The cause of the end.
  package enum Cause: UInt8, CaseIterable, Sendable {
    case byItself = 0
    /// Its timeout.
    case deadline = 1
    /// A requested stop, with grace.
    case stop = 2
    /// A requested stop, without grace.
    case force = 3
  }

  package var result: Result
  package var cause: Cause
  package var durationMicroseconds: Int64
  /// Processor time of the command and all descendants that were reaped; zero if not measured.
  package var cpuMicroseconds: Int64
  /// Peak memory of the largest of them.
  package var peakMemoryKibibytes: Int64
  /// How many descendants were left after the command had ended and were stopped; for a lost
  /// attempt, how many processes were found and killed.
  package var stragglers: Int32
  /// How many of its processes could not be killed.
  package var unkillable: Int32
  /// What became of its output.
  package var output: AttemptOutput
  /// Whether its monitor was told to end, by anyone but flow, about when the command ended without
  /// success: the system is stopping, and the end tells nothing of the step.
  package var wasInterrupted: Bool
  /// The signal that ended a process of the attempt's shell, which says so with its exit code; nil
  /// where the code says nothing of a signal.
  package var shellSignal: UInt8?
  /// Why its outputs are not taken; only of one that exited 0 by itself.
  package var refusal: OutputRefusal?
  /// What it has found in the cache; nil if it has not looked.
  package var look: CacheLook?
  /// The copy that its monitor left of its outputs. No history has it: the copy is read with the end.
  package var outputsFile: OutputsMark?

  package init(
    result: Result, cause: Cause, durationMicroseconds: Int64, cpuMicroseconds: Int64 = 0,
    peakMemoryKibibytes: Int64 = 0, stragglers: Int32 = 0, unkillable: Int32 = 0,
    output: AttemptOutput = AttemptOutput(), wasInterrupted: Bool = false,
    shellSignal: UInt8? = nil
  ) {
    self.result = result
    self.cause = cause
    self.durationMicroseconds = durationMicroseconds
    self.cpuMicroseconds = cpuMicroseconds
    self.peakMemoryKibibytes = peakMemoryKibibytes
    self.stragglers = stragglers
    self.unkillable = unkillable
    self.output = output
    self.wasInterrupted = wasInterrupted
    self.shellSignal = shellSignal
  }

  /// The end of an attempt whose outcome is unknown, with the number of its processes that were
  /// found.
  package static func lost(killed: Int32 = 0, unkillable: Int32 = 0) -> AttemptEnd {
    AttemptEnd(
      result: .lost, cause: .byItself, durationMicroseconds: 0, stragglers: killed,
      unkillable: unkillable)
  }
}

/// The copy of an attempt's outputs as its end notes it.
package struct OutputsMark: Hashable, Sendable {
  package var byteCount: Int64
  package var checksum: UInt64
  /// Whether it is in the attempt's record, and not in a file of its own.
  package var isInRecord: Bool

  package init(byteCount: Int64, checksum: UInt64, isInRecord: Bool = false) {
    self.byteCount = byteCount
    self.checksum = checksum
    self.isInRecord = isInRecord
  }
}

/// The next bytes of an output: most outputs have one part.
package struct OutputPart: Hashable, Sendable {
  /// Its place among those that its step declares.
  package var output: Int32
  package var bytes: [UInt8]

  package init(output: Int32, bytes: [UInt8]) {
    self.output = output
    self.bytes = bytes
  }
}

/// What an attempt had printed when it ended. No decision depends on it.
package struct AttemptOutput: Equatable, Sendable {
  /// The size of its file, discarded bytes included; nil where it was not measured, or there was no
  /// file.
  package var byteCount: Int64?
  /// How much of its middle was discarded.
  package var discardedBytes: Int64
  /// Whether the command failed while the disk had no space: its last output may be missing.
  package var wasDiskFull: Bool
  /// Whether secrets may be left in it: nothing could overwrite them.
  package var isUnscrubbed: Bool

  package init(
    byteCount: Int64? = nil, discardedBytes: Int64 = 0, wasDiskFull: Bool = false,
    isUnscrubbed: Bool = false
  ) {
    self.byteCount = byteCount
    self.discardedBytes = discardedBytes
    self.wasDiskFull = wasDiskFull
    self.isUnscrubbed = isUnscrubbed
  }
}

/// The system call that failed to start a command, and its error number.
package struct LaunchFailure: Error, Hashable, Sendable {
  package enum Operation: UInt8, CaseIterable, Sendable {
    case createOutput = 0
    case changeDirectory = 1
    case execute = 2
    /// The attempt record, without which no command is started.
    case createRecord = 3
    /// The monitor process.
    case fork = 4
    /// The file of a secret that the command wants as a file.
    case makeSecret = 5
    /// The file or the variable that a secret comes from.
    case readSecret = 6
    /// The value of a secret is none that can be used.
    case useSecret = 7
    /// The folder for its outputs.
    case makeOutputs = 8
    /// The files of what other steps have put out.
    case makeInputs = 9
    /// The folder in which it makes files.
    case makeStage = 10
    /// The paths of its files, with the values in them.
    case useFiles = 11
  }

  package var operation: Operation
  package var errno: Int32
  /// The name of the secret; nil where it is not about one, or unknown.
  package var secret: String?
  /// What is wrong with its value.
  package var fault: SecretFault?

  package init(
    operation: Operation, errno: Int32, secret: String? = nil, fault: SecretFault? = nil
  ) {
    self.operation = operation
    self.errno = errno
    self.secret = secret
    self.fault = fault
  }
}

package struct CancelRequest: Hashable, Sendable {
  /// Identifies the request, so that a recorded one is not applied again.
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
  /// The time for an answer to what the step asks.
  case question(step: Int32)
  /// The time after which a slow notice tells that the run is not over.
  case slow(step: Int32)
  case runTimeout
  /// After an attempt was interrupted, nothing is launched for a while.
  case launchPause
}

/// Which steps run again in another round. Steps that the run leaves out never do.
package struct ReopenScope: Hashable, Sendable {
  /// Whether what follows from a step that runs again does so too.
  package let takesDependents: Bool
  /// The steps that were named; nil where those count that did not succeed.
  package let named: StepSet?
  /// Whether order and failures hold across steps that do not run again, as across those that a run leaves
  /// out. Rounds of earlier rules let a step run beside one that comes before it through another. A history
  /// says so only where there are such steps.
  package let holdsOrder: Bool

  init(takesDependents: Bool, named: StepSet?, holdsOrder: Bool = false) {
    self.takesDependents = takesDependents
    self.named = named
    self.holdsOrder = holdsOrder
  }

  /// Those that did not succeed: the rule of policy 1, and of the first runs of policy 2.
  package static let unsuccessful = ReopenScope(takesDependents: false, named: nil)
  /// Those and all that came after them: a step that ran although its need had failed has seen a
  /// state that no longer holds.
  package static let withDependents = ReopenScope(takesDependents: true, named: nil)

  /// These, and nothing else.
  package static func only(_ steps: StepSet) -> ReopenScope {
    ReopenScope(takesDependents: false, named: steps)
  }

  /// These and all that follow from them.
  package static func from(_ steps: StepSet) -> ReopenScope {
    ReopenScope(takesDependents: true, named: steps)
  }

  package var holdingOrder: ReopenScope {
    ReopenScope(takesDependents: takesDependents, named: named, holdsOrder: true)
  }

  /// The scope of new rounds of a run.
  package static func current(_ policy: Int32) -> ReopenScope {
    policy > Policy.first.rawValue ? .withDependents : .unsuccessful
  }
}

/// What a user wants to run again.
package enum Reopening: Hashable, Sendable {
  /// What did not succeed, by the rule of the run's policy.
  case unsuccessful
  case only(StepSet)
  case from(StepSet)

  package func scope(_ policy: Int32) -> ReopenScope {
    switch self {
    case .unsuccessful: .current(policy)
    case .only(let steps): .only(steps)
    case .from(let steps): .from(steps)
    }
  }
}

package enum StepOutcome: UInt8, CaseIterable, Sendable {
  case succeeded = 0
  case failed = 1
  case cancelled = 2
}

package enum SkipReason: Hashable, Sendable {
  /// This need failed or was skipped.
  case need(step: Int32)
  /// The run was stopping before the step could start.
  case runStopping
  /// The run leaves the step out (`RunCreated.unselected`). For what needs it, it counts as done as
  /// soon as what it needs itself is done. Or it is a child that the run leaves out (`RunCreated.items`).
  case notSelected
  /// Its condition was false, with what it asked for. For what needs it, it counts as done.
  case condition([ConditionInput])
  /// It is a rollback, and its step did not fail, nor was it cancelled after it had begun.
  case nothingFailed
  /// It is a notice of other ends of the run.
  case nothingToTell
  /// It is a node without items. For what needs it, it counts as done.
  case noItems
  /// It is a child, and no item of this round is its own.
  case removed
  /// It is a child, and more of its siblings have failed than the node tolerates.
  case siblingsFailed
}

/// What came of the items of a node.
package enum Expansion: Hashable, Sendable {
  /// - Parameters:
  ///   - count: how many children it has in this round.
  ///   - added: how many of them are new; they are the next steps behind all others.
  case children(count: Int32, added: Int32)
  case fault(ItemFault)
}

package enum StopReason: Hashable, Sendable {
  case cancelled
  case timedOut
  /// This step failed for good, and the workflow sets `failFast`.
  case failFast(step: Int32)
  /// What its steps have made could not be written to the disk.
  case workNotSynced
  /// The machine has gone down before what its steps had made was on the disk, and they may run again.
  case workLost
}

package enum RunOutcome: UInt8, CaseIterable, Sendable {
  case succeeded = 0
  case failed = 1
  case cancelled = 2
}
