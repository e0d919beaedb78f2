import FlowCore
package import FlowLog
package import FlowStorage

/// Makes a log whole whose end cannot be read: goes on in a segment of its own, as recovery does,
/// and changes no byte that was there. What does not count stays where it is, beyond the length
/// that the new segment names.
package enum LogRepair {
  package enum Outcome: Equatable, Sendable {
    /// Nothing is wrong.
    case whole
    /// Nothing was changed: to go on would drop what can be read, or what is known to be missing.
    case refused(LogReport)
    /// What the tail of the report counts does not count any more; it stays where it is. The history
    /// goes on in this segment.
    case repaired(LogReport, tail: LogTail, segment: UInt64)
  }

  /// Repairs the log of a run that nobody drives. Everything is durable when this returns; a crash
  /// on the way leaves the log as it was, or repaired.
  ///
  /// - Parameter id: what the run is called.
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
    // As a run that has ended leaves its log.
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
