import FlowCore
import FlowText

/// A step that stands for the steps of another file.
struct Call {
  /// The keys that such a step can have. Its attempts are those of the steps of the other file, which
  /// says how they run.
  static let keys = ["id", "needs", "call", "with"]

  /// Its index in the file.
  private(set) var step: Int
  /// As the file has it; nil if that is faulty, which was reported.
  var path: String?
  /// Where it is.
  var offset: Int
  /// Where in the file's values the path is.
  let place: String
  var bindings: [Binding] = []

  init(step: Int, path: String?, offset: Int, place: String) {
    self.step = step
    self.path = path
    self.offset = offset
    self.place = place
  }

  /// The same of a step with another index.
  func moved(to step: Int) -> Call {
    var copy = self
    copy.step = step
    return copy
  }

  /// The folder of the other file, relative to that of this one; nil if it is the same.
  var folder: String? {
    guard let path, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// What it gives to a parameter of the other file.
  struct Binding {
    let name: String
    let nameOffset: Int
    /// Templates; of a list its elements.
    let texts: [String]
    let offset: Int
    /// Where in the file's values it is.
    let place: String
  }
}

extension DefinitionReader {
  /// Takes the value of `call`.
  mutating func readCall(ofStep step: Int) throws(SyntaxError) -> Call {
    let offset = try nextOffset()
    let path = try readNonEmptyText("the path of a definition file")
    return Call(step: step, path: path, offset: offset, place: pathDescription)
  }

  /// Takes the value of `with`.
  mutating func readBindings() throws(SyntaxError) -> [Call.Binding] {
    guard try beginObject(#"an object such as {"since": "${params.since}"}"#) != nil else {
      return []
    }
    var bindings: [Call.Binding] = []
    var isInside = false
    while let token = try nextName(isInside: &isInside) {
      guard let token else { continue }
      let name = text(of: token)
      if let first = bindings.first(where: { $0.name == name }) {
        report(
          at: token.offset, "duplicate parameter",
          RelatedPlace(relation: "first given at", offset: first.nameOffset))
      }
      let offset = try nextOffset()
      guard let texts = try readTexts("a value, or an array of values") else { continue }
      for text in texts { noteTemplate(text, at: offset, isElement: true) }
      bindings.append(
        Call.Binding(
          name: name, nameOffset: token.offset, texts: texts, offset: offset,
          place: pathDescription))
    }
    return bindings
  }

  /// Reports what a step with `call` cannot have, and a step with neither `call` nor `run`.
  mutating func checkCall(_ cursor: ObjectCursor<StepKey>, at start: Int) {
    guard cursor.has("call") else {
      if let offset = cursor.offset(of: "with") {
        report(at: offset, #""with" is only for a step with "call""#)
      }
      if !cursor.has("run") && !cursor.has("ask") && !cursor.has("steps") {
        report(
          at: start,
          #"missing "run": a line for the shell, or an array of a program and its arguments"#)
      }
      return
    }
    for name in StepKey.table.names where !Call.keys.contains(name) {
      guard let offset = cursor.offset(of: name) else { continue }
      let place = "\(pathDescription).\(name)"
      report(
        at: offset, path: place,
        "a step with \"call\" has no \"\(name)\": the steps of the other file say how they run")
    }
  }

  /// The keys that a workflow can have which is called. The others are of a run, and a run has the ones of
  /// the file that is run.
  static var keysOfCalledWorkflows: [String] {
    ["name", "description", "params", "env", "secrets", "defaults", "steps", "finally"]
  }

  mutating func checkCalled(_ cursor: ObjectCursor<WorkflowKey>) {
    for name in WorkflowKey.table.names where !Self.keysOfCalledWorkflows.contains(name) {
      guard let offset = cursor.offset(of: name) else { continue }
      report(
        at: offset, path: name,
        "a workflow that is called has no \"\(name)\": it is of the whole run, and belongs into the"
          + " file that is run")
    }
  }
}
