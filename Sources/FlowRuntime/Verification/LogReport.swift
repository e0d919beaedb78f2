package import FlowCore
package import FlowLog

/// All that `LogVerifier` found out about one log.
package struct LogReport: Equatable, Sendable {
  /// The folder of the segments.
  package let log: String
  /// The process that drives the run; nil where none does. Then only what it says is durable was
  /// looked at.
  package internal(set) var engine: Engine?
  package internal(set) var frames: Int64 = 0
  package internal(set) var commits: Int64 = 0
  /// How long the segments are that were read, as far as they count, but for a seal.
  package internal(set) var bytes: Int64 = 0
  /// The number of the last event that was read and can have happened.
  package internal(set) var lastSequence: Int64 = 0
  /// How far the segments were read.
  package internal(set) var position: LogPosition?
  /// The run's id, as its first event has it.
  package internal(set) var runID: String?
  /// The state after that event; nil before the definition is complete.
  package internal(set) var state: RunState?
  /// How the last segment ends; nil where it was not read to its end, or an engine lives.
  package internal(set) var tail: LogTail?
  /// In the order in which they were found.
  package internal(set) var problems: [LogProblem] = []
  /// What a person may want to know, and is no fault of the log.
  package internal(set) var notes: [String] = []
  /// Whether the last engine, in this boot, is known to have acknowledged no more than was read.
  package internal(set) var isAllClaimed = false
  /// Whether `LogRepair` can bring the log back to a whole one.
  package internal(set) var isRepairable = false

  package struct Engine: Equatable, Sendable {
    /// Nil where it has not said.
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
