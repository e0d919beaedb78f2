/// Tells whether a whole text matches a regular expression.
///
/// To be read takes an expression a bounded time; to be matched it does not: `(a+)+` takes some texts for
/// ever. So the reader of a file says who matches, and in what time.
package protocol PatternMatching {
  func verdict(on text: String, pattern: String) -> PatternVerdict
}

package enum PatternVerdict: UInt8, Sendable {
  case differs = 0
  case matches = 1
  /// It would have taken too long.
  case undecided = 2
}

/// Matches in this process, however long it takes.
package struct UnboundedMatching: PatternMatching {
  package init() {}

  package func verdict(on text: String, pattern: String) -> PatternVerdict {
    TextPattern(pattern)?.matches(text) == true ? .matches : .differs
  }
}

/// A regular expression that a whole text must match.
struct TextPattern {
  /// Bounds the time to read it.
  static let longest = 1_000

  private let expression: Regex<AnyRegexOutput>

  /// Nil if it is none.
  init?(_ pattern: String) {
    guard pattern.utf8.count <= Self.longest, let expression = try? Regex(pattern) else {
      return nil
    }
    self.expression = expression
  }

  func matches(_ text: String) -> Bool { (try? expression.wholeMatch(in: text)) != nil }
}
