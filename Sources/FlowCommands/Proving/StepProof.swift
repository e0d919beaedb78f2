import FlowCore
import FlowSystem

/// What was found out of a step.
struct StepProof {
  enum Verdict: Equatable {
    /// However its attempt was lost, what counts was in the end as after an undisturbed run.
    case idempotent
    /// A lost attempt ends the run, and nothing runs twice until a user restarts it.
    case stopsTheRun(afterRestart: Aftermath)
    /// It had an attempt, which was never caught.
    case tooShort
    /// It had no attempt in the undisturbed run.
    case neverRan
    case differs([ProofDifference])
    /// Run again, it failed, or something after it; with what the run printed.
    case fails(String)
    /// The run did not end.
    case endless
  }

  /// What `flow restart --failed` makes of a run that a lost attempt has ended.
  enum Aftermath: Equatable {
    case same
    case differs([ProofDifference])
    case fails(String)
    case endless
  }

  /// How a run went whose attempt was lost.
  enum Course: Equatable {
    case succeeded([ProofDifference])
    case failed(String)
    case endless
  }

  let step: String
  let onLost: OnLost
  var verdict = Verdict.tooShort
  /// How many attempts were killed, and how many of them when their work was done.
  var killed = 0
  var killedAfterWork = 0
  /// In how many rounds none could be caught.
  var missed = 0
  /// The round that has shown what was found; from 1.
  var round: Int?
  /// The id of the item whose attempt was lost; nil for a step that runs once.
  var item: String?
  var kill: AttemptKiller.Kill?
  var recovery = ProofHistory.Recovery.none
  /// Where the folder of that round is kept.
  var kept: String?

  init(step: String, onLost: OnLost) {
    self.step = step
    self.onLost = onLost
  }

  /// A verdict of a single round.
  ///
  /// - Parameter restart: how the run went on that a user has restarted; nil where none had to.
  static func verdict(_ course: Course, restart: Course?) -> Verdict {
    switch restart {
    case nil: break
    case .succeeded(let differences)?:
      return .stopsTheRun(afterRestart: differences.isEmpty ? .same : .differs(differences))
    case .failed(let errors)?: return .stopsTheRun(afterRestart: .fails(errors))
    case .endless?: return .stopsTheRun(afterRestart: .endless)
    }
    switch course {
    case .succeeded(let differences):
      return differences.isEmpty ? .idempotent : .differs(differences)
    case .failed(let errors): return .fails(errors)
    case .endless: return .endless
    }
  }

  /// Whether more rounds can show nothing worse.
  var isSettled: Bool {
    switch verdict {
    case .idempotent, .stopsTheRun(.same), .tooShort, .neverRan: false
    case .differs, .fails, .endless, .stopsTheRun: true
    }
  }

  /// Whether what `onLost` says does harm.
  var isFault: Bool {
    switch verdict {
    case .idempotent, .stopsTheRun, .tooShort, .neverRan: false
    case .differs, .fails, .endless: true
    }
  }

  /// Whether nothing is known of it.
  var isUnproven: Bool { verdict == .tooShort || verdict == .neverRan }
}
