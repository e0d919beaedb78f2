import FlowCore
import FlowLog
import FlowStorage

/// The history of a run whose engine is dead, read to its end, and with every decision recomputed.
struct RedecidedHistory<Store: Storage>: ~Copyable {
  /// At its end, where the next engine continues.
  var history: HistoryReader<Store>
  let state: RunState
  let tail: LogTail

  /// - Throws: if the history cannot be read, differs from its policy's decisions, or lacks events
  ///   that the dead engine recorded as durable.
  static func recall(
    _ folder: RunFolder, _ lock: borrowing RunLock<Store>, in storage: Store,
    _ observer: any RunObserver
  ) throws(RunError) -> RedecidedHistory {
    var history = try HistoryReader(folder, in: storage, .recovering)
    let state = try read(&history, of: folder, observer)
    guard let tail = history.tail else {
      preconditionFailure("the log of a dead engine was read to its end, and has none")
    }
    if let durable = lock.durableBefore, durable > state.lastSequence {
      throw .historyIsShort(path: folder.lock, durable: durable, lastSequence: state.lastSequence)
    }
    return RedecidedHistory(history: history, state: state, tail: tail)
  }

  private static func read(
    _ history: inout HistoryReader<Store>, of folder: RunFolder, _ observer: any RunObserver
  ) throws(RunError) -> RunState {
    var recall = Recall(observer: observer)
    try history.read(into: &recall) { $0.difference != nil }
    if let difference = recall.difference {
      throw .decisionsDiffer(path: folder.log, difference)
    }
    // The first commit contains the definition, and is durable before the run gets its name.
    guard let state = recall.redecision.state else { throw .log(LogError(folder.log, .empty)) }
    if let difference = recall.redecision.differenceAtEnd() {
      throw .decisionsDiffer(path: folder.log, difference)
    }
    recall.tellRest()
    return state
  }
}

/// Recomputes the decisions of a history, and tells the observer of its events.
private struct Recall: EventFold {
  let observer: any RunObserver
  var redecision = Redecision()
  /// Where the history and its policy differ; then reading ends.
  private(set) var difference: Redecision.Difference?
  private var events: [Event] = []

  /// A long history is reported in pieces.
  private static let mostEvents = 4_096

  init(observer: any RunObserver) {
    self.observer = observer
  }

  mutating func apply(_ event: Event) throws(HistoryError) {
    let wasDefined = redecision.isDefined
    if let found = try redecision.apply(event) {
      difference = found
      return
    }
    events.append(event)
    if redecision.isDefined && (!wasDefined || events.count >= Self.mostEvents) { tellRest() }
  }

  /// Reports the events that were not reported yet, once the definition is known.
  mutating func tellRest() {
    guard !events.isEmpty, let state = redecision.state else { return }
    observer.recalled(events, state)
    events = []
  }
}
