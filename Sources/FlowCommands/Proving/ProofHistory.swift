import FlowCore
import FlowRuntime
import FlowSystem

/// What the history of a proof's run tells while it grows.
struct ProofHistory: ~Copyable {
  private let id: String
  private let home: RunHome<LinuxStorage>
  /// The id of the step whose first attempt is killed; nil if none is.
  private let step: String?
  private var watch: RunHistoryWatch?

  /// Of each step that had one, children too: the first attempt that ended.
  private(set) var attempts: [ProofPlan.Attempt] = []
  /// Whether the first attempt of the step has ended as lost.
  private(set) var wasLost = false
  private(set) var recovery = Recovery.none

  /// What the engine did about the lost attempt.
  enum Recovery: String {
    case none
    case ranAgain
    /// The probe has run; until it has told more, the work counts as done.
    case probeSaidDone
    case probeSaidNotDone
  }

  init(of id: String, in home: RunHome<LinuxStorage>, losing step: String?) {
    (self.id, self.home, self.step) = (id, home, step)
  }

  /// Takes in what has become durable since.
  mutating func readOn() {
    if watch == nil { watch = try? RunHistoryWatch(id, home) }
    let events = (try? watch?.readOn()) ?? []
    for event in events { take(event) }
  }

  private mutating func take(_ event: Event) {
    guard let definition = watch?.state?.definition else { return }
    func isOfStep(_ attempt: AttemptID) -> Bool {
      definition.steps[Int(attempt.step)].id == step
    }
    switch event.body {
    case .attemptEnded(let attempt, let end) where attempt.number == 1:
      attempts.append(
        ProofPlan.Attempt(
          id: definition.steps[Int(attempt.step)].id,
          file: definition.fileID(ofStep: Int(attempt.step)),
          step: definition.child(Int(attempt.step))?.step ?? attempt.step,
          microseconds: end.durationMicroseconds))
      if isOfStep(attempt) { wasLost = end.result == .lost }
    case .probeScheduled(let attempt) where isOfStep(attempt): recovery = .probeSaidDone
    case .rerunScheduled(let attempt) where isOfStep(attempt):
      recovery = recovery == .none ? .ranAgain : .probeSaidNotDone
    default: break
    }
  }

  /// The outputs of all steps: `STEP.NAME` and a value.
  mutating func outputs() -> [String: [UInt8]] {
    guard let state = watch?.state else { return [:] }
    var values: [String: [UInt8]] = [:]
    for step in state.definition.livingSteps {
      for (output, value) in state.outputs.values(ofStep: step, state.definition) {
        values["\(state.definition.steps[step].id).\(output.name)"] = value
      }
    }
    return values
  }
}
