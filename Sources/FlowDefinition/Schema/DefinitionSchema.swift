import FlowCore

/// The JSON Schema (2020-12) of definition files, made from the tables of keys.
///
/// It accepts what the parser accepts, and refuses what a schema can tell to be wrong: unknown and
/// missing keys, wrong types, values out of their range. What depends on other parts of the file
/// (needs, templates, probes) is the parser's alone.
package struct DefinitionSchema {
  typealias Members = [(key: String, value: SchemaNode)]

  /// Whether texts must be strings. In YAML a text may look like a number or a boolean, and an editor
  /// takes it for one.
  let isStrict: Bool

  /// - Parameter spelling: nil for a schema of both.
  package static func text(of spelling: DefinitionSpelling? = nil) -> String {
    Self(isStrict: spelling == .json).root.printed() + "\n"
  }

  private var root: SchemaNode {
    .object(
      [
        ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
        ("title", .text("A workflow of flow")),
      ] + object(properties(WorkflowDefinition.keys), required: ["name", "steps"]) + [
        ("if", withPassedVariables), ("then", withCleanEnvironment),
        ("$defs", .object([("settings", settings), ("step", step), ("parameter", parameter)])),
      ])
  }

  /// `passEnv` is for a clean environment only.
  private var withPassedVariables: SchemaNode {
    let empty = SchemaNode.object([("const", .array([]))])
    return .object([
      ("required", .texts(["passEnv"])),
      ("properties", .object([("passEnv", .object([("not", empty)]))])),
    ])
  }

  private var withCleanEnvironment: SchemaNode {
    .object([
      ("required", .texts(["environment"])),
      ("properties", .object([("environment", .object([("const", .text("clean"))]))])),
    ])
  }

  private var settings: SchemaNode { .object(object(properties(StepSettings.keys))) }

  /// What makes a step do something; it has one of them.
  private static let works = ["run", "call", "ask", "steps"]

  private var step: SchemaNode {
    let own: Members = properties(StepDefinition.keys).map {
      $0.key == "steps" ? ($0.key, chain) : $0
    }
    let works = Self.works.filter { name in own.contains { $0.key == name } }
    let choice =
      works.count < 2 ? [] : [("oneOf", SchemaNode.array(works.map { .object(doing($0)) }))]
    return .object(
      object(own + sharedSettings, required: ["id"] + (works.count < 2 ? works : [])) + choice)
  }

  /// What a step runs for each item.
  private var chain: SchemaNode {
    let refused = ChainReading.refused.map(\.name) + ["with"]
    let own = properties(StepDefinition.keys.filter { !refused.contains($0.name) })
    return .object(array(object(own + sharedSettings, required: ["id", "run"])))
  }

  private var rollback: Members {
    let own = properties(StepDefinition.keys.filter { ["run", "description"].contains($0.name) })
    return object(own + sharedSettings, required: ["run"])
  }

  private var notice: Members {
    let own = properties(StepDefinition.keys.filter { ["run", "description"].contains($0.name) })
    let refused = ["onLost", "probe", "allowFailure"]
    let outcomes = someOf([("enum", .texts(NoticeOutcomes.named.map(\.name)))])
    let slow = [("type", SchemaNode.text("string")), ("pattern", .text(Self.positiveDuration))]
    return object(
      [("on", .object(outcomes)), ("slow", .object(slow))] + own
        + sharedSettings.filter { !refused.contains($0.key) },
      required: ["run"]) + oneOf(["on", "slow"].map { [("required", .texts([$0]))] })
  }

  /// The keys that a step takes as `defaults` does.
  private var sharedSettings: Members {
    StepSettings.keys.map { key in
      (key.name, .object([("$ref", .text("#/$defs/settings/properties/\(key.name)"))]))
    }
  }

  private func doing(_ work: String) -> Members {
    let keys = ["call": Call.keys, "ask": Ask.keys, "steps": ChainReading.keys][work]
    let required: Members = [("required", .texts(work == "steps" ? [work, "forEach"] : [work]))]
    if let keys {
      return required + [("propertyNames", .object([("enum", .texts(keys))]))]
    }
    let none: Members = ["call", "with", "ask", "steps"].map { ($0, .flag(false)) }
    return required + [("properties", .object(none))]
  }

  // MARK: Keys

  private func properties<Owner>(_ keys: [DefinitionKey<Owner>]) -> Members {
    keys.map { key in
      (key.name, .object([("description", .text(key.help))] + value(of: key)))
    }
  }

  private func value<Owner>(of key: DefinitionKey<Owner>) -> Members {
    switch key.type {
    case .structure: structure(key.name)
    case .object: object(properties(key.members))
    case .text: text([("minLength", .number(1))])
    case .flag: flag
    case .flagOrText:
      isStrict
        ? oneOf([flag, text([("minLength", .number(1)), ("maxLength", .number(200))])])
        : text([("minLength", .number(1)), ("maxLength", .number(200))])
    case .duration(let allowsZero):
      [
        ("type", .text("string")),
        ("pattern", .text(allowsZero ? Self.anyDuration : Self.positiveDuration)),
      ]
    case .byteSize:
      [
        ("type", .texts(["integer", "string"])),
        ("minimum", .number(ByteSizeFormat.range.lowerBound)),
        ("maximum", .number(ByteSizeFormat.range.upperBound)),
        ("pattern", .text("^[0-9]+(\(ByteSizeFormat.units.joined(separator: "|")))\(maybe)$")),
      ]
    case .wholeNumber(let range):
      number("integer", range.lowerBound, range.upperBound, "^-?[0-9]+$")
    case .decimal(let range):
      number(
        "number", range.lowerBound / 1_000, range.upperBound / 1_000, "^[0-9]+([.][0-9]{1,3})?$")
    case .word(let words): [("enum", .texts(words))]
    case .words(let words): someOf([("enum", .texts(words))])
    case .exitCodes: someOf(number("integer", 1, 255, "^[0-9]+$"))
    case .command: command
    case .shell: oneOf([[("enum", .texts(Shell.words))], program])
    case .environment: environment
    case .variableNames:
      orList(text([("pattern", .text("^[^=*]+$"))]), isSet: true)
    case .paths: orList(text([("pattern", .text("^[^/]"))]), isSet: true)
    case .variableFiles: orList(variableFile)
    case .secrets: orList(secretUse)
    case .outputs: orList(stepOutput)
    }
  }

  private static let anyDuration = "^[0-9]+(ms|s|m|h)$"
  private static let positiveDuration = "^0*[1-9][0-9]*(ms|s|m|h)$"
  /// A number of bytes may be a text in YAML.
  private var maybe: String { isStrict ? "" : "?" }

  /// A key that dedicated code reads. One that is not listed takes anything here.
  private func structure(_ name: String) -> Members {
    switch name {
    case "name": text([("minLength", .number(1)), ("maxLength", .number(200))])
    case "params":
      [
        ("type", .text("object")),
        ("propertyNames", .object([("pattern", .text("^[A-Za-z_][A-Za-z0-9_]{0,63}$"))])),
        ("additionalProperties", .object([("$ref", .text("#/$defs/parameter"))])),
      ]
    case "secrets":
      [
        ("type", .text("object")),
        ("propertyNames", .object([("pattern", .text("^[A-Za-z_][A-Za-z0-9_]{0,63}$"))])),
        (
          "additionalProperties",
          .object(
            oneOf([
              object([("file", .object(text([("minLength", .number(1))])))], required: ["file"]),
              object([("env", .object(text([("pattern", .text("^[^=*]+$"))])))], required: ["env"]),
            ]))
        ),
      ]
    case "defaults": [("$ref", .text("#/$defs/settings"))]
    case "steps", "finally": array([("$ref", .text("#/$defs/step"))])
    case "id": text([("pattern", .text("^(?!onFailure$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"))])
    case "run": command
    case "call": text([("minLength", .number(1))])
    case "with": [("type", .text("object")), ("additionalProperties", .object(texts()))]
    case "ask": question
    case "needs": orList(need, isSet: true)
    case "when": text([("minLength", .number(1)), ("pattern", .text("[^ ]"))])
    case "onFailure": rollback
    case "forEach": node
    case "notify": array(notice)
    default: []
    }
  }

  // MARK: Shapes

  func object(_ properties: Members, required: [String] = []) -> Members {
    [("type", .text("object")), ("properties", .object(properties))]
      + (required.isEmpty ? [] : [("required", .texts(required))])
      + [("additionalProperties", .flag(false))]
  }

  /// Any text, with what holds of strings.
  func text(_ members: Members = []) -> Members {
    [("type", isStrict ? .text("string") : .texts(["string", "number", "boolean"]))] + members
  }

  var flag: Members {
    isStrict
      ? [("type", .text("boolean"))]
      : [("enum", .array([.flag(true), .flag(false), .text("true"), .text("false")]))]
  }

  private func number(
    _ type: String, _ least: Int64, _ greatest: Int64, _ pattern: String
  ) -> Members {
    [
      ("type", isStrict ? .text(type) : .texts([type, "string"])), ("minimum", .number(least)),
      ("maximum", .number(greatest)),
    ] + (isStrict ? [] : [("pattern", .text(pattern))])
  }

  private func array(_ element: Members, isSet: Bool = false) -> Members {
    [("type", .text("array")), ("minItems", .number(1)), ("items", .object(element))]
      + (isSet ? [("uniqueItems", .flag(true))] : [])
  }

  /// A list, or one element by itself.
  private func orList(_ element: Members, isSet: Bool = false) -> Members {
    var list: Members = [("type", .text("array")), ("items", .object(element))]
    if isSet { list.append(("uniqueItems", .flag(true))) }
    return oneOf([element, list])
  }

  /// Some of the possible elements, at least one; or that by itself.
  private func someOf(_ element: Members) -> Members {
    oneOf([element, array(element, isSet: true)])
  }

  func oneOf(_ shapes: [Members]) -> Members { [("oneOf", .array(shapes.map(SchemaNode.object)))] }

  private var environment: Members {
    [
      ("type", .text("object")), ("propertyNames", .object([("pattern", .text("^[^=]+$"))])),
      ("additionalProperties", .object(text())),
    ]
  }

  private var command: Members { oneOf([line, program]) }

  /// A line for a shell, in which values of flow stand for nothing.
  private var line: Members {
    let value = #"[$][{](params[.]|run[.]|steps[.]|steps\[|item)"#
    return text([
      ("minLength", .number(1)),
      ("not", .object([("type", .text("string")), ("pattern", .text(value))])),
    ])
  }

  private var program: Members {
    [
      ("type", .text("array")), ("minItems", .number(1)),
      ("prefixItems", .array([.object(text([("minLength", .number(1))]))])),
      (
        "items",
        .object(text([("maxLength", .number(Int64(ExecutionLimit.oneString - 1)))]))
      ),
    ]
  }

  private var need: Members {
    let id = text([("minLength", .number(1))])
    let ends = WantedEnd.allCases.map { "\($0)" }
    return oneOf([
      id,
      object(
        [("step", .object(id)), ("when", .object([("enum", .texts(ends))]))], required: ["step"]),
    ])
  }

  private var question: Members {
    let words = AskKey.otherwiseWords.map(\.word)
    return object(
      [
        ("text", .object(text([("minLength", .number(1))]))),
        (
          "timeout",
          .object([("type", .text("string")), ("pattern", .text(Self.positiveDuration))])
        ),
        ("otherwise", .object([("enum", .texts(words))])),
        ("fields", .object(orList(stepOutput))),
      ], required: ["text"])
      + [("dependentRequired", .object([("otherwise", .texts(["timeout"]))]))]
  }

  private var node: Members {
    let scalar: Members = [("type", .texts(["string", "number", "boolean"]))]
    let members: Members = [
      ("type", .text("object")), ("additionalProperties", .object(scalar)),
    ]
    let values: Members = [
      ("type", .text("array")), ("minItems", .number(1)), ("items", .object(scalar)),
    ]
    let combinations: Members = [("type", .text("array")), ("items", .object(members))]
    let items: Members = [("type", .text("array")), ("items", .object(oneOf([scalar, members])))]
    let named = text([("pattern", .text(#"^(params\.|steps\.|steps\[)"#))])
    let axes: Members = [
      ("type", .text("object")), ("minProperties", .number(1)),
      ("additionalProperties", .object(values)),
    ]
    let share: Members = [
      ("type", .text("string")), ("pattern", .text("^0*([0-9]|[1-9][0-9]|100)%$")),
    ]
    let most = Int64(ForEach.greatestMost)
    return object([
      ("over", .object(oneOf([items, named]))), ("matrix", .object(axes)),
      ("exclude", .object(combinations)), ("include", .object(combinations)),
      ("key", .object(text([("pattern", .text(#"[$][{]item"#))]))),
      ("max", .object(whole(1, most))), ("jobs", .object(whole(1, 10_000))),
      ("tolerate", .object(oneOf([whole(0, most), share]))),
      ("empty", .object([("enum", .texts(ForEach.WhenEmpty.allCases.map { "\($0)" }))])),
    ]) + [
      (
        "oneOf",
        .array(["over", "matrix"].map { .object([("required", .texts([$0]))]) })
      )
    ]
  }

  private func whole(_ least: Int64, _ greatest: Int64) -> Members {
    [("type", .text("integer")), ("minimum", .number(least)), ("maximum", .number(greatest))]
  }

  private var secretUse: Members {
    let forms = SecretForm.allCases.map { "\($0)" }
    return oneOf([
      text([("minLength", .number(1))]),
      [
        ("type", .text("object")),
        ("additionalProperties", .object([("enum", .texts(forms))])),
      ],
    ])
  }

  private var stepOutput: Members {
    let name = ("pattern", SchemaNode.text("^(?!result$)[A-Za-z_][A-Za-z0-9_]{0,63}$"))
    let types = OutputType.allCases.map { "\($0)" }
    return oneOf([
      text([name]),
      [
        ("type", .text("object")), ("propertyNames", .object([name])),
        ("additionalProperties", .object([("enum", .texts(types))])),
      ],
    ])
  }

  private var variableFile: Members {
    let path = text([("minLength", .number(1))])
    return oneOf([
      path,
      object([("path", .object(path)), ("optional", .object(flag))], required: ["path"]),
    ])
  }
}
