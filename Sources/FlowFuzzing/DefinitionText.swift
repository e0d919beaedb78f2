import FlowCore

/// A value of a definition file, in whichever spelling it is written.
enum TextValue {
  case object([(key: String, value: TextValue)])
  case array([TextValue])
  case text(String)
  /// A number, `true` or `false`.
  case literal(String)
}

/// Writes a definition as a file with every key that has a value, so that no default applies.
enum DefinitionText {
  private typealias Members = [(key: String, value: TextValue)]

  /// JSON.
  static func of(_ definition: WorkflowDefinition) -> String {
    JSONText.of(value(of: definition))
  }

  static func value(of definition: WorkflowDefinition) -> TextValue {
    let steps = definition.ordinarySteps.filter { !definition.isRollback($0) }.map {
      step($0, of: definition)
    }
    let finally = definition.finallySteps.map { step($0, of: definition) }
    let parameters: Members = definition.parameters.map { ($0.name, parameter($0)) }
    let secrets: Members = definition.secrets.map { ($0.name, source(of: $0)) }
    return .object(
      [("name", .text(definition.name))] + members(WorkflowDefinition.keys, of: definition)
        + (parameters.isEmpty ? [] : [("params", .object(parameters))])
        + (secrets.isEmpty ? [] : [("secrets", .object(secrets))])
        + (finally.isEmpty ? [] : [("finally", .array(finally))])
        + (definition.hasNotify ? [("notify", .array(notices(of: definition)))] : [])
        + [("steps", .array(steps))])
  }

  private static func source(of secret: Secret) -> TextValue {
    switch secret.source {
    case .file(let path): .object([("file", .text(path))])
    case .variable(let name): .object([("env", .text(name))])
    }
  }

  private static func parameter(_ parameter: Parameter) -> TextValue {
    func texts(_ texts: [String]) -> TextValue { .array(texts.map(TextValue.text)) }
    var members: Members = [("type", .text("\(parameter.type)"))]
    if parameter.isRequired { members.append(("required", .literal("true"))) }
    if let standard = parameter.standard { members.append(("default", texts(standard))) }
    if !parameter.choices.isEmpty { members.append(("enum", texts(parameter.choices))) }
    if let pattern = parameter.pattern { members.append(("pattern", .text(pattern))) }
    if let least = parameter.least { members.append(("min", .text(least))) }
    if let greatest = parameter.greatest { members.append(("max", .text(greatest))) }
    if let help = parameter.help { members.append(("help", .text(help))) }
    return .object(members)
  }

  private static func step(_ index: Int, of definition: WorkflowDefinition) -> TextValue {
    let step = definition.steps[index]
    let needs = step.needs.map { need in
      let id = TextValue.text(name(ofStep: Int(need), of: definition))
      let wanted = definition.wanted(ofStep: index, from: need)
      return wanted == .done ? id : .object([("step", id), ("when", .text("\(wanted)"))])
    }
    let condition = definition.conditionText(ofStep: index).map { ("when", TextValue.text($0)) }
    let start: Members = [
      ("id", .text(name(ofStep: index, of: definition))), ("needs", .array(needs)),
    ]
    let settings = definition.settings(ofStep: index)
    if let question = definition.question(ofStep: index) {
      var members = start + (condition.map { [$0] } ?? [])
      let extras = definition.extras(ofStep: index)
      if let text = extras.description { members.append(("description", .text(text))) }
      members.append(("ask", ask(question, extras.outputs)))
      return .object(members + [("allowFailure", .literal("\(settings.allowFailure)"))])
    }
    let chain = definition.chain(ofNode: index)
    if !chain.isEmpty, let node = definition.forEach(ofStep: index) {
      return .object(
        start + (condition.map { [$0] } ?? [])
          + (definition.extras(ofStep: index).description.map { [("description", .text($0))] }
            ?? [])
          + [
            ("forEach", forEach(node, of: definition)),
            ("steps", .array(chain.map { Self.step($0, of: definition) })),
            ("allowFailure", .literal("\(settings.allowFailure)")),
          ])
    }
    return .object(
      start + [("run", command(step.command))] + (condition.map { [$0] } ?? [])
        + members(StepDefinition.keys, of: definition.extras(ofStep: index))
        + (rollback(ofStep: index, of: definition).map { [("onFailure", $0)] } ?? [])
        + (definition.forEach(ofStep: index).map { [("forEach", forEach($0, of: definition))] }
          ?? [])
        + members(StepSettings.keys, of: settings))
  }

  /// As the steps beside it name it.
  private static func name(ofStep index: Int, of definition: WorkflowDefinition) -> String {
    definition.nameInChain(ofStep: index) ?? definition.steps[index].id
  }

  private static func notices(of definition: WorkflowDefinition) -> [TextValue] {
    let refused = ["onLost", "probe", "allowFailure"]
    return definition.notifySteps.map { index in
      let extras = definition.extras(ofStep: index)
      let outcomes = extras.notice?.outcomes.names ?? []
      let time = extras.notice?.slowMilliseconds
      return .object(
        [
          time.map { ("slow", .text("\($0)ms")) }
            ?? ("on", .array(outcomes.map(TextValue.text))),
          ("run", command(definition.steps[index].command)),
        ] + (extras.description.map { [("description", .text($0))] } ?? [])
          + members(StepSettings.keys, of: definition.settings(ofStep: index)).filter {
            !refused.contains($0.key)
          })
    }
  }

  private static func rollback(
    ofStep index: Int, of definition: WorkflowDefinition
  ) -> TextValue? {
    guard let index = definition.rollback(ofStep: index).map({ Int($0) }) else { return nil }
    let description = definition.extras(ofStep: index).description
    return .object(
      [("run", command(definition.steps[index].command))]
        + (description.map { [("description", .text($0))] } ?? [])
        + members(StepSettings.keys, of: definition.settings(ofStep: index)))
  }

  private static func forEach(
    _ forEach: ForEach, of definition: WorkflowDefinition
  ) -> TextValue {
    let source: TextValue =
      switch forEach.source {
      case .literal(let items): .array(items.map { .text($0) })
      case .parameter(let place): .text(definition.name(of: .parameter(place)))
      case .output(let step, let place):
        .text(definition.name(of: .output(step: step, place: place)))
      }
    var members: Members = [
      ("over", source), ("max", .literal("\(forEach.most)")),
      ("empty", .text("\(forEach.whenEmpty)")),
    ]
    if let key = forEach.key { members.append(("key", .text(key))) }
    if let jobs = forEach.jobs { members.append(("jobs", .literal("\(jobs)"))) }
    switch forEach.tolerance {
    case nil: break
    case .count(let count)?: members.append(("tolerate", .literal("\(count)")))
    case .percent(let percent)?: members.append(("tolerate", .text("\(percent)%")))
    }
    return .object(members)
  }

  private static func ask(_ question: Question, _ fields: [StepOutput]) -> TextValue {
    var members: Members = [("text", .text(question.text))]
    if let timeout = question.timeoutMilliseconds {
      members.append(("timeout", .text("\(timeout)ms")))
      members.append(("otherwise", .text("\(question.otherwise)")))
    }
    if !fields.isEmpty {
      members.append(("fields", .object(fields.map { ($0.name, .text("\($0.type)")) })))
    }
    return .object(members)
  }

  private static func members<Owner>(_ keys: [DefinitionKey<Owner>], of owner: Owner) -> Members {
    keys.compactMap { key in
      switch key.type {
      case .structure: return nil
      case .object: return (key.name, .object(members(key.members, of: owner)))
      default: return text(key.value(of: owner), key.type).map { (key.name, $0) }
      }
    }
  }

  /// Nil if the key is left out.
  private static func text(_ value: DefinitionValue, _ type: KeyType) -> TextValue? {
    switch value {
    case .none: nil
    case .flag(let flag): .literal("\(flag)")
    case .number(let number): text(number, type)
    case .text(let text): .text(text)
    case .bytes(let codes): .array(codes.map { .literal("\($0)") })
    case .command(let command): self.command(command)
    case .environment(let variables): .object(variables.map { ($0.name, .text($0.value)) })
    case .names(let names): .array(names.map { .text($0) })
    case .files(let files):
      .array(
        files.map {
          .object([("path", .text($0.path)), ("optional", .literal("\($0.isOptional)"))])
        })
    case .secrets(let secrets): .object(secrets.map { ($0.name, .text("\($0.form)")) })
    case .outputs(let outputs): .object(outputs.map { ($0.name, .text("\($0.type)")) })
    }
  }

  private static func text(_ number: Int64, _ type: KeyType) -> TextValue {
    switch type {
    case .duration: .text("\(number)ms")
    case .decimal:
      .literal("\(number / 1_000)." + String(String(1_000 + number % 1_000).dropFirst()))
    case .word(let words): .text(words[Int(number)])
    case .words(let words):
      // In reverse, since their order has no meaning.
      .array(words.indices.reversed().filter { number & 1 << $0 != 0 }.map { .text(words[$0]) })
    case .structure, .object, .text, .flag, .flagOrText, .byteSize, .wholeNumber, .exitCodes,
      .command, .shell, .environment, .variableNames, .paths, .variableFiles, .secrets, .outputs:
      .literal("\(number)")
    }
  }

  private static func command(_ command: Command) -> TextValue {
    switch command {
    case .shell(let line): .text(line)
    case .program(let arguments): .array(arguments.map { .text($0) })
    }
  }
}

/// Writes JSON.
enum JSONText {
  static func of(_ value: TextValue) -> String {
    switch value {
    case .object(let members):
      "{" + members.map { "\(quoted($0.key)):\(of($0.value))" }.joined(separator: ",") + "}"
    case .array(let elements): "[" + elements.map(of).joined(separator: ",") + "]"
    case .text(let text): quoted(text)
    case .literal(let text): text
    }
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
