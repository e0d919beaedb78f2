/// What a history is read into: a state, a summary, or the list of its events.
package protocol EventFold {
  /// Takes in the next event.
  ///
  /// - Throws: `HistoryError` where the event cannot follow; then the fold is of no more use.
  mutating func apply(_ event: Event) throws(HistoryError)
}

extension [Event]: EventFold {
  package mutating func apply(_ event: Event) {
    append(event)
  }
}
