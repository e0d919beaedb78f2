package import FlowCore
package import FlowLog

/// Something that is wrong with a run's log: what, and where it was found.
package struct LogProblem: Equatable, Sendable {
  package enum Cause: Equatable, Sendable {
    /// The segments cannot be read to their end.
    case log(LogError)
    /// They end in bytes that do not count.
    case tail(LogTail)
    /// A frame holds fewer or more events than it says.
    case eventCount(declared: Int, found: Int)
    /// The bytes of an event are not what this program writes.
    case event(CodingError)
    /// The event cannot follow from those before it.
    case history(HistoryError)
    /// The event can follow, and the rules choose otherwise.
    case decision(Redecision.Difference)
    /// A commit begins within a wake-up.
    case wakeUpSplit
    /// The segment belongs to another engine life than its events.
    case engineLife(segment: UInt32, events: Int32)
    /// The history ends before its run is defined.
    case undefined
    /// The history is of another run than its folder says.
    case otherRun(recorded: String, expected: String)
    /// The lock file says that events up to this one were durable, and the history is shorter.
    case claimedDurable(through: Int64, last: Int64)
    /// An attempt has left something, and the history does not hold the intent to launch it.
    case attemptUnknown(intent: Int64?, last: Int64)
    /// The record of an attempt names an event as its intent that is another's.
    case intentDiffers(intent: Int64)
    /// The record and the history tell of different ends.
    case endDiffers(recorded: AttemptEnd, history: AttemptEnd)
  }

  /// How much may be missing of what was told to be durable.
  package enum Loss: String, Sendable {
    case none
    case possible
    case certain
  }

  package let cause: Cause
  package let path: String
  /// Where the frame begins, or what does not count; nil where it is about a file as a whole.
  package let offset: Int64?
  /// The first event that is concerned; nil where that is not known.
  package let sequence: Int64?

  package init(_ cause: Cause, in path: String, at offset: Int64? = nil, event: Int64? = nil) {
    self.cause = cause
    self.path = path
    self.offset = offset
    sequence = event
  }
}

/// What `flow verify` says of a log. Only `intact` is well.
package enum LogVerdict: String, Comparable, CaseIterable, Sendable {
  /// Every byte is accounted for.
  case intact
  /// It ends in a commit that was never finished: legal after a crash.
  case torn
  /// Its last commit is wrong, and a crash may have left it so, or not.
  case ambiguous
  /// A valid part of it says things that only a newer flow knows.
  case newer
  case damaged

  package static func < (left: Self, right: Self) -> Bool {
    left.gravity < right.gravity
  }

  private var gravity: Int {
    switch self {
    case .intact: 0
    case .torn: 1
    case .ambiguous: 2
    case .newer: 3
    case .damaged: 4
    }
  }
}

extension LogProblem {
  package var verdict: LogVerdict {
    switch cause {
    case .log(let error): error.reason == .newer ? .newer : .damaged
    case .tail(let tail):
      switch tail.verdict {
      case .intact: .intact
      case .torn: .torn
      case .ambiguous: .ambiguous
      }
    case .event(let error):
      error.isNewer ? .newer : .damaged
    case .history(let error):
      error.isNewer ? .newer : .damaged
    case .eventCount, .decision, .wakeUpSplit, .engineLife, .undefined, .otherRun,
      .claimedDurable, .attemptUnknown, .intentDiffers, .endDiffers:
      .damaged
    }
  }

  package var loss: Loss {
    switch cause {
    case .log(let error): error.loss
    case .tail(let tail): tail.verdict == .ambiguous ? .possible : .none
    case .claimedDurable, .undefined: .certain
    case .attemptUnknown(let intent, _): intent == nil ? .possible : .certain
    case .event, .history: verdict == .newer ? .none : .possible
    case .eventCount, .decision, .wakeUpSplit, .engineLife, .otherRun, .intentDiffers,
      .endDiffers:
      .possible
    }
  }
}

extension LogError {
  fileprivate var loss: LogProblem.Loss {
    switch reason {
    case .newer, .storage, .writerFailed, .damaged(.bytesAfterSeal), .damaged(.bytesBeforeSeal):
      .none
    case .empty, .damaged(.acknowledgedMissing), .damaged(.frame), .damaged(.deflate): .certain
    // A segment can be without an event.
    case .damaged(.missingSegment), .damaged(.segmentHeader), .damaged(.cutShort),
      .damaged(.successorDisagrees), .damaged(.moreThanOneCommit):
      .possible
    }
  }
}

// MARK: - In words

extension LogProblem: CustomStringConvertible {
  /// What is wrong, without the location.
  package var description: String {
    switch cause {
    case .log(let error): Self.text(error)
    case .tail(let tail): Self.text(tail)
    case .eventCount(let declared, let found):
      "the frame header declares \(declared) events, but the payload holds \(found)"
    case .event(let error): "event cannot be decoded: \(error)"
    case .history(let error): "\(error)"
    case .decision(let difference): "\(difference)"
    case .wakeUpSplit: "commit begins in the middle of an engine's wake-up"
    case .engineLife(let segment, let events):
      "segment of engine life \(segment) holds events of life \(events)"
    case .undefined: "the history ends before the workflow definition is complete"
    case .otherRun(let recorded, let expected):
      "history of run \(recorded) in the folder of run \(expected)"
    case .claimedDurable(let through, let last):
      "the lock file states that events up to \(through) were durable, but the history ends with"
        + " event \(last)"
    case .attemptUnknown(let intent?, let last):
      "refers to event \(intent), but the history ends with event \(last)"
    case .attemptUnknown(nil, _): "belongs to an attempt that the history does not hold"
    case .intentDiffers(let intent):
      "names event \(intent) as the intent to launch its attempt, but that is another event"
    case .endDiffers(let recorded, let history):
      "records another end of its attempt (\(recorded.result)) than the history"
        + " (\(history.result))"
    }
  }

  private static func text(_ error: LogError) -> String {
    switch error.reason {
    case .empty: "no history log in this folder"
    case .damaged(let damage): "\(damage)"
    case .newer: "written by a newer flow"
    case .storage(let error), .writerFailed(let error): "\(error)"
    }
  }

  private static func text(_ tail: LogTail) -> String {
    switch tail.verdict {
    case .intact: "no damage"
    case .torn: "the last \(tail.bytes) bytes are an unfinished commit"
    case .ambiguous: "the last \(tail.bytes) bytes are a complete commit with a bad checksum"
    }
  }
}
