import FlowCore
package import FlowLog
package import FlowStorage

/// Recovers a log with an unreadable tail: starts a new segment, as an engine's recovery does.
///
/// Invariant: no existing byte is changed. Bytes that are not part of the history stay where they
/// are, after the length that the new segment names.
package enum LogRepair {
  package enum Outcome: Equatable, Sendable {
    /// There is no problem.
    case whole
    /// Nothing was changed: a new segment would drop events that can be read, or hide that events
    /// are missing.
    case refused(LogReport)
    /// The tail is no longer part of the log, and stays where it is. The history continues in this
    /// segment.
    case repaired(LogReport, tail: LogTail, segment: UInt64)
  }

  /// Repairs the log of a run that no engine drives. Everything is durable when this returns; a
  /// crash before that leaves the log as it was, or repaired.
  ///
  /// - Parameter id: of the run.
  /// - Throws: `.runIsHeld` if a process drives the run, `.orphanedLauncher` if an attempt may be
  ///   about to begin.
  package static func repair<Store: Storage>(
    _ folder: RunFolder, id: String, by process: RunProcess, in storage: Store
  ) throws(RunError) -> Outcome {
    let lock = try RunLock.acquire(
      folder, id: id, processID: process.processID, boot: BootMark(process.host.bootID),
      in: storage)
    let report: LogReport
    do throws(RunError) {
      report = try LogVerifier.verify(held: folder, in: storage, process.host.bootID)
      if report.isRepairable { try requireNoLauncher(folder, storage) }
    } catch {
      lock.giveBack()
      throw error
    }
    guard report.verdict != .intact, report.isRepairable, let state = report.state else {
      lock.giveBack()
      return report.verdict == .intact ? .whole : .refused(report)
    }
    let reader = try readToEnd(folder, storage)
    guard let tail = reader.tail else {
      preconditionFailure("the log of a dead engine was read to its end, and has none")
    }
    let writer: LogWriter<Store>
    do throws(LogError) {
      writer = try LogWriter.recover(
        after: reader, salt: process.salts.next(), engineLife: UInt32(state.lives + 1),
        process.logOptions)
    } catch {
      throw .log(error)
    }
    let segment = writer.durablePosition.segment
    var journal = Journal(writer, lock: lock, by: process, openAttempts: state.openAttempts)
    try journal.publish()
    // A finished run has a sealed log.
    if state.isFinished { try journal.seal() }
    return .repaired(report, tail: tail, segment: segment)
  }

  private static func requireNoLauncher<Store: Storage>(
    _ folder: RunFolder, _ storage: Store
  ) throws(RunError) {
    let isLaunching = try wrapping { () throws(StorageError) in
      try LauncherFile(path: folder.launcher, storage: storage).isLocked()
    }
    if isLaunching { throw .orphanedLauncher(path: folder.launcher) }
  }

  private static func readToEnd<Store: Storage>(
    _ folder: RunFolder, _ storage: Store
  ) throws(RunError) -> LogReader<Store> {
    do throws(LogError) {
      var reader = try LogReader.open(
        folder.log, in: storage, .recovering, dictionary: EventDictionary.version1)
      do throws(LogError) { try reader.drain() } catch {
        guard try reader.endBefore(error) else { throw error }
      }
      return reader
    } catch {
      throw .log(error)
    }
  }
}
