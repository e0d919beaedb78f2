/// A version of the decision rules and of the encoding of definitions. A run keeps its policy for
/// life (`RunCreated.policyVersion`): replay recomputes a history by the policy that decided it.
/// Code that changes a rule or an encoding branches on the policy; the behaviour of earlier
/// policies is frozen.
package enum Policy: Int32, CaseIterable, Comparable, Sendable {
  /// flow 0.1: the definition is encoded by position.
  case first = 1
  /// Since flow 0.2: the definition is encoded by tags, so that it can get new keys.
  case second = 2

  /// The policy of new runs.
  package static let current = Policy.second

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
