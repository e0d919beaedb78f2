/// What can go wrong in a world, by kind.
///
/// To add one takes a case and its row in the two tables below, an option that turns it on
/// (`SimulationOptions`), a site for its choices (`ChoiceSite`), and the place where it strikes,
/// which calls `World.befell`. Words of its own in the timeline are a `Trace.Kind`.
package enum Fault: UInt8, CaseIterable, Sendable {
  /// The machine loses power: all processes die, and what was not synced may be gone.
  case powerLoss
  /// The engine is killed: other processes go on, and the page cache stays.
  case processStop
  /// A power loss took bytes that were not synced.
  case bytesLost
  /// A power loss left a part of a write.
  case tornWrite
  /// A power loss left something else where a write would have been.
  case garbage
  /// A power loss took names that were not synced.
  case namesLost
  /// An operation fails (EIO).
  case ioError
  /// An operation fails once (ENOSPC).
  case noSpace
  /// Everything that needs space fails for a while (ENOSPC).
  case diskFull
  /// A sync fails, and what was dirty will never be written, though it can be read until a crash.
  case syncDrops
  /// A sync fails, and what was dirty is gone at once.
  case syncReverts
  case shortWrite
  case lateWakeUp
  /// An operation on the disk takes time, in which other processes go on.
  case slowOperation
  case wallClockJump
  case commandFails
  case commandHangs
  case commandIgnoresTermination
  case launchFails
  case endToldTwice
  case cancel
  case forcedCancel
  /// A request to cancel is left in the run's folder.
  case requestLeft
  case forcedRequestLeft
  /// No engine lives when a request is left.
  case requestLeftToNobody
  /// A canceller crashes while it leaves a request.
  case cancellerDies
  /// By SIGKILL; the command that it watched goes on.
  case monitorKilled
  case launcherKilled
  case forkFails
  /// The disk refuses an operation of a monitor.
  case recordFails
  /// Between reading a process id and using it, another process has got it.
  case processIDReused
  /// A command ends, and processes that it has started go on.
  case stragglers
  case descendantLeavesGroup
  /// SIGTERM does nothing to it until it is continued.
  case processStopsItself
  case processIsUnkillable
  /// A monitor gives up what cannot be killed.
  case unkillableNamed
  /// What is left of an attempt whose monitor was killed is found and killed.
  case orphansKilled
  /// The work of a lost attempt had happened, or had not, or its probe cannot say.
  case probeSaysYes
  case probeSaysNo
  case probeFails
  /// A new engine finds the run's folder mounted elsewhere.
  case remounted
  /// Attempts of an earlier engine run where the new one cannot reach them.
  case runsElsewhere
  /// A power loss took some writes and left later ones, or left them in another order.
  case writesReordered
  /// A power loss took some names and left later ones.
  case namesReordered
  /// A power loss left a file with both its names.
  case renameHalved
  /// An operation fails (EIO), and has been performed all the same.
  case failsAfterwards
  /// A sync fails, and what was dirty can still be written.
  case syncKeeps
  /// A sync fails, and a part of what was dirty was written.
  case syncTears
  /// Something cannot be looked at (EIO): a folder, a file, its size, its bytes.
  case readFails
  case shortRead
  /// A file cannot be opened (EMFILE).
  case tooManyFiles
  /// A file is closed, and that fails (EIO).
  case closeFails
  /// A bit of a file changes.
  case bitRot
  /// A sector of a file is nothing but zeros.
  case sectorLost
  /// A sector that was written is found elsewhere, too.
  case misdirectedWrite
  /// A sector of a file is as it was some time ago.
  case staleRead
  /// A file is gone.
  case fileLost
  /// A sync reports success, and has done nothing.
  case syncPretends
  /// A cleaner removes the lock file of a run at work.
  case lockFileRemoved
  /// Another engine takes over a run at work, which it can where the lock file is gone.
  case runTakenOver
  /// The process id of a reaped command becomes that of a stranger, and of the group that it leads.
  case groupReused
  /// A monitor is stopped, until it gets a signal or something continues it.
  case monitorStopped
  /// The same, and signals do not continue it.
  case monitorFrozen
  /// A monitor that does not act on the order to kill its attempt is killed.
  case deafMonitorKilled
  /// Nothing new can be created for a while (ENOSPC), though there is space.
  case inodesGone
  /// The system is stopped: every process gets a SIGTERM.
  case systemStop
  /// The engine does nothing for a while, and holds the run (SIGSTOP).
  case engineSuspended
  /// A file that a secret comes from cannot be read (EIO).
  case secretUnreadable
  /// An engine is started without the variable that a secret comes from.
  case secretMissing
  /// A command puts out something else than its step declares.
  case outputsAreWrong
  /// Someone answers what is not asked, or not any more, or what is no answer.
  case answerIsWrong
  /// Someone who answers crashes while leaving the answer.
  case answererDies
  /// No engine lives when an answer is left.
  case answerLeftToNoEngine
  /// A command succeeds, and has not made all files that its step declares.
  case filesAreMissing
  /// An input of a cached step changes before its command begins, or while that runs.
  case inputChanges
  /// A cached step uses a former result.
  case resultReused
  /// A process that publishes files is killed on the way, or loses power.
  case publicationKilled
  /// What commands have written cannot be written to the disk (EIO), though it can be read until a crash.
  case workSyncFails
}

extension Fault {
  /// In which phases of a world a fault can strike, as far as that follows from what it strikes.
  struct Traits: OptionSet {
    let rawValue: UInt8

    /// It strikes an attempt, or the launcher or monitor that looks after it.
    static let ofAttempts = Traits(rawValue: 1)
    /// It strikes an attempt that has no end yet, or what is done for one.
    static let ofOpenAttempts: Traits = [ofAttempts, Traits(rawValue: 2)]
    static let ofProbes: Traits = [ofOpenAttempts, Traits(rawValue: 4)]
    /// It strikes something that an engine does.
    static let ofEngine = Traits(rawValue: 8)
    /// It is what a power loss has taken, which shows when the engine is gone.
    static let afterPowerLoss = Traits(rawValue: 16)
    /// A hostile disk breaks its promise, between two engines.
    static let betrayal = Traits(rawValue: 32)
  }

  var traits: Traits {
    switch self {
    case .commandFails, .outputsAreWrong, .filesAreMissing, .commandHangs, .launchFails,
      .endToldTwice, .forkFails,
      .recordFails,
      .groupReused, .unkillableNamed, .runsElsewhere, .monitorStopped, .monitorFrozen:
      .ofOpenAttempts
    case .probeSaysYes, .probeSaysNo, .probeFails: .ofProbes
    case .processIDReused, .orphansKilled, .deafMonitorKilled:
      [.ofOpenAttempts, .ofEngine]
    case .commandIgnoresTermination, .publicationKilled, .inputChanges, .resultReused,
      .monitorKilled, .launcherKilled,
      .stragglers,
      .descendantLeavesGroup, .processStopsItself, .processIsUnkillable:
      .ofAttempts
    case .processStop, .ioError, .noSpace, .failsAfterwards, .readFails, .shortRead,
      .tooManyFiles, .closeFails, .shortWrite, .syncDrops, .syncReverts, .syncKeeps, .syncTears,
      .syncPretends, .lateWakeUp, .slowOperation, .engineSuspended, .secretUnreadable,
      .workSyncFails:
      .ofEngine
    case .bytesLost, .tornWrite, .garbage, .namesLost, .writesReordered, .namesReordered,
      .renameHalved:
      .afterPowerLoss
    case .bitRot, .sectorLost, .misdirectedWrite, .staleRead, .fileLost: .betrayal
    case .powerLoss, .systemStop, .diskFull, .inodesGone, .wallClockJump, .cancel, .forcedCancel,
      .requestLeft,
      .forcedRequestLeft, .requestLeftToNobody, .cancellerDies, .remounted, .lockFileRemoved,
      .runTakenOver, .secretMissing, .answerIsWrong, .answererDies, .answerLeftToNoEngine:
      []
    }
  }

  /// What the timeline calls it, where it is noted at all.
  var traceKind: Trace.Kind {
    switch self {
    case .powerLoss, .processStop, .systemStop: .crashed
    case .cancel, .forcedCancel: .cancelled
    case .requestLeft, .forcedRequestLeft: .requestLeft
    case .wallClockJump: .clockJumped
    case .orphansKilled: .orphansKilled
    case .remounted: .remounted
    case .lockFileRemoved: .lockRemoved
    case .runTakenOver: .runTaken
    case .ioError, .noSpace, .failsAfterwards, .syncKeeps, .syncDrops, .syncReverts, .syncTears,
      .readFails, .tooManyFiles, .closeFails:
      .storageFailed
    case .syncPretends, .bitRot, .sectorLost, .misdirectedWrite, .staleRead, .fileLost:
      .diskBetrays
    default: .fault
    }
  }
}

/// Where an engine can die. Operations that change nothing are left out: a death there leaves the
/// same world as a death before the next operation that does.
package enum CrashPoint: UInt8, CaseIterable, Sendable {
  case makeDirectory, rename, remove, syncDirectory, create, write, reserve, sync, startSync
  case startLauncher, launch, stop, killOrphans, wait

  /// Deaths are likelier where an engine seldom comes.
  var weight: Int {
    switch self {
    case .stop, .killOrphans: 8
    case .remove, .rename, .syncDirectory, .startLauncher: 3
    case .makeDirectory, .create, .write, .reserve, .sync, .startSync,
      .launch, .wait:
      1
    }
  }
}
