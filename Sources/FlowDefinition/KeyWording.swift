package import FlowCore

extension KeyType {
  /// What a key of the type takes, for documentation: what a file has is in backticks.
  package var wording: String {
    switch self {
    case .structure(let expected), .text(let expected), .flagOrText(let expected): expected
    case .object(let example): "an object such as `\(example)`"
    case .flag: "`true` or `false`"
    case .duration(allowsZero: true): "a duration"
    case .duration(allowsZero: false): "a duration above zero"
    case .byteSize: "a size"
    case .wholeNumber(let range):
      "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .decimal(let range):
      "a number from \(range.lowerBound / 1_000) to \(range.upperBound / 1_000), with at most three"
        + " decimal places"
    case .word(let words): Self.list(words, "or")
    case .words(let words): "an array of \(Self.list(words, "and"))"
    case .exitCodes: "an array of exit codes from 1 to 255"
    case .command: "a line for the shell, or an array: a program and its arguments"
    case .shell: "`\"sh\"`, `\"bash\"`, or an array: a program and its arguments"
    case .environment: "an object of names and texts"
    case .variableNames: "an array of names"
    case .paths: "an array of paths such as `out/a.csv` and `site/`"
    case .secrets: "an array of names, or an object such as `{\"DB_PASSWORD\": \"file\"}`"
    case .outputs: "an array of names, or an object such as `{\"version\": \"string\"}`"
    case .variableFiles:
      "an array of paths, or of objects such as `{\"path\": \"local.env\", \"optional\": true}`"
    }
  }

  private static func list(_ words: [String], _ conjunction: String) -> String {
    let quoted = words.map { "`\"\($0)\"`" }
    return quoted.dropLast().joined(separator: ", ") + " \(conjunction) " + quoted[quoted.count - 1]
  }
}

extension ParameterKey {
  /// The same of a key of a parameter.
  package var wording: String {
    switch self {
    case .type: "a type"
    case .standard: "a value, or an array of values"
    case .required: KeyType.flag.wording
    case .choices: "an array of values"
    case .pattern: "a regular expression"
    case .least, .greatest: "a value"
    case .help: "a text"
    }
  }
}
