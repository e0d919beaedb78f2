/// Text in which `${…}` stands for a value of the run, and `$${` for `${` itself.
///
/// Values are never read again: what a value contains is text, whatever it looks like.
package struct Template: Equatable, Sendable {
  package enum Part: Equatable, Sendable {
    case text(String)
    case reference(Reference)
  }

  package enum Reference: Hashable, Sendable {
    /// `params.NAME`
    case parameter(String)
    /// `steps.ID.NAME`
    case output(step: String, name: String)
    /// `steps.ID.result`: how a step has ended.
    case result(step: String)
    /// `item`, or with a name `item.NAME`: what a child is for, or a value of that.
    case item(String?)
    /// `run.id`
    case runID
    /// `run.name`
    case workflowName
    /// `run.outcome`: what the run has come to.
    case outcome
  }

  /// What is wrong with a reference, and what would be right.
  package struct Fault: Error, Equatable, Sendable {
    package let message: String
    /// The text between `${` and `}` that is no reference; nil where the fault is another.
    package let name: String?

    init(message: String, name: String? = nil) {
      self.message = message
      self.name = name
    }
  }

  /// All that is no parameter, and nothing of a step.
  package static let plainNames = ["item", "run.id", "run.name", "run.outcome"]

  package let parts: [Part]

  /// Whether the text is anything but itself.
  package static func isUsed(in text: String) -> Bool {
    var last: UInt8 = 0
    for byte in text.utf8 {
      if last == UInt8(ascii: "$") && byte == UInt8(ascii: "{") { return true }
      last = byte
    }
    return false
  }

  package init(_ parts: [Part]) { self.parts = parts }

  /// - Throws: of the first reference that is none.
  package init(_ text: String) throws(Fault) {
    var parts: [Part] = []
    var plain: [UInt8] = []
    var rest = ArraySlice(text.utf8)
    func isNext(_ prefix: String) -> Bool { rest.starts(with: prefix.utf8) }
    while let byte = rest.first {
      if isNext("$${") {
        plain += "${".utf8
        rest = rest.dropFirst(3)
      } else if isNext("${") {
        guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
          throw Fault(message: "\"${\" has no \"}\"; for the text \"${\" itself write \"$${\"")
        }
        if !plain.isEmpty { parts.append(.text(String(decoding: plain, as: UTF8.self))) }
        plain = []
        let name = String(decoding: rest[(rest.startIndex + 2)..<end], as: UTF8.self)
        parts.append(.reference(try Self.reference(name)))
        rest = rest[(end + 1)...]
      } else {
        plain.append(byte)
        rest = rest.dropFirst()
      }
    }
    if !plain.isEmpty { parts.append(.text(String(decoding: plain, as: UTF8.self))) }
    self.parts = parts
  }

  private static func reference(_ name: String) throws(Fault) -> Reference {
    let prefix = "params."
    if name.utf8.starts(with: prefix.utf8) {
      return .parameter(String(name.dropFirst(prefix.count)))
    }
    if let output = try output(name) { return output }
    switch name {
    case "run.id": return .runID
    case "run.name": return .workflowName
    case "run.outcome": return .outcome
    case "item": return .item(nil)
    case _ where name.utf8.starts(with: "item.".utf8) && name.utf8.count > 5:
      return .item(String(decoding: name.utf8.dropFirst(5), as: UTF8.self))
    default:
      throw Fault(
        message:
          "\"${…}\" stands for \"params.NAME\", \"steps.ID.OUTPUT\", \"steps.ID.result\", \"item\","
          + " \"run.id\", \"run.name\" or \"run.outcome\"; for the text \"${\" itself write \"$${\"",
        name: name)
    }
  }

  /// `steps.ID.NAME`, `steps.ID.result`, or `steps["ID"].NAME`; nil for what does not begin so.
  private static func output(_ text: String) throws(Fault) -> Reference? {
    let plain = "steps."
    let quoted = "steps[\""
    let fault = Fault(
      message: "expected \"${steps.ID.OUTPUT}\"; an id with a point is written"
        + " \"${steps[\"a.b\"].OUTPUT}\"")
    let rest: Substring
    let end: String
    if text.utf8.starts(with: quoted.utf8) {
      (rest, end) = (text.dropFirst(quoted.count), "\"].")
    } else if text.utf8.starts(with: plain.utf8) {
      (rest, end) = (text.dropFirst(plain.count), ".")
    } else if text.utf8.starts(with: "steps".utf8) {
      throw fault
    } else {
      return nil
    }
    let bytes = Array(rest.utf8)
    let mark = Array(end.utf8)
    guard
      let place = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }), place > 0,
      case let name = String(decoding: bytes[(place + mark.count)...], as: UTF8.self),
      StepOutput.isName(name)
    else { throw fault }
    let step = String(decoding: bytes[..<place], as: UTF8.self)
    return name == StepOutput.reservedName ? .result(step: step) : .output(step: step, name: name)
  }

  /// A step as conditions and templates name it.
  static func path(ofStep id: String) -> String {
    let isPlain = !id.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }
    return isPlain ? "steps.\(id)" : "steps[\"\(id)\"]"
  }

  /// A text that is read as these parts.
  package static func spelled(_ parts: [Part]) -> String {
    parts.reduce(into: "") { text, part in
      switch part {
      case .text(let plain): text += escaped(plain)
      case .reference(.parameter(let name)): text += "${params.\(name)}"
      case .reference(.output(let step, let name)): text += "${\(path(ofStep: step)).\(name)}"
      case .reference(.result(let step)):
        text += "${\(path(ofStep: step)).\(StepOutput.reservedName)}"
      case .reference(.item(let field)): text += "${item\(field.map { ".\($0)" } ?? "")}"
      case .reference(.runID): text += "${run.id}"
      case .reference(.workflowName): text += "${run.name}"
      case .reference(.outcome): text += "${run.outcome}"
      }
    }
  }

  private static func escaped(_ text: String) -> String {
    guard isUsed(in: text) else { return text }
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if byte == UInt8(ascii: "{"), bytes.last == UInt8(ascii: "$") {
        bytes.append(UInt8(ascii: "$"))
      }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The same text over parameters and steps whose names begin with `prefix`.
  package static func prefixing(_ prefix: String, namesIn text: String) -> String {
    guard isUsed(in: text) else { return text }
    do throws(Fault) {
      return spelled(
        try Template(text).parts.map { part in
          switch part {
          case .reference(.parameter(let name)): .reference(.parameter(prefix + name))
          case .reference(.output(let step, let name)):
            .reference(.output(step: prefix + step, name: name))
          case .reference(.result(let step)): .reference(.result(step: prefix + step))
          default: part
          }
        })
    } catch {
      preconditionFailure("a definition that was checked has a bad template: \(error.message)")
    }
  }

  /// The one parameter that the whole text stands for.
  package var onlyParameter: String? {
    if case .parameter(let name)? = onlyReference { name } else { nil }
  }

  /// What the whole text stands for.
  package var onlyReference: Reference? {
    if parts.count == 1, case .reference(let reference) = parts[0] { reference } else { nil }
  }

  /// - Parameter plain: what stands in the result for a text that is itself.
  package func text(
    plain: (String) -> String = { $0 }, _ value: (Reference) -> String
  ) -> String {
    parts.reduce(into: "") { text, part in
      switch part {
      case .text(let own): text += plain(own)
      case .reference(let reference): text += value(reference)
      }
    }
  }
}

extension WorkflowDefinition {
  /// The texts in which values are replaced, as far as they have any.
  package var templates: [String] {
    var found: [String] = []
    func look(at text: String) { if Template.isUsed(in: text) { found.append(text) } }
    func look(at command: Command?) {
      if case .program(let arguments)? = command { arguments.forEach(look) }
    }
    for extras in extras {
      if let key = extras.forEach?.key { look(at: key) }
      extras.files.forEach(look)
      extras.inputs.forEach(look)
    }
    for variable in environment { look(at: variable.value) }
    for settings in settings {
      if let folder = settings.workingDirectory { look(at: folder) }
      for variable in settings.environment { look(at: variable.value) }
      look(at: settings.probe)
    }
    for step in steps { look(at: step.command) }
    for extras in extras { if let question = extras.question { look(at: question.text) } }
    return found
  }

  /// The same of one step, without those that all steps share.
  package func templates(ofStep index: Int) -> [String] {
    var texts: [String] = []
    func look(at command: Command?) {
      if case .program(let arguments)? = command { texts += arguments }
    }
    let settings = settings(ofStep: index)
    look(at: steps[index].command)
    look(at: settings.probe)
    texts += settings.environment.map(\.value)
    if let folder = settings.workingDirectory { texts.append(folder) }
    if let question = question(ofStep: index) { texts.append(question.text) }
    texts += files(ofStep: index) + inputs(ofStep: index)
    return hasTemplates ? texts.filter { Template.isUsed(in: $0) } : []
  }
}
