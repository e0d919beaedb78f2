/// One attempt of a step.
package struct AttemptName: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let step: String
  /// From 1.
  package let number: Int

  package init(_ step: String, _ number: Int) {
    self.step = step
    self.number = number
  }

  package static func < (left: Self, right: Self) -> Bool {
    (left.step, left.number) < (right.step, right.number)
  }

  package var description: String { "\(step)@\(number)" }
}
