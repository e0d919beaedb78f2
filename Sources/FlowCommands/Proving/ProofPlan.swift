import FlowCore

/// Which attempts of a proof are lost, and when. A seed decides it, and how long they take undisturbed.
struct ProofPlan {
  let seed: UInt64

  /// What is done to the first attempt of a step.
  enum Disturbance: Equatable {
    case none
    /// Its monitor is killed when its command has done its work, and before the end is recorded.
    case afterItsWork(of: String)
    /// Its monitor is killed so long after its launch was seen, and its processes with it.
    case during(String, afterMicroseconds: Int64)

    /// The id of the step.
    var step: String? {
      switch self {
      case .none: nil
      case .afterItsWork(let step), .during(let step, _): step
      }
    }
  }

  /// The first attempt of a step in an undisturbed run.
  struct Attempt: Equatable {
    /// The id of the step.
    let id: String
    /// The step of which that is a child, or itself.
    let step: Int32
    let microseconds: Int64
  }

  /// In the first round the attempt has done its work. After that, the moment is drawn. Of a step that runs for
  /// each item, it is the attempt of one of them, which is drawn.
  ///
  /// - Parameter attempts: those of the step, or of its children; not empty.
  func disturbance(ofStep step: Int32, among attempts: [Attempt], in round: Int) -> Disturbance {
    let place = SplitMix64.hash([seed, UInt64(step), UInt64(round)]) % UInt64(attempts.count)
    let attempt = attempts[Int(place)]
    if round == 1 { return .afterItsWork(of: attempt.id) }
    let number = SplitMix64.hash(seed, UInt64(step), UInt64(round))
    let moment = Int64(number % UInt64(max(attempt.microseconds, 1)))
    return .during(attempt.id, afterMicroseconds: moment)
  }
}
