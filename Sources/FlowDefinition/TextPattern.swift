/// A regular expression that a whole text must match.
struct TextPattern {
  /// Its time to be read is bounded by this; its time to match is not, so a definition that is only
  /// read never matches one.
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
