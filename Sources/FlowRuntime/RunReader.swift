package import FlowCore
package import FlowLog

/// Reads a run while, or after, some other process drives it.
package struct RunReader<Store: Storage>: ~Copyable {
  private let folder: RunFolder
  private let storage: Store
  private var holder: HolderRecord.Holder
  private var history: HistoryReader<Store>
  private var lastSequence: Int64 = 0

  /// Reads as far as its engine says that the log is durable; of a dead engine's log, all that is
  /// whole, once it is synced.
  package init(_ folder: RunFolder, in storage: Store) throws(RunError) {
    let holder = try HolderRecord.holder(of: folder, in: storage)
    history = try HistoryReader(folder, in: storage, holder.source)
    self.folder = folder
    self.storage = storage
    self.holder = holder
  }

  package var isHeld: Bool { holder != .nobody }
  /// The process that drives the run; nil where none does, or it has not said.
  package var engineProcessID: Int32? { holder.record?.processID }

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
    if case .engine(let old?) = before, case .engine(let new?) = holder,
      old.processID == new.processID
    {
      try history.extend(to: new.durable)
    } else {
      history = try HistoryReader(folder, in: storage, holder.source)
    }
  }

  /// How the log ends; nil while it is being written, or before the end is reached.
  package var tail: LogTail? { history.tail }
}

extension HolderRecord.Holder {
  fileprivate var record: HolderRecord? {
    switch self {
    case .nobody: nil
    case .engine(let record): record
    }
  }

  /// How far the log is to be believed.
  fileprivate var source: LogSource {
    switch self {
    case .nobody: .dead
    case .engine(let record?): .live(durable: record.durable)
    // It is about to recover the log, and will say so.
    case .engine(nil): .recovering
    }
  }
}
