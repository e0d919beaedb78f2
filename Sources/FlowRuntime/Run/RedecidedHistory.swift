import FlowCore
import FlowLog

/// The history of a run whose engine is dead, read to its end and decided once more.
struct RedecidedHistory<Store: Storage>: ~Copyable {
  /// To go on from.
  var history: HistoryReader<Store>
  let state: RunState
  let tail: LogTail

  /// A long history is told in pieces.
  private static var mostRecalled: Int { 4_096 }

  /// - Throws: where the history cannot be read, or was not decided by the rules, or lacks what the
  ///   dead engine has said was durable.
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
    var redecision = Redecision()
    var recalled: [Event] = []
    while let event = try history.next() {
      let wasDefined = redecision.isDefined
      let difference: Redecision.Difference?
      do throws(HistoryError) { difference = try redecision.apply(event) } catch {
        throw .history(path: folder.log, error)
      }
      if let difference { throw .decisionsDiffer(path: folder.log, difference) }
      recalled.append(event)
      if !wasDefined || recalled.count >= mostRecalled, let state = redecision.state {
        observer.recalled(recalled, state)
        recalled = []
      }
    }
    // The first commit holds the definition, and a run has no name before that is durable.
    guard let state = redecision.state else { throw .log(LogError(folder.log, .empty)) }
    if let difference = redecision.differenceAtEnd() {
      throw .decisionsDiffer(path: folder.log, difference)
    }
    if !recalled.isEmpty { observer.recalled(recalled, state) }
    return state
  }
}
