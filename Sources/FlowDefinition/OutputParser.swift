import FlowCore
import FlowText

/// Where a condition or a template names an output.
struct OutputMention {
  let step: Int32
  let name: String
  /// In the text.
  let offset: Int
  /// Whether a condition says what stands for it where it is absent.
  var isCaught = false
}

extension DefinitionReader {
  /// Takes what a step puts out, and orders it by name.
  mutating func readOutputs() throws(SyntaxError) -> [StepOutput]? {
    var outputs: [StepOutput] = []
    var offsets: [Int] = []
    let expected = #"names of outputs such as ["version"], or {"version": "string"}"#
    let start = try nextOffset()
    switch try kind(wanted: .array) {
    case .string, .object: try readOutput(expected, into: &outputs, &offsets)
    default:
      guard try beginArray(expected) != nil else { return nil }
      var cursor = ArrayCursor()
      while try nextElement(&cursor) { try readOutput(expected, into: &outputs, &offsets) }
    }
    if outputs.count > StepOutput.most {
      report(
        at: start,
        "a step has \(outputs.count) outputs, which exceeds the limit of \(StepOutput.most): put"
          + " several values into one of the type \"json\"")
    }
    return outputs.sorted { SettingsOverlay.precedes($0.name, $1.name) }
  }

  /// A name, or an object of names and types.
  private mutating func readOutput(
    _ expected: String, into outputs: inout [StepOutput], _ offsets: inout [Int]
  ) throws(SyntaxError) {
    guard try kind(wanted: .string) == .object else {
      let offset = try nextOffset()
      guard let name = try readNonEmptyText("the name of an output") else { return }
      note(StepOutput(name: name), at: offset, in: &outputs, &offsets)
      return
    }
    guard try beginObject(expected) != nil else { return }
    var isInside = false
    while let token = try nextName(isInside: &isInside) {
      guard let token else { continue }
      let words = OutputType.allCases.map { "\($0)" }
      let type = try readWord(of: words).map { OutputType.allCases[$0] } ?? .string
      note(StepOutput(name: text(of: token), type: type), at: token.offset, in: &outputs, &offsets)
    }
  }

  private mutating func note(
    _ output: StepOutput, at offset: Int, in outputs: inout [StepOutput], _ offsets: inout [Int]
  ) {
    if !StepOutput.isName(output.name) {
      report(
        at: offset,
        "expected the name of an output: 1 to 64 letters, digits and \"_\", no digit first; found"
          + " \(Quoting.quoted(output.name))")
    } else if output.name == StepOutput.reservedName {
      report(
        at: offset,
        "\"\(StepOutput.reservedName)\" is how a step ended: choose another name for the output")
    } else if let first = outputs.firstIndex(where: { $0.name == output.name }) {
      report(
        at: offset, "duplicate output",
        RelatedPlace(relation: "first given at", offset: offsets[first]))
    } else {
      outputs.append(output)
      offsets.append(offset)
    }
  }
}

/// What steps put out, and which of it is there when a step runs.
struct KnownOutputs {
  private let definition: WorkflowDefinition
  private var certain: [Int: Set<Int32>] = [:]
  private var before: [Int: Set<Int32>] = [:]

  /// - Parameter table: with its needs resolved.
  init(_ table: StepTable, _ defaults: Defaults) {
    var definition = WorkflowDefinition(name: "", steps: table.steps, settings: [])
    definition.extras = table.extras
    definition.hasTemplates = true
    definition.chainCount = table.chainCount
    // One that is faulty counts, too.
    for use in table.conditions {
      let place = Int(definition.steps[use.step].extrasIndex)
      if place == 0 {
        definition.give(
          StepExtras(condition: Condition([.literal(.flag(true))])), toStep: use.step)
      } else {
        definition.extras[place].condition = Condition([.literal(.flag(true))])
      }
    }
    var inherited = StepSettings()
    defaults.overlay.apply(to: &inherited)
    definition.settings = table.overlays.values.map { overlay in
      var settings = inherited
      overlay.apply(to: &settings)
      return settings
    }
    self.definition = definition
  }

  /// - Parameter definition: with the steps of the files that it calls.
  init(_ definition: WorkflowDefinition) {
    self.definition = definition
  }

  /// What is wrong with an output that a step names; nil if nothing is.
  ///
  /// - Parameter advice: what to write where the output may be absent.
  mutating func fault(
    of mention: OutputMention, in step: Int, advice: @autoclosure () -> String
  ) -> String? {
    let id = Quoting.quoted(definition.steps[Int(mention.step)].id)
    let outputs = definition.outputs(ofStep: Int(mention.step))
    if !outputs.contains(where: { $0.name == mention.name }) {
      return Self.unknown(
        mention.name, definition.steps[Int(mention.step)].id, among: outputs)
    }
    if before[step] == nil { before[step] = definition.stepsBefore(step) }
    if before[step]?.contains(mention.step) != true {
      return "the step does not need \(id), directly or not: add it to \"needs\""
    }
    if certain[step] == nil { certain[step] = definition.certainSteps(before: step) }
    if mention.isCaught || certain[step]?.contains(mention.step) == true { return nil }
    return "the step \(id) can end without its outputs when this step runs: \(advice())"
  }

  /// What is said of an output that the step does not declare.
  static func unknown(_ name: String, _ id: String, among outputs: [StepOutput]) -> String {
    let nearest = Suggestion.nearest(to: name, among: outputs.map(\.name))
    return "the step \(Quoting.quoted(id)) has no output \(Quoting.quoted(name))"
      + (nearest.map { ": did you mean \(Quoting.quoted($0))?" } ?? "")
  }

  /// What is wrong with the items of a node that its file has; nil if nothing is.
  ///
  /// - Parameter table: with its conditions, which can ask for values of items.
  func itemFault(ofNode step: Int, in table: StepTable) -> (ItemFault, text: String)? {
    var definition = definition
    definition.steps = table.steps
    definition.extras = table.extras
    guard case .literal(let items)? = definition.forEach(ofStep: step)?.source else { return nil }
    do throws(ItemFault) {
      _ = try definition.items(items, ofNode: step)
      return nil
    } catch {
      return (error, TerminalText.escaped(definition.text(error, of: items, ofNode: step)))
    }
  }

  /// The place of an output among those of its step; nil if there is none.
  func place(of name: String, ofStep step: Int32) -> Int32? {
    definition.outputs(ofStep: Int(step)).firstIndex { $0.name == name }.map { Int32($0) }
  }

  /// The type of an output; nil if there is none.
  func type(of name: String, ofStep step: Int32) -> OutputType? {
    definition.outputs(ofStep: Int(step)).first { $0.name == name }?.type
  }
}

extension OutputType {
  /// What a condition can take where a value is absent.
  var standIn: String {
    switch self {
    case .string, .json: "''"
    case .int, .number: "0"
    case .bool: "false"
    case .date: "'2026-01-01'"
    case .lines: "[]"
    }
  }
}
