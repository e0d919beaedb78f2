import FlowCore

/// Writes a definition as a file with every key that has a value, so that no default applies.
enum DefinitionText {
  private typealias Members = [(key: String, value: String)]

  static func of(_ definition: WorkflowDefinition) -> String {
    let steps = definition.steps.indices.map { step($0, of: definition) }
    return object(
      [("name", quoted(definition.name))] + members(WorkflowDefinition.keys, of: definition)
        + [("steps", array(steps))])
  }

  private static func step(_ index: Int, of definition: WorkflowDefinition) -> String {
    let step = definition.steps[index]
    let needs = step.needs.map { quoted(definition.steps[Int($0)].id) }
    return object(
      [("id", quoted(step.id)), ("run", command(step.command)), ("needs", array(needs))]
        + members(StepDefinition.keys, of: definition.extras(ofStep: index))
        + members(StepSettings.keys, of: definition.settings(ofStep: index)))
  }

  private static func members<Owner>(_ keys: [DefinitionKey<Owner>], of owner: Owner) -> Members {
    keys.compactMap { key in
      switch key.type {
      case .structure: return nil
      case .object: return (key.name, object(members(key.members, of: owner)))
      default: return text(key.value(of: owner), key.type).map { (key.name, $0) }
      }
    }
  }

  /// Nil if the key is left out.
  private static func text(_ value: DefinitionValue, _ type: KeyType) -> String? {
    switch value {
    case .none: nil
    case .flag(let flag): "\(flag)"
    case .number(let number): text(number, type)
    case .text(let text): quoted(text)
    case .bytes(let codes): array(codes.map { "\($0)" })
    case .command(let command): self.command(command)
    case .environment(let variables): object(variables.map { ($0.name, quoted($0.value)) })
    }
  }

  private static func text(_ number: Int64, _ type: KeyType) -> String {
    switch type {
    case .duration: quoted("\(number)ms")
    case .decimal: "\(number / 1_000)." + String(String(1_000 + number % 1_000).dropFirst())
    case .word(let words): quoted(words[Int(number)])
    case .words(let words):
      // In reverse, since their order has no meaning.
      array(words.indices.reversed().filter { number & 1 << $0 != 0 }.map { quoted(words[$0]) })
    case .structure, .object, .text, .flag, .flagOrText, .byteSize, .wholeNumber, .exitCodes,
      .command,
      .environment:
      "\(number)"
    }
  }

  private static func command(_ command: Command) -> String {
    switch command {
    case .shell(let line): quoted(line)
    case .program(let arguments): array(arguments.map(quoted))
    }
  }

  // MARK: JSON

  private static func object(_ members: Members) -> String {
    "{" + members.map { "\(quoted($0.key)):\($0.value)" }.joined(separator: ",") + "}"
  }

  private static func array(_ elements: [String]) -> String {
    "[" + elements.joined(separator: ",") + "]"
  }

  /// Escapes only the characters that JSON requires to be escaped.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" {
        result.unicodeScalars.append("\\")
        result.unicodeScalars.append(scalar)
      } else if scalar.value < 0x20 {
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
