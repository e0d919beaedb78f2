/// The version of the rules that a run's decisions follow, and of the encoding of its definition.
/// A run keeps its version for life (`RunCreated.policyVersion`): its history is re-decided by the
/// rules that decided it.
package enum Policy {
  /// What new runs get.
  package static let current: Int32 = 1
}
