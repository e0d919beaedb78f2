/// A version of the rules that decisions follow, and of the encoding of definitions. A run keeps its
/// policy for life (`RunCreated.policyVersion`): its history is re-decided by the rules that decided
/// it. A rule or an encoding that changes asks for the policy; what an earlier one says never changes.
package enum Policy: Int32, CaseIterable, Comparable, Sendable {
  /// flow 0.1: the definition is encoded by position.
  case first = 1
  /// Since flow 0.2: the definition is encoded by tags, so that it can get new keys.
  case second = 2

  /// What new runs get.
  package static let current = Policy.second

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
