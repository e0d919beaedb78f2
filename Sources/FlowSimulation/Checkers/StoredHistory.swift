import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage

/// Reads the history from the bytes of the log, as it grows: what `flow events --follow` would see.
struct StoredHistory: ~Copyable {
  private let folder: RunFolder
  private let storage: SimulatedStorage
  private var reader: HistoryReader<SimulatedStorage>?

  init(_ folder: RunFolder, in storage: SimulatedStorage) {
    self.folder = folder
    self.storage = storage
  }

  /// The events that have become durable since the last call, as far as the engine says.
  mutating func news() throws(Violation) -> [Event] {
    do throws(RunError) {
      guard case .engine(let record?) = try HolderRecord.holder(of: folder, in: storage) else {
        return []
      }
      if reader == nil {
        reader = try HistoryReader(folder, in: storage, .live(durable: record.durable))
      } else {
        try reader?.extend(to: record.durable)
      }
      var events: [Event] = []
      try reader?.read(into: &events)
      return events
    } catch {
      // It is of no use any more.
      reader = nil
      throw Violation(.said, "a reader of the live log fails: \(error)")
    }
  }
}
