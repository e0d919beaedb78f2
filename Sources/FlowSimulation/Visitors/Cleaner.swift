import FlowRuntime
import FlowStorage

/// A cleaner knows nothing of locks, and removes the lock file of a run at work, as some programs
/// do that empty folders of temporary files. Then another engine can take the run over.
extension World {
  /// A cleaner may come, and after it another engine.
  ///
  /// - Parameter factor: how much likelier than at an operation of the engine.
  func letCleanerCome(times factor: Int = 1) {
    if isHealed { return }
    if choices.happens(.cleaner, perMille: options.cleanerPerMille * factor) {
      guard removeLock() else { return }
      befell(.lockFileRemoved, note: "")
    }
    // Soon: before the engine looks.
    if !engine.isDead, isLockGone, choices.happens(.cleaner, perMille: 300) {
      guard takeRun() else { return }
      befell(.runTakenOver, note: "")
    }
  }

  /// - Returns: whether there was a lock file to remove.
  func removeLock() -> Bool {
    guard let run, !checkers.history.acknowledged.isEmpty, !isLockGone else { return false }
    let isRemoved = visit {
      do throws(Errno) { try storage.removeFile(run.folder.lock) } catch { return false }
      return true
    }
    guard isRemoved else { return false }
    // The next engine makes another.
    if !engine.isDead { visitors.lockRemovedInLife = engine.life }
    visitors.lockRemovedInBoot = machine.boot
    return true
  }

  /// Whether the engine that lives holds the lock of a file that other processes cannot find any
  /// more. Then it is right that it stops, since it cannot know whether it is still the run's
  /// engine.
  var isLockGone: Bool { visitors.lockRemovedInLife == engine.life }

  /// Whether it is unknown what is durable: only the lock file could say that a sync has failed,
  /// and that is gone.
  var isDurabilityUnknown: Bool {
    disk.droppedInBoot == machine.boot && visitors.lockRemovedInBoot == machine.boot
  }
}
