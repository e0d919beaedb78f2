import FlowCore

/// What became of an attempt that no message tells of, derived from its record and the record's
/// lock.
enum AttemptFate: Equatable {
  /// No monitor was forked for it, and none will be.
  case neverLaunched
  /// Its monitor noted the end, and is gone.
  case ended(AttemptEnd)
  /// Its monitor noted the end, and still holds the lock.
  case exiting(AttemptRecord)
  /// Its monitor lives here.
  case runs(AttemptRecord.Start, AttemptRecord.Command?)
  /// Its monitor lives, and the record does not say which process that is. Once the lock is free,
  /// the record tells.
  case unrecognizable(AttemptRecord)
  /// Its monitor lives in another host context, where it cannot be reached.
  case runsElsewhere
  /// Its monitor is gone and noted no end: whether the command ran, and how it ended, is unknown.
  case lost
  /// Its record says so, and only a later version of flow can read it.
  case newer

  /// - Parameters:
  ///   - here: the host context of this process.
  ///   - wasHere: whether the engine that wanted the attempt had that host context.
  init(_ sighting: RecordSighting, seenFrom here: HostMark, wasHere: Bool) {
    guard let record = sighting.record else {
      // Another host context may have had a record that was not durable yet.
      self = wasHere ? .neverLaunched : .lost
      return
    }
    self =
      switch (record.content, sighting.isLocked) {
      case (.ended(let end), false): .ended(end)
      case (.ended, true): .exiting(record)
      case (.started(let start, let command), true) where start.host == here:
        .runs(start, command)
      case (.started, true): .runsElsewhere
      case (.started, false): .lost
      case (.newer, _): .newer
      case (.unreadable, true): .unrecognizable(record)
      case (.unreadable, false): .lost
      }
  }
}
