import FlowCore
import FlowLog
import FlowRuntime

/// What recovery finds in the log of a run, durable or not, and how the log ends.
struct FoundHistory {
  let events: [Event]
  let tail: LogTail

  /// - Throws: what keeps the log from being read to its end.
  init(_ folder: RunFolder, in storage: SimulatedStorage) throws(RunError) {
    var reader = try HistoryReader(folder, in: storage, .recovering)
    var events: [Event] = []
    try reader.read(into: &events)
    guard let tail = reader.tail else { preconditionFailure("a log was read to no end") }
    self.events = events
    self.tail = tail
  }

  static func read(
    _ folder: RunFolder, in storage: SimulatedStorage
  ) -> Result<FoundHistory, RunError> {
    Result { () throws(RunError) in try FoundHistory(folder, in: storage) }
  }
}
