/// What has become of an attempt that nobody can tell of, as its record and the record's lock say.
package enum AttemptFate: Hashable, CaseIterable, Sendable {
  /// No monitor was forked for it, and none will be.
  case neverLaunched
  /// The record says how.
  case ended
  /// Its monitor is about to end, or cannot be recognized: when the lock is free the record tells.
  case awaitsLock
  /// Its monitor lives here.
  case runs
  /// Its monitor lives where it cannot be reached from here.
  case runsElsewhere
  /// Nobody can say whether it ran, and how it ended.
  case lost
  /// It was launched for an intent that the history does not hold.
  case historyIsMissing

  /// What a record holds.
  package enum Record: Hashable, CaseIterable, Sendable {
    /// There is none.
    case absent
    /// There is one, and it cannot be believed.
    case unreadable
    /// Its monitor began, and noted no end.
    case open
    case ended
  }

  /// - Parameters:
  ///   - isLocked: whether a monitor holds the record's lock. It must have been asked before the
  ///     record was read: one that is read behind a free lock is final.
  ///   - isSameHost: whether the record was made on this host context; of a record that names none, or
  ///     is absent, whether the engine that wanted it was.
  ///   - isIntentKnown: whether the history holds the intent that the record names, if it names one.
  package init(_ record: Record, isLocked: Bool, isSameHost: Bool, isIntentKnown: Bool) {
    self =
      switch (record, isLocked, isSameHost, isIntentKnown) {
      // What is not there names no intent and has no lock. In another context there may have been a
      // record that was not yet durable.
      case (.absent, _, true, _): .neverLaunched
      case (.absent, _, false, _): .lost

      case (.unreadable, _, _, false): .historyIsMissing
      case (.unreadable, true, _, true): .awaitsLock
      case (.unreadable, false, _, true): .lost

      case (.open, _, _, false): .historyIsMissing
      case (.open, true, true, true): .runs
      case (.open, true, false, true): .runsElsewhere
      case (.open, false, _, true): .lost

      case (.ended, _, _, false): .historyIsMissing
      case (.ended, true, _, true): .awaitsLock
      case (.ended, false, _, true): .ended
      }
  }
}
