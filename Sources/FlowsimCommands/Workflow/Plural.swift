/// Numbers of things in English.
enum Plural {
  /// `1 run`, `2 runs`; `1 power loss`, `2 power losses`.
  static func of(_ count: Int, _ noun: String) -> String {
    if count == 1 { return "1 \(noun)" }
    return "\(count) \(noun)\(noun.hasSuffix("s") ? "es" : "s")"
  }
}
