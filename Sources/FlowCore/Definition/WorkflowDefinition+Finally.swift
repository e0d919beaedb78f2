/// The steps of `finally`, which are the last ones.
extension WorkflowDefinition {
  package var hasFinally: Bool { finallyCount > 0 }

  /// The index of the first step of `finally`; the number of steps if there is none.
  package var firstFinally: Int { steps.count - finallyCount }

  package var ordinarySteps: Range<Int> { 0..<firstFinally }
  package var finallySteps: Range<Int> { firstFinally..<steps.count }

  /// Whether the step at `index` belongs to `finally`.
  package func isFinally(_ index: Int) -> Bool { index >= firstFinally }

  /// What a step of `finally`, or a rollback, has where neither it nor `defaults` gives a timeout.
  package static let finallyTimeoutMilliseconds: Int64 = 300_000
}
