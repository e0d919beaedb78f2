package import FlowCore
package import FlowLog

/// A problem of a run's log, and where it was found.
package struct LogProblem: Equatable, Sendable {
  package enum Cause: Equatable, Sendable {
    /// The segments cannot be read to the end.
    case log(LogError)
    /// The segments end with bytes that are not part of the history.
    case tail(LogTail)
    /// A frame contains fewer or more events than it declares.
    case eventCount(declared: Int, found: Int)
    /// The bytes of an event cannot be decoded.
    case event(CodingError)
    /// The event cannot follow those before it.
    case history(HistoryError)
    /// The event can follow, but the policy decides differently.
    case decision(Redecision.Difference)
    /// A commit begins within a wake-up.
    case wakeUpSplit
    /// The segment declares another engine life than its events have.
    case engineLife(segment: UInt32, events: Int32)
    /// The history ends before the definition is complete.
    case undefined
    /// The history belongs to another run than its folder.
    case otherRun(recorded: String, expected: String)
    /// The lock file records events up to this one as durable, but the history is shorter.
    case claimedDurable(through: Int64, last: Int64)
    /// An attempt has left a file, but the history lacks the intent to launch it.
    case attemptUnknown(intent: Int64?, last: Int64)
    /// An attempt record names an event as its intent that is not.
    case intentDiffers(intent: Int64)
    /// A later version of flow wrote the attempt record.
    case recordNewer
    /// The attempt record and the history differ in how the attempt ended.
    case endDiffers(recorded: AttemptEnd, history: AttemptEnd)
  }

  /// Whether acknowledged events are missing.
  package enum Loss: String, Sendable {
    case none
    case possible
    case certain
  }

  package let cause: Cause
  package let path: String
  /// Where the frame or the discarded bytes begin; nil if the problem concerns the file as a whole.
  package let offset: Int64?
  /// The first event that is affected; nil if that is unknown.
  package let sequence: Int64?

  package init(_ cause: Cause, in path: String, at offset: Int64? = nil, event: Int64? = nil) {
    self.cause = cause
    self.path = path
    self.offset = offset
    sequence = event
  }
}

/// The result of `flow verify` for a log.
package enum LogVerdict: String, Comparable, CaseIterable, Sendable {
  /// Every byte is accounted for.
  case intact
  /// It ends with an unfinished commit, as a crash may leave it.
  case torn
  /// Its last commit is corrupt, by a crash or by the disk.
  case ambiguous
  /// A valid part of it can only be understood by a newer flow.
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
    case .event(let error): error.isNewer ? .newer : .damaged
    case .history(let error): error.isNewer ? .newer : .damaged
    case .recordNewer: .newer
    case .eventCount, .decision, .wakeUpSplit, .engineLife, .undefined, .otherRun,
      .claimedDurable, .attemptUnknown, .intentDiffers, .endDiffers:
      .damaged
    }
  }

  package var loss: Loss {
    switch cause {
    case .log(let error): error.loss
    case .tail(let tail): tail.verdict == .ambiguous ? .possible : .none
    case .recordNewer: .none
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
    // A segment can be empty.
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
    case .recordNewer: "the attempt's record was written by a newer flow"
    case .endDiffers(let recorded, let history):
      "records another end of its attempt (\(EventWording.text(recorded.result))) than the history"
        + " (\(EventWording.text(history.result)))"
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
    case .ambiguous: "the last \(tail.bytes) bytes are a commit with a bad checksum"
    }
  }
}
