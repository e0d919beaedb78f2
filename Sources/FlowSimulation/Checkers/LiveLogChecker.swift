import FlowCore
import FlowLog
import FlowRuntime

/// A reader that follows the log while an engine writes it, as `flow events --follow` does, sees
/// each commit as soon as it is acknowledged.
final class LiveLogChecker: Checker {
  private let run: SimulatedRun
  private var reader: HistoryReader<SimulatedStorage>?

  init(_ run: SimulatedRun) {
    self.run = run
  }

  func committed(_ events: [Event], _ state: RunState, in world: World) throws(Violation) {
    // Without the lock file there is nothing to follow.
    if world.isLockGone { return }
    let news: [Event]
    do throws(RunError) { news = try self.news() } catch {
      reader = nil
      if world.storage.hasBetrayed { return }
      throw Violation(.said, "a reader of the live log fails: \(error)")
    }
    let acknowledged = world.checkers.history.acknowledged
    // A reader that has just begun reads everything.
    guard acknowledged.suffix(news.count).elementsEqual(news), news.count >= events.count else {
      throw Violation(.said, "the log shows other events than were acknowledged")
    }
  }

  func found(_ events: [Event], in world: World) throws(Violation) {
    // The reader of the engine before may have believed what this engine will carry over.
    reader = nil
  }

  /// The events that have become durable since the last call, as far as the engine says.
  private func news() throws(RunError) -> [Event] {
    guard case .engine(let record?) = try HolderRecord.holder(of: run.folder, in: run.home.storage)
    else { return [] }
    if reader == nil {
      reader = try HistoryReader(run.folder, in: run.home.storage, .live(durable: record.durable))
    } else {
      try reader?.extend(to: record.durable)
    }
    var events: [Event] = []
    try reader?.read(into: &events)
    return events
  }
}
