package import FlowCore
package import FlowLog
package import FlowStorage

/// Reads a run while, or after, some other process drives it.
package struct RunReader<Store: Storage>: EventSource, ~Copyable {
  private let folder: RunFolder
  private let storage: Store
  private let boot: BootMark
  private var holder: HolderRecord.Holder
  private var history: HistoryReader<Store>
  private var lastSequence: Int64 = 0

  /// Reads as far as the engine says, or said before it died, that the log is durable. What a sync
  /// failed for can still be read, and a second sync of it succeeds: so in the boot of the engine
  /// nothing else tells. In a later one all counts that is whole.
  ///
  /// - Parameter bootID: of this boot.
  package init(_ folder: RunFolder, in storage: Store, bootID: String) throws(RunError) {
    let boot = BootMark(bootID)
    let holder = try HolderRecord.holder(of: folder, in: storage)
    if case .nobody = holder {
      // The engine that created the run may have died before its name was durable.
      try wrapping(.syncDirectory, folder.home) { () throws(Errno) in
        // Where nothing can be written any more, names are as durable as they will ever be.
        do throws(Errno) { try storage.syncDirectory(folder.home) } catch .readOnly {}
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

  /// The process that drives the run; nil where none does, or it has not said.
  package var engineProcessID: Int32? {
    // The record of an earlier boot names a process that is gone.
    guard case .engine(let record?) = holder, record.boot == boot else { return nil }
    return record.processID
  }

  /// Whether the engine waits for room on the disk.
  package var isWaitingForRoom: Bool {
    guard case .engine(let record?) = holder, record.boot == boot else { return false }
    return record.waitsForRoom
  }

  /// The next event; nil at the end of what is known to be durable.
  package mutating func next() throws(RunError) -> Event? {
    while let event = try history.next() {
      // A log that was opened anew begins with what was given out before.
      if event.sequence <= lastSequence { continue }
      lastSequence = event.sequence
      return event
    }
    return nil
  }

  /// Looks again who drives the run and how far: `next` goes on to what has become durable since.
  package mutating func lookAgain() throws(RunError) {
    let before = holder
    holder = try HolderRecord.holder(of: folder, in: storage)
    if holder == before { return }
    switch (before.source(boot), holder.source(boot)) {
    case (.live, .live(let durable)): try history.extend(to: durable)
    case (_, let source): history = try HistoryReader(folder, in: storage, source)
    }
  }

  /// How the log ends; nil while it is being written, or before the end is reached.
  package var tail: LogTail? { history.tail }
}

extension HolderRecord.Holder {
  /// How far the log is to be believed.
  fileprivate func source(_ boot: BootMark) -> LogSource {
    switch self {
    case .nobody(let record?) where record.boot == boot,
      .engine(let record?) where record.boot == boot:
      .live(durable: record.durable)
    // Where the lock file was removed and made anew, a dead engine's last commit may be there that
    // was never synced.
    case .nobody, .engine(nil): .dead
    // It is about to recover the log, and will say so. What a power loss has left is durable.
    case .engine: .recovering
    }
  }
}
