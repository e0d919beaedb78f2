import FlowCore

/// Parameters of called workflows that outputs fill: their values are known only while the run goes on. So
/// what they stand for is put in the place of their names, and they are no parameters of the run.
struct LateValues {
  private let steps: [String: Int32]
  /// By name of the parameter: of a list its elements, else one.
  private var values: [String: [Template]] = [:]
  /// For each parameter of the definition, what it is instead.
  private var names: [String]
  private var places: [Int32] = []
  private var faults: [LateValueFaults.Fault] = []
  /// By step, the outputs that are put into its own texts, and the parameters through which.
  private var reads: [Int: [String: Int32]] = [:]

  /// - Throws: all of them that cannot be filled so.
  static func resolve(in definition: inout WorkflowDefinition) throws(LateValueFaults) {
    var late = LateValues(definition)
    if late.values.isEmpty { return }
    late.replace(in: &definition)
    late.checkReads(definition)
    if !late.faults.isEmpty { throw LateValueFaults(faults: late.faults) }
  }

  private init(_ definition: WorkflowDefinition) {
    steps = Dictionary(
      definition.declaredSteps.map { (definition.steps[$0].id, Int32($0)) },
      uniquingKeysWith: { first, _ in first })
    names = definition.parameters.map(\.name)
    for parameter in definition.parameters {
      // The parameters that a call names come before its own.
      let templates = (parameter.binding ?? []).flatMap { replaced(argument: Self.template($0)) }
      let isLate = templates.contains { template in
        template.parts.contains { if case .reference(.output) = $0 { true } else { false } }
      }
      if !isLate { continue }
      values[parameter.name] = templates
      if let message = fault(of: parameter, templates, definition) {
        report(parameter.name, message)
      }
    }
    var next: Int32 = 0
    for name in names {
      places.append(next)
      if values[name] == nil { next += 1 }
    }
  }

  /// What is wrong with the outputs that fill a parameter; nil if nothing is.
  private func fault(
    of parameter: Parameter, _ templates: [Template], _ definition: WorkflowDefinition
  ) -> String? {
    for template in templates {
      for case .reference(.output(let id, let name)) in template.parts {
        guard let step = steps[id] else {
          return StepID.unknown(id, among: definition.declaredSteps.map { definition.steps[$0].id })
        }
        let outputs = definition.outputs(ofStep: Int(step))
        guard let output = outputs.first(where: { $0.name == name }) else {
          return KnownOutputs.unknown(name, id, among: outputs)
        }
        if template.onlyReference != nil, let mismatch = parameter.mismatch(output.type) {
          return "parameter \(shown(parameter.name)): \(mismatch)"
        }
      }
    }
    return nil
  }

  private static func template(_ text: String) -> Template {
    do throws(Template.Fault) { return try Template(text) } catch {
      preconditionFailure("a definition that was checked has a bad template: \(error.message)")
    }
  }

  /// One fault of each is enough: others follow from it.
  private mutating func report(_ parameter: String, _ message: String) {
    if faults.contains(where: { $0.parameter == parameter }) { return }
    faults.append(LateValueFaults.Fault(parameter: parameter, message: message))
  }

  // MARK: Texts

  private func replaced(_ template: Template) -> Template {
    Template(
      template.parts.flatMap { part in
        guard case .reference(.parameter(let name)) = part, let value = values[name]?.first else {
          return [part]
        }
        return value.parts
      })
  }

  /// An element of an array, for which a list stands with all of its own.
  private func replaced(argument template: Template) -> [Template] {
    if let name = template.onlyParameter, let elements = values[name] { return elements }
    return [replaced(template)]
  }

  private mutating func note(_ template: Template, _ step: Int) {
    for case .reference(.parameter(let name)) in template.parts {
      for value in values[name] ?? [] {
        for case .reference(.output(let id, _)) in value.parts {
          if let source = steps[id] { reads[step, default: [:]][name] = source }
        }
      }
    }
  }

  /// - Parameter readers: the steps whose text it is.
  private mutating func text(_ text: String, of readers: [Int]) -> String {
    guard Template.isUsed(in: text) else { return text }
    let template = Self.template(text)
    for step in readers { note(template, step) }
    return Template.spelled(replaced(template).parts)
  }

  private mutating func command(_ command: Command, of readers: [Int]) -> Command {
    guard case .program(let arguments) = command else { return command }
    var result: [String] = []
    for argument in arguments {
      guard Template.isUsed(in: argument) else {
        result.append(argument)
        continue
      }
      let template = Self.template(argument)
      for step in readers { note(template, step) }
      result += replaced(argument: template).map { Template.spelled($0.parts) }
    }
    return .program(result)
  }

  // MARK: The definition

  private mutating func replace(in definition: inout WorkflowDefinition) {
    var readers = [[Int]](repeating: [], count: definition.settings.count)
    for step in definition.steps.indices {
      readers[Int(definition.steps[step].settingsIndex)].append(step)
    }
    for index in definition.settings.indices {
      var settings = definition.settings[index]
      for variable in settings.environment.indices {
        settings.environment[variable].value = text(
          settings.environment[variable].value, of: readers[index])
      }
      settings.workingDirectory = settings.workingDirectory.map { text($0, of: readers[index]) }
      settings.probe = settings.probe.map { command($0, of: readers[index]) }
      definition.settings[index] = settings
    }
    for step in definition.steps.indices {
      definition.steps[step].command = command(definition.steps[step].command, of: [step])
      let place = Int(definition.steps[step].extrasIndex)
      if place == 0 { continue }
      if let question = definition.extras[place].question {
        definition.extras[place].question?.text = text(question.text, of: [step])
      }
      definition.extras[place].files = definition.extras[place].files.map { text($0, of: [step]) }
      definition.extras[place].inputs = definition.extras[place].inputs.map { text($0, of: [step]) }
      if let condition = definition.extras[place].condition {
        definition.extras[place].condition = self.condition(condition, of: step, definition)
      }
      replaceSource(ofStep: step, place, in: &definition)
    }
    definition.parameters.removeAll { values[$0.name] != nil }
  }

  private mutating func condition(
    _ condition: Condition, of step: Int, _ definition: WorkflowDefinition
  ) -> Condition {
    Condition(
      condition.terms.map { term in
        guard case .parameter(let place) = term else { return term }
        let name = names[Int(place)]
        guard let templates = values[name] else { return .parameter(places[Int(place)]) }
        guard let (source, output) = only(templates, definition) else {
          report(
            name,
            "a condition of that file asks for the parameter \(shown(name)): give it an"
              + " output alone")
          return term
        }
        reads[step, default: [:]][name] = source
        return .output(step: source, place: output)
      })
  }

  private mutating func replaceSource(
    ofStep step: Int, _ place: Int, in definition: inout WorkflowDefinition
  ) {
    guard case .parameter(let parameter)? = definition.extras[place].forEach?.source else { return }
    let name = names[Int(parameter)]
    guard let templates = values[name] else {
      definition.extras[place].forEach?.source = .parameter(places[Int(parameter)])
      return
    }
    guard let (source, output) = only(templates, definition) else {
      report(
        name,
        "a step of that file runs over the parameter \(shown(name)): give it an output of the type"
          + " \"lines\" alone")
      return
    }
    definition.extras[place].forEach?.source = .output(step: source, place: output)
    reads[step, default: [:]][name] = source
    // Items are of a step that is needed itself.
    if !definition.steps[step].needs.contains(source) {
      definition.steps[step].needs = (definition.steps[step].needs + [source]).sorted()
    }
  }

  /// The output that is all of a value; nil if it is another.
  private func only(
    _ templates: [Template], _ definition: WorkflowDefinition
  ) -> (step: Int32, place: Int32)? {
    guard templates.count == 1, case .output(let id, let name)? = templates[0].onlyReference,
      let step = steps[id],
      let place = definition.outputs(ofStep: Int(step)).firstIndex(where: { $0.name == name }),
      definition.outputs(ofStep: Int(step))[place].type != .json
    else { return nil }
    return (step, Int32(place))
  }

  // MARK: Rules

  private mutating func checkReads(_ definition: WorkflowDefinition) {
    for (step, sources) in reads.sorted(by: { $0.key < $1.key }) {
      // A rollback runs when its step has begun.
      let reader = definition.stepRolledBack(by: step).map { Int($0) } ?? step
      let certain = definition.certainSteps(before: reader)
      for (name, source) in sources.sorted(by: { $0.key < $1.key }) where !certain.contains(source)
      {
        report(
          name,
          "its step \(Quoting.quoted(definition.steps[step].id)) can run where"
            + " \(Quoting.quoted(definition.steps[Int(source)].id)) has put out nothing, and reads the"
            + " parameter \(shown(name))")
      }
    }
  }

  /// As its own file calls it.
  private func shown(_ name: String) -> String {
    name.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(name[name.index(after: $0)...]) }
      ?? name
  }
}

/// What is wrong with outputs that calls give to parameters.
struct LateValueFaults: Error {
  struct Fault {
    /// As the calling workflow has it: `ID/parameter`.
    let parameter: String
    let message: String
  }

  let faults: [Fault]
}
