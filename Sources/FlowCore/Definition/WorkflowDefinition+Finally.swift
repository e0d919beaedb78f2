/// The steps of `finally`, which are the last ones before those of `notify`.
extension WorkflowDefinition {
  package var hasFinally: Bool { finallyCount > 0 }

  /// The index of the first step of `finally`, or where it would be.
  package var firstFinally: Int { declaredCount - notifyCount - finallyCount }

  package var ordinarySteps: Range<Int> { 0..<firstFinally }
  package var finallySteps: Range<Int> { firstFinally..<firstNotify }

  /// Whether the step at `index` belongs to `finally`.
  package func isFinally(_ index: Int) -> Bool { finallySteps.contains(index) }

  /// What a step of `finally`, or a rollback, has where neither it nor `defaults` gives a timeout.
  package static let finallyTimeoutMilliseconds: Int64 = 300_000
}
