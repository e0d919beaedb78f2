/// What can go wrong in a world, by kind.
package enum Fault: UInt8, CaseIterable, Sendable {
  /// The machine loses power: all processes die, and what was not synced may be gone.
  case powerLoss
  /// The engine is killed: all others go on, and the page cache stays.
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
  /// All that needs room fails for a while (ENOSPC).
  case diskFull
  /// A sync fails, and what was dirty will never be written, though it can be read until a crash.
  case syncDrops
  /// A sync fails, and what was dirty is gone at once.
  case syncReverts
  case shortWrite
  case lateWakeUp
  /// An operation on the disk takes time, in which others go on.
  case slowOperation
  case wallClockJump
  case commandFails
  case commandHangs
  case commandIgnoresTermination
  case launchFails
  case endToldTwice
  case cancel
  case forcedCancel
  /// Somebody leaves a request to cancel in the run's folder.
  case requestLeft
  case forcedRequestLeft
  /// No engine lives when a request is left.
  case requestLeftToNobody
  /// Who leaves a request dies on the way.
  case cancellerDies
  /// SIGKILL; what it watched over goes on.
  case monitorKilled
  case launcherKilled
  case forkFails
  /// The disk refuses a monitor something.
  case recordFails
  /// Between learning a process id and using it, it has become another's.
  case processIDReused
  /// A command ends, and what it has started goes on.
  case stragglers
  case descendantLeavesGroup
  /// SIGTERM does nothing to it until it is continued.
  case processStopsItself
  case processIsUnkillable
  /// A monitor gives up what cannot be killed.
  case unkillableNamed
  /// What a monitor left that was killed is found and killed.
  case remainsKilled
  /// The work of a lost attempt had happened, or had not, or nobody can say.
  case probeSaysYes
  case probeSaysNo
  case probeFails
  /// A new engine finds the run's folder mounted elsewhere.
  case remounted
  /// What an earlier engine started runs where the new one cannot reach it.
  case runsElsewhere
  /// A power loss took some writes and left later ones, or left them in another order.
  case writesReordered
  /// A power loss took some names and left later ones.
  case namesReordered
  /// A power loss left a file with both its names.
  case renameHalved
  /// An operation fails (EIO), and what it was to do has happened.
  case failsAfterwards
  /// A sync fails, and what was dirty stays to be written.
  case syncKeeps
  /// A sync fails, and a part of what was dirty was written.
  case syncTears
  /// Something cannot be looked at (EIO): a folder, a file, its size, what it holds.
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
  /// A sync says that all is well, and has done nothing.
  case syncPretends
  /// Somebody removes the lock file of a run at work.
  case lockFileRemoved
  /// Another engine takes over a run at work, which it can where the lock file is gone.
  case runTakenOver
  /// The number of a command that was reaped becomes that of a stranger, and of the group he leads.
  case groupReused
}

/// Where an engine can die. Operations that change nothing are left out: a death there leaves the
/// same world as one before the next that does.
package enum CrashPoint: UInt8, CaseIterable, Sendable {
  case makeDirectory, rename, remove, syncDirectory, create, write, reserve, sync, startSync
  case startLauncher, launch, stop, killRemains, wait

  /// Deaths are likelier where an engine seldom comes.
  var weight: Int {
    switch self {
    case .stop, .killRemains: 8
    case .remove, .rename, .syncDirectory, .startLauncher: 3
    case .makeDirectory, .create, .write, .reserve, .sync, .startSync,
      .launch, .wait:
      1
    }
  }
}
