package import FlowCore

/// Gives out the events of a run's log in order.
package protocol EventSource: ~Copyable {
  /// The folder of the log.
  var logPath: String { get }
  /// The next event; nil at the end of the durable history.
  mutating func next() throws(RunError) -> Event?
}

extension EventSource where Self: ~Copyable {
  /// Reads the events that follow into a fold.
  ///
  /// - Parameter isEnough: asked after each event; true ends reading before the end.
  /// - Throws: why the history cannot be read any further. The fold keeps the events before that.
  package mutating func read<Fold: EventFold>(
    into fold: inout Fold, until isEnough: ((Fold) -> Bool)? = nil
  ) throws(RunError) {
    while let event = try next() {
      do throws(HistoryError) { try fold.apply(event) } catch {
        throw .history(path: logPath, error)
      }
      if let isEnough, isEnough(fold) { return }
    }
  }
}
