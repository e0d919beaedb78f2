import FlowCore
import FlowSystem

/// What was found out of a step.
struct StepProof {
  enum Verdict {
    /// However its attempt was lost, the folder was in the end as after an undisturbed run.
    case idempotent
    /// A lost attempt ends the run: nothing runs twice.
    case stopsTheRun
    /// It never ran so long that it could be killed, or did not run.
    case untried
    case differs([FolderDifference])
    /// Run again, it failed, or something after it; with what the run printed.
    case fails(String)
    /// The run did not end.
    case endless
  }

  let step: String
  let onLost: OnLost
  var verdict = Verdict.untried
  /// How many attempts were killed, and how many of them when their work was done.
  var killed = 0
  var killedAfterWork = 0
  /// The round that has shown the fault; from 1.
  var round: Int?
  var disturbance: ProofRun.Disturbance?
  /// The id of the item whose attempt was lost; nil for a step that runs once.
  var item: String?
  var killedAfterMicroseconds: Int64 = 0
  /// Where the folder of that round is kept.
  var kept: String?

  var isFault: Bool {
    switch verdict {
    case .idempotent, .stopsTheRun, .untried: false
    case .differs, .fails, .endless: true
    }
  }
}
