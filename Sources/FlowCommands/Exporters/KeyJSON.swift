import FlowCommandLine
import FlowCore

// What a definition says, for `flow export`: by the tables of keys, so that no key is missed.

extension JSONWriter {
  /// The keys under their names, with the unit of a number at the end. What is not given is null.
  /// Values of environment variables are left out: they may be secrets.
  mutating func members<Owner>(_ keys: [DefinitionKey<Owner>], of owner: Owner) {
    for key in keys {
      switch key.type {
      case .structure: break
      case .object:
        self.key(key.exportName)
        object { $0.members(key.members, of: owner) }
      default:
        self.key(key.exportName + key.type.unit)
        value(key.value(of: owner), key.type)
      }
    }
  }

  private mutating func value(_ value: DefinitionValue, _ type: KeyType) {
    switch (value, type) {
    case (.none, _): null()
    case (.flag(let flag), _): bool(flag)
    case (.number(let number), .word(let words)): string(words[Int(number)])
    case (.number(let number), .words(let words)):
      array { json in
        for index in words.indices where number & 1 << index != 0 { json.string(words[index]) }
      }
    case (.number(let number), _): integer(number)
    case (.text(let text), _): string(text)
    case (.bytes(let codes), _): array { json in for code in codes { json.integer(code) } }
    case (.command(let command), _): self.command(command)
    case (.environment(let variables), _):
      array { json in for variable in variables { json.string(variable.name) } }
    case (.names(let names), _): array { json in for name in names { json.string(name) } }
    case (.files(let files), _): array { json in for file in files { json.string(file.path) } }
    case (.secrets(let secrets), _):
      array { json in for secret in secrets { json.string(secret.name) } }
    case (.outputs(let outputs), _):
      object { json in for output in outputs { json.member(output.name, "\(output.type)") } }
    }
  }

  /// A line for the shell is a string, a program with its arguments is an array: as in the
  /// definition file.
  mutating func command(_ command: Command) {
    switch command {
    case .shell(let line): string(line)
    case .program(let arguments):
      array { json in for argument in arguments { json.string(argument) } }
    }
  }
}

extension KeyType {
  fileprivate var unit: String {
    switch self {
    case .duration: "Ms"
    case .byteSize: "Bytes"
    case .decimal: "Thousandths"
    case .structure, .object, .text, .flag, .flagOrText, .wholeNumber, .word, .words, .exitCodes,
      .command, .shell, .environment, .variableNames, .paths, .variableFiles, .secrets, .outputs:
      ""
    }
  }
}

extension JSONWriter {
  /// `"edges":[{"step","when"}]`: the needs of which another end is wanted than that they are done; left
  /// out if there are none.
  mutating func edges(ofStep step: Int, _ definition: WorkflowDefinition) {
    let edges = definition.extras(ofStep: step).edges
    if edges.isEmpty { return }
    key("edges")
    array { json in
      for edge in edges {
        json.object { json in
          json.member("step", definition.steps[Int(edge.need)].id)
          json.member("when", "\(edge.wanted)")
        }
      }
    }
  }

  /// `"finally":true` for a step of `finally`, `"onFailureOf"` for a rollback, `"notify"` with the ends of
  /// which it tells for a notice, or `slow`, and then `"slowMs"`; left out for others.
  mutating func finally(ofStep step: Int, _ definition: WorkflowDefinition) {
    if definition.isFinally(step) { member("finally", true) }
    if let child = definition.child(step) {
      member("forEachOf", definition.steps[Int(child.node)].id)
    }
    if let own = definition.stepRolledBack(by: step) {
      member("onFailureOf", definition.steps[Int(own)].id)
    }
    if let notice = definition.extras(ofStep: step).notice {
      key("notify")
      let words = notice.slowMilliseconds == nil ? notice.outcomes.names : ["slow"]
      array { json in for word in words { json.string(word) } }
      if let time = notice.slowMilliseconds { member("slowMs", time) }
    }
  }

  /// `"items":{"count","done","failed"}` of a node whose items are known, or `"items":{"error"}`.
  mutating func items(ofStep step: Int, _ state: RunState) {
    guard let expanded = state.expanded(step) else { return }
    key("items")
    object { json in
      if let fault = state.itemFault(ofNode: step) {
        json.member("error", fault)
      } else {
        json.member("count", Int(expanded.items))
        json.member("done", Int(expanded.items - expanded.unsettledItems))
        json.member("failed", expanded.failed)
        if expanded.stoppedItems > 0 { json.member("cancelled", expanded.stoppedItems) }
        if expanded.leftOut > 0 { json.member("leftOut", expanded.leftOut) }
      }
    }
  }

  /// `"when"`, the condition of a step as its file has it; left out if it has none.
  mutating func condition(ofStep step: Int, _ definition: WorkflowDefinition) {
    if let text = definition.conditionText(ofStep: step) { member("when", text) }
  }

  /// `"values":{"params.full":"false"}`: what a condition asked for.
  mutating func values(_ inputs: [ConditionInput]) {
    key("values")
    object { json in for input in inputs { json.member(input.name, input.value) } }
  }
}
