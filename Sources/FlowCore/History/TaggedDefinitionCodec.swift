/// The encoding of definitions since policy 2. A definition, its settings and its steps are
/// *messages*: fields in the order of their tags, each
///
///     tag      varint
///     length   varint, of the bytes that follow
///     bytes    the value
///
/// A field with its default value is omitted, so a new key changes no message that does not use it.
/// A tag is never reused for another field. Checksums of the log have ruled out damage, so an
/// unknown tag or an unknown case was written by a newer flow, which is an error of its own
/// (`CodingError.Reason.newer`).
///
/// The tables of keys hold the tags of keys; this file holds those of the structure.
enum TaggedDefinitionCodec {
  private enum WorkflowTag {
    static let name: UInt64 = 1
    static let settings: UInt64 = 2
    static let steps: UInt64 = 3
    static let parameters: UInt64 = 16
    static let templates: UInt64 = 17
    static let secrets: UInt64 = 18
    static let finally: UInt64 = 21
    static let notify: UInt64 = 22
  }

  private enum SecretTag {
    static let name: UInt64 = 1
    static let file: UInt64 = 2
    static let variable: UInt64 = 3
  }

  private enum ParameterTag {
    static let name: UInt64 = 1
    static let type: UInt64 = 2
    static let required: UInt64 = 3
    static let standard: UInt64 = 4
    static let choices: UInt64 = 5
    static let pattern: UInt64 = 6
    static let least: UInt64 = 7
    static let greatest: UInt64 = 8
    static let help: UInt64 = 9
    static let binding: UInt64 = 10
  }

  private enum StepTag {
    static let id: UInt64 = 1
    static let shell: UInt64 = 2
    static let program: UInt64 = 3
    static let needs: UInt64 = 4
    static let settings: UInt64 = 5
    static let edges: UInt64 = 21
    static let condition: UInt64 = 22
    static let slow: UInt64 = 24
    static let rollback: UInt64 = 26
    static let question: UInt64 = 27
    static let notice: UInt64 = 28
    static let forEach: UInt64 = 30
  }

  private enum QuestionTag {
    static let text: UInt64 = 1
    static let timeout: UInt64 = 2
    static let otherwise: UInt64 = 3
  }

  static func encode(_ definition: WorkflowDefinition) -> [UInt8] {
    var writer = ByteWriter()
    writer.writeField(WorkflowTag.name) { $0.write(text: definition.name) }
    writer.writeField(WorkflowTag.settings) { writer in
      writer.write(list: definition.settings) { writer, settings in
        writer.writeNested { $0.write(settings, StepSettings.fields) }
      }
    }
    writer.writeField(WorkflowTag.steps) { writer in
      writer.write(count: definition.declaredCount + definition.chainCount)
      for index in 0..<definition.declaredCount + definition.chainCount {
        let start = writer.beginNested()
        write(definition.steps[index], of: definition, to: &writer)
        writer.endNested(start)
      }
    }
    writer.write(definition, WorkflowDefinition.fields)
    if !definition.parameters.isEmpty {
      writer.writeField(WorkflowTag.parameters) { writer in
        writer.write(list: definition.parameters) { writer, parameter in
          writer.writeNested { write(parameter, to: &$0) }
        }
      }
    }
    if definition.hasTemplates { writer.writeField(WorkflowTag.templates) { _ in } }
    if !definition.secrets.isEmpty {
      writer.writeField(WorkflowTag.secrets) { writer in
        writer.write(list: definition.secrets) { writer, secret in
          writer.writeNested { write(secret, to: &$0) }
        }
      }
    }
    if definition.hasFinally {
      writer.writeField(WorkflowTag.finally) { $0.write(count: definition.finallyCount) }
    }
    if definition.hasNotify {
      writer.writeField(WorkflowTag.notify) { $0.write(count: definition.notifyCount) }
    }
    return writer.bytes
  }

  private static func write(_ parameter: Parameter, to writer: inout ByteWriter) {
    func write(_ text: String?, _ tag: UInt64) {
      if let text { writer.writeField(tag) { $0.write(text: text) } }
    }
    write(parameter.name, ParameterTag.name)
    if parameter.type != .string {
      writer.writeField(ParameterTag.type) { $0.bytes.append(parameter.type.rawValue) }
    }
    if parameter.isRequired { writer.writeField(ParameterTag.required) { _ in } }
    if let standard = parameter.standard {
      writer.writeField(ParameterTag.standard) { $0.write(list: standard) { $0.write($1) } }
    }
    if !parameter.choices.isEmpty {
      writer.writeField(ParameterTag.choices) { $0.write(list: parameter.choices) { $0.write($1) } }
    }
    write(parameter.pattern, ParameterTag.pattern)
    write(parameter.least, ParameterTag.least)
    write(parameter.greatest, ParameterTag.greatest)
    write(parameter.help, ParameterTag.help)
    if let binding = parameter.binding {
      writer.writeField(ParameterTag.binding) { $0.write(list: binding) { $0.write($1) } }
    }
  }

  private static func readParameter(_ reader: inout ByteReader) throws(CodingError) -> Parameter {
    var parameter = Parameter(name: "")
    var order = FieldOrder()
    while let tag = try reader.readTag(&order) {
      try reader.readField { (reader) throws(CodingError) in
        let start = reader.position
        switch tag {
        case ParameterTag.name: parameter.name = try reader.readTextToEnd()
        case ParameterTag.type:
          parameter.type = try reader.readCase("type")
          try reader.require(parameter.type != .string, "type of a parameter", at: start)
        case ParameterTag.required: parameter.isRequired = true
        case ParameterTag.standard: parameter.standard = try readTexts(&reader)
        case ParameterTag.choices:
          parameter.choices = try readTexts(&reader)
          try reader.require(!parameter.choices.isEmpty, "choices of a parameter", at: start)
        case ParameterTag.pattern: parameter.pattern = try reader.readTextToEnd()
        case ParameterTag.least: parameter.least = try reader.readTextToEnd()
        case ParameterTag.greatest: parameter.greatest = try reader.readTextToEnd()
        case ParameterTag.help: parameter.help = try reader.readTextToEnd()
        case ParameterTag.binding: parameter.binding = try readTexts(&reader)
        default:
          throw CodingError(offset: start, reason: .newer("a parameter has a field \(tag)"))
        }
      }
    }
    try reader.require(order.has(ParameterTag.name), "parameter", at: reader.position)
    return parameter
  }

  private static func write(_ secret: Secret, to writer: inout ByteWriter) {
    writer.writeField(SecretTag.name) { $0.write(text: secret.name) }
    switch secret.source {
    case .file(let path): writer.writeField(SecretTag.file) { $0.write(text: path) }
    case .variable(let name): writer.writeField(SecretTag.variable) { $0.write(text: name) }
    }
  }

  private static func readSecret(_ reader: inout ByteReader) throws(CodingError) -> Secret {
    var name = ""
    var source: Secret.Source?
    var order = FieldOrder()
    while let tag = try reader.readTag(&order) {
      try reader.readField { (reader) throws(CodingError) in
        let start = reader.position
        switch tag {
        case SecretTag.name: name = try reader.readTextToEnd()
        case SecretTag.file: source = .file(try reader.readTextToEnd())
        case SecretTag.variable where source == nil:
          source = .variable(try reader.readTextToEnd())
        case SecretTag.variable:
          throw CodingError(offset: start, reason: .malformed("source of a secret"))
        default: throw CodingError(offset: start, reason: .newer("a secret has a field \(tag)"))
        }
      }
    }
    guard order.has(SecretTag.name), let source else {
      throw CodingError(offset: reader.position, reason: .malformed("secret"))
    }
    return Secret(name: name, source: source)
  }

  private static func readTexts(_ reader: inout ByteReader) throws(CodingError) -> [String] {
    try reader.readList { (reader) throws(CodingError) in try reader.readString() }
  }

  private static func write(
    _ step: StepDefinition, of definition: WorkflowDefinition,
    to writer: inout ByteWriter
  ) {
    var field = writer.beginField(StepTag.id)
    writer.write(text: step.id)
    writer.endNested(field)
    let question = definition.extras[Int(step.extrasIndex)].question
    let hasChain = definition.extras[Int(step.extrasIndex)].forEach?.chain.isEmpty == false
    // What asks has no command, and neither has a node whose chain runs.
    if question == nil, !hasChain { write(step.command, to: &writer) }
    if !step.needs.isEmpty {
      field = writer.beginField(StepTag.needs)
      writer.write(list: step.needs) { $0.write(count: $1) }
      writer.endNested(field)
    }
    if step.settingsIndex != 0 {
      field = writer.beginField(StepTag.settings)
      writer.write(count: step.settingsIndex)
      writer.endNested(field)
    }
    if step.extrasIndex != 0 {
      let extras = definition.extras[Int(step.extrasIndex)]
      writer.write(extras, StepDefinition.fields, tags: 0..<StepTag.edges)
      if !extras.edges.isEmpty {
        writer.writeField(StepTag.edges) { writer in
          writer.write(list: extras.edges) { writer, edge in
            writer.write(count: edge.need)
            writer.bytes.append(edge.wanted.rawValue)
          }
        }
      }
      if let condition = extras.condition {
        writer.writeField(StepTag.condition) { $0.write(condition) }
      }
      // Messages have their fields in the order of tags.
      writer.write(extras, StepDefinition.fields, tags: StepTag.condition..<StepTag.slow)
      if let time = extras.notice?.slowMilliseconds {
        writer.writeField(StepTag.slow) { $0.write(count: time) }
      }
      writer.write(extras, StepDefinition.fields, tags: StepTag.slow..<StepTag.rollback)
      if extras.isRollback { writer.writeField(StepTag.rollback) { _ in } }
      if let question { writer.writeField(StepTag.question) { write(question, to: &$0) } }
      writer.write(extras, StepDefinition.fields, tags: StepTag.question..<StepTag.notice)
      if let notice = extras.notice, !notice.outcomes.isEmpty {
        writer.writeField(StepTag.notice) { $0.bytes.append(notice.outcomes.rawValue) }
      }
      writer.write(extras, StepDefinition.fields, tags: StepTag.notice..<StepTag.forEach)
      if let forEach = extras.forEach {
        writer.writeField(StepTag.forEach) { $0.writeMessage(forEach) }
      }
      writer.write(extras, StepDefinition.fields, tags: StepTag.forEach..<UInt64.max)
    }
  }

  private static func write(_ command: Command, to writer: inout ByteWriter) {
    let field: Int
    switch command {
    case .shell(let line):
      field = writer.beginField(StepTag.shell)
      writer.write(text: line)
    case .program(let arguments):
      field = writer.beginField(StepTag.program)
      writer.write(list: arguments) { $0.write($1) }
    }
    writer.endNested(field)
  }

  private static func write(_ question: Question, to writer: inout ByteWriter) {
    writer.writeField(QuestionTag.text) { $0.write(text: question.text) }
    if let timeout = question.timeoutMilliseconds {
      writer.writeField(QuestionTag.timeout) { $0.write(count: timeout) }
    }
    if question.otherwise != .fail {
      writer.writeField(QuestionTag.otherwise) { $0.bytes.append(question.otherwise.rawValue) }
    }
  }

  private static func readQuestion(_ reader: inout ByteReader) throws(CodingError) -> Question {
    var question = Question(text: "")
    var order = FieldOrder()
    while let tag = try reader.readTag(&order) {
      try reader.readField { (reader) throws(CodingError) in
        let start = reader.position
        switch tag {
        case QuestionTag.text: question.text = try reader.readTextToEnd()
        case QuestionTag.timeout: question.timeoutMilliseconds = try reader.readCount()
        case QuestionTag.otherwise:
          question.otherwise = try reader.readCase("otherwise")
          try reader.require(question.otherwise != .fail, "otherwise", at: start)
        default: throw CodingError(offset: start, reason: .newer("a question has a field \(tag)"))
        }
      }
    }
    try reader.require(order.has(QuestionTag.text), "question", at: reader.position)
    return question
  }

  static func name(in start: [UInt8]) -> String? {
    var reader = ByteReader(start)
    var order = FieldOrder()
    guard let tag = try? reader.readTag(&order), tag == WorkflowTag.name else { return nil }
    return try? reader.readField { (reader) throws(CodingError) in try reader.readTextToEnd() }
  }

  /// - Throws: as `DefinitionCodec.decode` does.
  static func decode(_ bytes: [UInt8], room: Int) throws(CodingError) -> WorkflowDefinition {
    var reader = ByteReader(bytes)
    reader.roomForLists = room
    var definition = WorkflowDefinition.blank
    var order = FieldOrder()
    while let tag = try reader.readTag(&order) {
      try reader.readField { (reader) throws(CodingError) in
        switch tag {
        case WorkflowTag.name: definition.name = try reader.readTextToEnd()
        case WorkflowTag.settings:
          definition.settings = try reader.readList { (reader) throws(CodingError) in
            try reader.readField { (reader) throws(CodingError) in
              try reader.readSettings()
            }
          }
        case WorkflowTag.steps:
          definition.steps = try reader.readList { (reader) throws(CodingError) in
            try reader.readField { (reader) throws(CodingError) in
              try readStep(&reader, &definition.extras)
            }
          }
        case WorkflowTag.parameters:
          let start = reader.position
          definition.parameters = try reader.readList { (reader) throws(CodingError) in
            try reader.readField { (reader) throws(CodingError) in try readParameter(&reader) }
          }
          try reader.require(!definition.parameters.isEmpty, "list of parameters", at: start)
        case WorkflowTag.templates: definition.hasTemplates = true
        case WorkflowTag.secrets:
          let start = reader.position
          definition.secrets = try reader.readList { (reader) throws(CodingError) in
            try reader.readField { (reader) throws(CodingError) in try readSecret(&reader) }
          }
          try reader.require(!definition.secrets.isEmpty, "list of secrets", at: start)
        case WorkflowTag.finally:
          let start = reader.position
          let count: Int32 = try reader.readCount()
          try reader.require(
            count > 0 && Int(count) < definition.steps.count, "number of finally steps", at: start)
          definition.finallyCount = Int(count)
        case WorkflowTag.notify:
          let start = reader.position
          let count: Int32 = try reader.readCount()
          try reader.require(
            count > 0 && Int(count) + definition.finallyCount < definition.steps.count,
            "number of notices", at: start)
          definition.notifyCount = Int(count)
        default:
          try reader.readValue(
            tag, WorkflowDefinition.fields, of: "a workflow", into: &definition)
        }
      }
    }
    definition.chainCount = definition.extras.reduce(0) { $0 + ($1.forEach?.chain.count ?? 0) }
    guard order.has(WorkflowTag.name), !definition.settings.isEmpty,
      definition.steps.count
        > definition.chainCount + definition.finallyCount + definition.notifyCount
    else {
      throw CodingError(offset: reader.position, reason: .malformed("definition"))
    }
    try DefinitionCodec.checkReferences(definition, at: reader.position)
    return definition
  }

  /// - Parameter allExtras: those of the steps before.
  private static func readStep(
    _ reader: inout ByteReader, _ allExtras: inout [StepExtras]
  ) throws(CodingError) -> StepDefinition {
    var step = StepDefinition.blank
    var extras = StepExtras()
    var hasExtras = false
    var order = FieldOrder()
    while let tag = try reader.readTag(&order) {
      try reader.readField { (reader) throws(CodingError) in
        let start = reader.position
        switch tag {
        case StepTag.id: step.id = try reader.readTextToEnd()
        case StepTag.shell: step.command = .shell(try reader.readTextToEnd())
        case StepTag.program:
          let arguments = try reader.readList { (reader) throws(CodingError) in
            try reader.readString()
          }
          // A step has exactly one command.
          if arguments.isEmpty || order.has(StepTag.shell) {
            throw CodingError(offset: start, reason: .malformed("command"))
          }
          step.command = .program(arguments)
        case StepTag.needs:
          step.needs = try reader.readList { (reader) throws(CodingError) in
            try reader.readCount()
          }
          try reader.require(!step.needs.isEmpty, "list of needs", at: start)
        case StepTag.settings:
          step.settingsIndex = try reader.readCount()
          try reader.require(step.settingsIndex != 0, "index of settings", at: start)
        case StepTag.edges:
          extras.edges = try readEdges(&reader, of: step)
          hasExtras = true
        case StepTag.condition:
          extras.condition = try reader.readCondition()
          hasExtras = true
        case StepTag.rollback:
          extras.isRollback = true
          hasExtras = true
        case StepTag.slow:
          let time: Int64 = try reader.readCount()
          try reader.require(time > 0, "time of a notice", at: start)
          extras.notice = Notice(slowMilliseconds: time)
          hasExtras = true
        case StepTag.question:
          extras.question = try readQuestion(&reader)
          hasExtras = true
        case StepTag.notice:
          let outcomes = NoticeOutcomes(rawValue: try reader.readByte())
          if !outcomes.isSubset(of: .all) {
            throw CodingError.newer("a notice", outcomes.rawValue, at: start)
          }
          try reader.require(!outcomes.isEmpty, "notice", at: start)
          var notice = Notice(on: outcomes)
          notice.slowMilliseconds = extras.notice?.slowMilliseconds
          extras.notice = notice
          hasExtras = true
        case StepTag.forEach:
          extras.forEach = try reader.readForEach()
          hasExtras = true
        default:
          try reader.readValue(tag, StepDefinition.fields, of: "a step", into: &extras)
          hasExtras = true
        }
      }
    }
    let hasCommand = order.has(StepTag.shell) || order.has(StepTag.program)
    let hasNone = extras.question != nil || extras.forEach?.chain.isEmpty == false
    guard order.has(StepTag.id), hasCommand != hasNone else {
      throw CodingError(offset: reader.position, reason: .malformed("step"))
    }
    if hasExtras {
      try reader.take(MemoryLayout<StepExtras>.stride, at: reader.position)
      step.extrasIndex = Int32(allExtras.count)
      allExtras.append(extras)
    }
    return step
  }

  /// Each is of another need, in their order, and of none that is wanted to be done.
  private static func readEdges(
    _ reader: inout ByteReader, of step: StepDefinition
  ) throws(CodingError) -> [Edge] {
    let start = reader.position
    let edges = try reader.readList { (reader) throws(CodingError) in
      Edge(need: try reader.readCount(), wanted: try reader.readCase("when"))
    }
    var rest = step.needs[...]
    for edge in edges {
      rest = rest.drop { $0 < edge.need }
      let isNeed = rest.popFirst() == edge.need
      try reader.require(isNeed && edge.wanted != .done, "edge of step \(step.id)", at: start)
    }
    try reader.require(!edges.isEmpty, "list of edges", at: start)
    return edges
  }
}

extension ByteReader {
  fileprivate mutating func readSettings() throws(CodingError) -> StepSettings {
    var settings = StepSettings.implied
    var order = FieldOrder()
    while let tag = try readTag(&order) {
      try readField { (reader) throws(CodingError) in
        try reader.readValue(tag, StepSettings.fields, of: "a step", into: &settings)
      }
    }
    return settings
  }
}
