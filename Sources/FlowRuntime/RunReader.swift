package import FlowCore
package import FlowLog

/// Reads a run while, or after, some other process drives it.
package struct RunReader<Store: Storage>: ~Copyable {
  /// The process that drives the run; nil where none does, or it has not said.
  package let engineProcessID: Int32?
  package let isHeld: Bool
  private var history: HistoryReader<Store>

  /// Reads as far as its engine says that the log is durable; of a dead engine's log, all that is
  /// whole, once it is synced.
  package init(_ folder: RunFolder, in storage: Store) throws(RunError) {
    let holder = try HolderRecord.holder(of: folder, in: storage)
    history = try HistoryReader(folder, in: storage, holder.source)
    isHeld = holder != .nobody
    engineProcessID = holder.record?.processID
  }

  /// The next event; nil at the end of what is known to be durable.
  package mutating func next() throws(RunError) -> Event? {
    try history.next()
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
