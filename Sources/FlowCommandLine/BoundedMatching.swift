package import FlowDefinition
import FlowStorage
import FlowSystem

/// Matches patterns in copies of this process, which are ended when they take too long.
package final class BoundedMatching: PatternMatching {
  private static let seconds = 2
  /// One that takes too long is enough to know that a file is bad, and another would take as long.
  private var isSpent = false

  package init() {}

  /// - Precondition: This process has no other threads.
  package func verdict(on text: String, pattern: String) -> PatternVerdict {
    if isSpent { return .undecided }
    let bytes =
      (try? ForkedComputation.bytes(within: Self.seconds) {
        [UnboundedMatching().verdict(on: text, pattern: pattern).rawValue]
      }) ?? nil
    guard let byte = bytes?.first, let verdict = PatternVerdict(rawValue: byte) else {
      isSpent = true
      return .undecided
    }
    return verdict
  }
}
