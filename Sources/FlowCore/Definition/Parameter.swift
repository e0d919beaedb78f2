/// What a run of the workflow can be told: a name, and which values it takes.
package struct Parameter: Hashable, Sendable {
  package var name: String
  package var type: ParameterType
  /// Whether each run must be given a value.
  package var isRequired: Bool
  /// The values of a run that is given none, as the file has them; nil where it must be given. More
  /// or fewer than one only of a list.
  package var standard: [String]?
  /// The only values that it takes; empty for any.
  package var choices: [String]
  /// A regular expression that a whole text must match.
  package var pattern: String?
  /// The least and the greatest value, spelled as values are; of a list, how many elements it has.
  package var least: String?
  package var greatest: String?
  /// For people.
  package var help: String?
  /// What the call gives it, of a parameter of a called workflow: templates over parameters that come
  /// before it; of a list its elements. Nil for its default.
  package var binding: [String]?

  /// Whether it is of a called workflow, `ID/parameter`. A run cannot be told it.
  package var isGivenByCall: Bool { name.utf8.contains(UInt8(ascii: "/")) }

  package init(
    name: String, type: ParameterType = .string, isRequired: Bool = false,
    standard: [String]? = nil, choices: [String] = [], pattern: String? = nil,
    least: String? = nil, greatest: String? = nil, help: String? = nil
  ) {
    self.name = name
    self.type = type
    self.isRequired = isRequired
    self.standard = standard
    self.choices = choices
    self.pattern = pattern
    self.least = least
    self.greatest = greatest
    self.help = help
  }
}

package enum ParameterType: UInt8, CaseIterable, Sendable {
  case string = 0
  case int = 1
  case number = 2
  case bool = 3
  /// `2026-11-29`
  case date = 4
  case duration = 5
  /// Texts.
  case list = 6
}

/// A parameter of a run, with its value.
package struct ParameterValue: Hashable, Sendable {
  package var name: String
  /// Exactly one, except of a list.
  package var texts: [String]

  package init(name: String, texts: [String]) {
    self.name = name
    self.texts = texts
  }
}
