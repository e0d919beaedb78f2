package import FlowCore
package import FlowLog
package import FlowStorage

/// Reads a run while another process drives it, or after that.
package struct RunReader<Store: Storage>: EventSource, ~Copyable {
  private let folder: RunFolder
  private let storage: Store
  private let boot: BootMark
  private var holder: HolderRecord.Holder
  private var history: HistoryReader<Store>
  private var lastSequence: Int64 = 0

  /// Reads as far as the engine's record says that the log is durable, also if the engine is dead.
  /// Bytes whose sync failed can still be read, and a second sync of them succeeds: so within the
  /// engine's boot only that record tells. In a later boot everything that is complete is durable.
  ///
  /// - Parameter bootID: of the current boot.
  package init(_ folder: RunFolder, in storage: Store, bootID: String) throws(RunError) {
    let boot = BootMark(bootID)
    let holder = try HolderRecord.holder(of: folder, in: storage)
    if case .free = holder {
      // The engine that created the run may have died before its name was durable.
      do throws(StorageError) { try Folder(folder.home, in: storage).sync() } catch {
        // On a read-only file system names are as durable as they will ever be.
        guard error.errno == .readOnly else { throw .storage(error) }
      }
    }
    history = try HistoryReader(folder, in: storage, holder.source(boot))
    self.folder = folder
    self.storage = storage
    self.boot = boot
    self.holder = holder
  }

  package var logPath: String { folder.log }

  package var isHeld: Bool {
    if case .engine = holder { true } else { false }
  }

  /// The process that drives the run; nil if there is none, or it has written no record yet.
  package var engineProcessID: Int32? {
    // The record of an earlier boot names a process that is gone.
    guard case .engine(let record?) = holder, record.boot == boot else { return nil }
    return record.processID
  }

  /// What the engine waits for.
  package var lacking: Shortages {
    guard case .engine(let record?) = holder, record.boot == boot else { return [] }
    return record.lacking
  }

  /// The next event; nil at the end of the events that are known to be durable.
  package mutating func next() throws(RunError) -> Event? {
    while let event = try history.next() {
      // After a new start of the reader, the first events were given out before.
      if event.sequence <= lastSequence { continue }
      lastSequence = event.sequence
      return event
    }
    return nil
  }

  /// Looks again which process drives the run and what is durable, so that `next` continues to it.
  package mutating func lookAgain() throws(RunError) {
    let before = holder
    holder = try HolderRecord.holder(of: folder, in: storage)
    if holder == before { return }
    switch (before.source(boot), holder.source(boot)) {
    case (.live, .live(let durable)): try history.extend(to: durable)
    case (_, let source): history = try HistoryReader(folder, in: storage, source)
    }
  }

  /// How the log ends; nil while an engine writes it, or before its end is reached.
  package var tail: LogTail? { history.tail }
}

extension HolderRecord.Holder {
  /// How much of the log counts as durable.
  fileprivate func source(_ boot: BootMark) -> LogSource {
    switch self {
    case .free(let record?) where record.boot == boot,
      .engine(let record?) where record.boot == boot:
      .live(durable: record.durable)
    // If the lock file was removed and created anew, the log can end with a commit of a dead engine
    // that was never synced.
    case .free, .engine(nil): .dead
    // The record is of an earlier boot: the engine is about to recover the log, and will publish
    // that. What a power loss has left is durable.
    case .engine: .recovering
    }
  }
}
