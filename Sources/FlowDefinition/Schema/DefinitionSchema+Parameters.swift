import FlowCore

extension DefinitionSchema {
  /// A parameter has either a default, or `required: true`.
  var parameter: SchemaNode {
    let isTrue =
      isStrict ? [SchemaNode.flag(true)] : [.flag(true), .text("true")]
    let required = SchemaNode.object([
      ("required", .texts(["required"])),
      ("properties", .object([("required", .object([("enum", .array(isTrue))]))])),
    ])
    let standard = SchemaNode.object([("required", .texts(["default"]))])
    let properties = ParameterKey.allCases.map { key in
      (key.rawValue, SchemaNode.object([("description", .text(key.help))] + value(of: key)))
    }
    return .object(object(properties) + [("oneOf", .array([standard, required]))])
  }

  private func value(of key: ParameterKey) -> Members {
    switch key {
    case .type: [("enum", .texts(ParameterType.allCases.map { "\($0)" }))]
    case .standard: texts()
    case .required: flag
    case .choices: texts([("minItems", .number(1))])
    case .pattern, .help: text([("minLength", .number(1))])
    case .least, .greatest: scalar
    }
  }

  /// A value as it is spelled, also in JSON.
  private var scalar: Members { [("type", .texts(["string", "number", "boolean"]))] }

  func texts(_ members: Members = []) -> Members {
    oneOf([scalar, [("type", .text("array")), ("items", .object(scalar))] + members])
  }
}
