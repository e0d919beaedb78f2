/// A fold over the events of a history: into a state, a summary, or a list of events.
package protocol EventFold {
  /// Applies the next event.
  ///
  /// - Throws: `HistoryError` if the event cannot follow; then the fold is unusable.
  mutating func apply(_ event: Event) throws(HistoryError)
}

extension [Event]: EventFold {
  package mutating func apply(_ event: Event) {
    append(event)
  }
}
