package import FlowCore
package import FlowLog

/// Everything that `LogVerifier` found out about one log.
package struct LogReport: Equatable, Sendable {
  /// The folder of the segments.
  package let log: String
  /// The process that drives the run, if there is one: then only the part that it has published as
  /// durable was read.
  package internal(set) var engine: Engine?
  package internal(set) var frames: Int64 = 0
  package internal(set) var commits: Int64 = 0
  /// The length of the segments that were read, without seals and bytes that are not part of the
  /// history.
  package internal(set) var bytes: Int64 = 0
  /// The number of the last valid event.
  package internal(set) var lastSequence: Int64 = 0
  /// Up to where the segments were read.
  package internal(set) var position: LogPosition?
  /// The run id in the first event.
  package internal(set) var runID: String?
  /// The state after that event; nil before the definition is complete.
  package internal(set) var state: RunState?
  /// How the last segment ends; nil if it was not read to its end, or an engine writes it.
  package internal(set) var tail: LogTail?
  /// In the order in which they were found.
  package internal(set) var problems: [LogProblem] = []
  /// Remarks that are not problems of the log.
  package var notes: [String] = []
  /// Whether the last engine is known, by its record of this boot, to have acknowledged no more
  /// events than were read.
  package internal(set) var isAllClaimed = false
  /// Whether `LogRepair` can recover the log.
  package internal(set) var isRepairable = false

  package struct Engine: Equatable, Sendable {
    /// Nil if it has not written its record yet.
    package let processID: Int32?
  }

  init(log: String) {
    self.log = log
  }

  /// The gravest of all problems.
  package var verdict: LogVerdict { problems.map(\.verdict).max() ?? .intact }

  package var loss: LogProblem.Loss {
    let losses = problems.filter { !isAllClaimed || !$0.isTail }.map(\.loss)
    if losses.contains(.certain) { return .certain }
    return losses.contains(.possible) ? .possible : .none
  }
}
