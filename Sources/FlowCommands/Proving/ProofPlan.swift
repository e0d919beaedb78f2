import FlowCore

/// Which attempts of a proof are lost, and when. A seed decides it, and how long they take undisturbed.
struct ProofPlan {
  let seed: UInt64

  /// The first attempt of a step in an undisturbed run.
  struct Attempt: Equatable {
    /// The id of the step.
    let id: String
    /// Names its files: another run gives the step the same, unless items come in another order.
    let file: String
    /// The step of which that is a child, or itself.
    let step: Int32
    let microseconds: Int64
  }

  /// What is done to an attempt.
  struct Disturbance: Equatable {
    let attempt: Attempt
    /// So long after its launch was seen it is killed; nil for when its command has done its work, and before
    /// the end is recorded.
    let delayMicroseconds: Int64?
  }

  /// In the first round the attempt has done its work. After that, the moment is drawn. Of a step that runs for
  /// each item, it is the attempt of one of them, which is drawn.
  ///
  /// - Parameter attempts: those of the step, or of its children; not empty.
  func disturbance(ofStep step: Int32, among attempts: [Attempt], in round: Int) -> Disturbance {
    let place = SplitMix64.hash([seed, UInt64(step), UInt64(round)]) % UInt64(attempts.count)
    let attempt = attempts[Int(place)]
    if round == 1 { return Disturbance(attempt: attempt, delayMicroseconds: nil) }
    let number = SplitMix64.hash(seed, UInt64(step), UInt64(round))
    let moment = Int64(number % UInt64(max(attempt.microseconds, 1)))
    return Disturbance(attempt: attempt, delayMicroseconds: moment)
  }
}
