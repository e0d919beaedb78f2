import FlowCore

/// Definitions of every shape that the codec can carry; cycles are not kept out.
extension Generator {
  /// - Parameter policy: which must have all keys that are given.
  mutating func definition(for policy: Policy = .current) -> WorkflowDefinition {
    var settings = [stepSettings()] + list(upTo: 3) { $0.stepSettings() }
    if policy > .first {
      for index in settings.indices {
        settings[index].shell = pick([.sh, .bash, .plain, .program([string(), string()])])
        settings[index].stopSignal = pick(StopSignal.allCases)
        settings[index].retry.jitter = pick(Jitter.allCases)
        settings[index].executesScripts = chance(in: 2)
      }
    }
    let stepCount = 1 + below(8)
    let steps = (0..<stepCount).map { index in
      StepDefinition(
        id: "\(index)" + string(), command: command(),
        needs: (0..<Int32(stepCount)).filter { _ in chance(in: 3) },
        settingsIndex: Int32(below(settings.count)))
    }
    var definition = WorkflowDefinition(
      name: string(), description: policy > .first ? optional { $0.string() } : nil,
      jobs: optional { 1 + $0.below(4_096) }, environment: environment(),
      timeoutMilliseconds: optional { $0.count() }, failFast: chance(in: 2), steps: steps,
      settings: settings)
    if policy > .first {
      definition.finallyCount = chance(in: 3) ? below(stepCount) : 0
      definition.notifyCount =
        chance(in: 3) ? below(stepCount - definition.finallyCount) : 0
      let firstNotice = Int32(definition.firstNotify)
      for step in steps.indices {
        definition.steps[step].needs.removeAll { $0 >= firstNotice }
      }
      let first = Int32(definition.firstFinally)
      for step in definition.ordinarySteps {
        definition.steps[step].needs.removeAll { $0 >= first }
      }
      definition.parameters = list(upTo: 3) { $0.parameter() }
      for step in steps.indices {
        let needs = definition.steps[step].needs
        let extras = StepExtras(
          description: optional { $0.string() }, edges: edges(of: needs),
          condition: optional { $0.condition(over: definition.parameters, needs) },
          outputs: ["a", "b_1", "c"].filter { _ in chance(in: 4) }.map {
            StepOutput(name: $0, type: pick(OutputType.allCases))
          })
        let isRollback =
          step > 0 && definition.ordinarySteps.contains(step) && !definition.isRollback(step - 1)
          && definition.question(ofStep: step - 1) == nil && chance(in: 4)
        if definition.isNotify(step) {
          definition.give(notice(extras), toStep: step)
          definition.steps[step].needs = []
          // A loss is followed by another attempt.
          definition.steps[step].settingsIndex = Int32(definition.settings.count)
          var settings = definition.settings[0]
          settings.onLost = .rerun
          definition.settings.append(settings)
          continue
        }
        definition.give(
          isRollback ? rollback(of: step - 1, extras) : asking(extras, step, &definition),
          toStep: step)
        if isRollback { definition.steps[step].needs = [Int32(step - 1)] }
        if !isRollback { giveForEach(step, &definition) }
      }
      for step in steps.indices where chance(in: 2) && !definition.isRollback(step) {
        giveConditionOnOutput(step, &definition)
      }
      definition.exclusive = optional { $0.chance(in: 2) ? .workflow : .named($0.string()) }
      definition.onConflict = pick(OnConflict.allCases)
      // A text can only be a template that is one.
      definition.hasTemplates = chance(in: 2) && definition.templates.isEmpty
      definition.secrets = list(upTo: 3) {
        Secret(
          name: $0.string(), source: $0.chance(in: 2) ? .file($0.string()) : .variable($0.string()))
      }
      for index in definition.settings.indices where !definition.secrets.isEmpty {
        definition.settings[index].secrets = list(upTo: 2) {
          SecretUse(
            name: $0.pick(definition.secrets.map(\.name)), form: $0.pick(SecretForm.allCases))
        }
      }
      definition.inheritance = pick(Inheritance.allCases)
      definition.passedVariables = list(upTo: 3) { $0.string() }
      definition.variableFiles = list(upTo: 3) {
        VariableFile(path: $0.string(), isOptional: $0.chance(in: 2))
      }
    }
    return definition
  }

  /// Some steps ask, and have no command.
  private mutating func asking(
    _ extras: StepExtras, _ step: Int, _ definition: inout WorkflowDefinition
  ) -> StepExtras {
    guard chance(in: 4) else { return extras }
    var extras = extras
    extras.question = Question(
      text: string(), timeoutMilliseconds: optional { $0.count() },
      otherwise: pick(Question.Otherwise.allCases))
    definition.steps[step].command = .shell("")
    return extras
  }

  /// Some steps run once per item.
  private mutating func giveForEach(_ step: Int, _ definition: inout WorkflowDefinition) {
    let place = Int(definition.steps[step].extrasIndex)
    guard place > 0, definition.ordinarySteps.contains(step),
      definition.question(ofStep: step) == nil, chance(in: 3)
    else { return }
    var sources = [ForEach.Source.literal((0..<below(4)).map { "\($0)é" })]
    for (index, parameter) in definition.parameters.enumerated() where parameter.type == .list {
      sources.append(.parameter(Int32(index)))
    }
    for need in definition.steps[step].needs {
      let outputs = definition.outputs(ofStep: Int(need))
      for (index, output) in outputs.enumerated() where [.lines, .json].contains(output.type) {
        sources.append(.output(step: need, place: Int32(index)))
      }
    }
    definition.extras[place].forEach = ForEach(
      over: pick(sources), most: Int32(1 + below(1_000_000)),
      jobs: optional { Int32(1 + $0.below(9)) },
      tolerance: pick([nil, .count(Int32(below(5))), .percent(Int32(below(101)))]),
      whenEmpty: pick(ForEach.WhenEmpty.allCases))
  }

  /// Where it has a need that puts out a text.
  private mutating func giveConditionOnOutput(
    _ step: Int, _ definition: inout WorkflowDefinition
  ) {
    let place = Int(definition.steps[step].extrasIndex)
    guard place > 0, let need = definition.steps[step].needs.last,
      let output = definition.outputs(ofStep: Int(need)).firstIndex(where: { $0.type == .string })
    else { return }
    definition.extras[place].condition = Condition([
      .output(step: need, place: Int32(output)), .literal(.text(string())), .compare(.unequal),
    ])
  }

  /// What is wanted of some of the needs.
  mutating func edges(of needs: [Int32]) -> [Edge] {
    needs.compactMap { need in
      let wanted = pick(WantedEnd.allCases)
      return wanted == .done ? nil : Edge(need: need, wanted: wanted)
    }
  }

  /// One whose types fit.
  mutating func condition(over parameters: [Parameter], _ needs: [Int32]) -> Condition {
    Condition(terms(over: parameters, needs, depth: 3))
  }

  private mutating func terms(
    over parameters: [Parameter], _ needs: [Int32], depth: Int
  ) -> [Condition.Term] {
    if depth > 0 && chance(in: 2) {
      let first = terms(over: parameters, needs, depth: depth - 1)
      if chance(in: 4) { return first + [.not] }
      return first + terms(over: parameters, needs, depth: depth - 1)
        + [pick([.and, .or, .otherwise, .compare(.equal)])]
    }
    if let need = needs.first, chance(in: 2) {
      let results = list(upTo: 3) { ConditionValue.result($0.pick(StepResult.allCases)) }
      return [.result(step: need), .literal(.list(results)), .contained]
    }
    guard let place = parameters.indices.last, chance(in: 2) else {
      return [.literal(.list([.text(string())])), .size, .literal(.number("1e2")), .compare(.less)]
    }
    let other: ConditionValue =
      switch ConditionType(parameters[place].type) {
      case .flag: .flag(chance(in: 2))
      case .text: .text(string())
      case .number: .number(pick(["-1", "0.25", "12e3"]))
      case .date: .date("2026-11-29")
      case .duration: .duration(milliseconds: count())
      case .result: .result(.failed)
      case .list: .list(list(upTo: 2) { .text($0.string()) })
      }
    return [.parameter(Int32(place)), .literal(other), .compare(pick([.equal, .unequal]))]
  }

  private mutating func parameter() -> Parameter {
    var parameter = Parameter(
      name: string(), type: pick(ParameterType.allCases), isRequired: chance(in: 2),
      standard: optional { $0.list(upTo: 2) { $0.string() } },
      choices: list(upTo: 2) { $0.string() }, pattern: optional { $0.string() },
      least: optional { $0.string() }, greatest: optional { $0.string() },
      help: optional { $0.string() })
    parameter.binding = optional { $0.list(upTo: 2) { $0.string() } }
    return parameter
  }

  private mutating func environment() -> [EnvironmentVariable] {
    list(upTo: 3) { EnvironmentVariable(name: $0.string(), value: $0.string()) }
  }

  private mutating func command() -> Command {
    chance(in: 2) ? .shell(string()) : .program([string()] + list(upTo: 3) { $0.string() })
  }

  private mutating func stepSettings() -> StepSettings {
    let onLost = pick(OnLost.allCases)
    return StepSettings(
      environment: environment(), workingDirectory: optional { $0.string() },
      timeoutMilliseconds: optional { $0.count() }, killGraceMilliseconds: count(),
      retry: RetryPolicy(
        maxAttempts: Int32(1 + below(1_000_000)), initialDelayMilliseconds: count(),
        multiplierThousandths: count(),
        maxDelayMilliseconds: count(), jitter: pick([.none, .full]),
        on: FailureKinds(rawValue: UInt8(below(16))), exitCodes: optional { $0.bytes(upTo: 4) }),
      allowFailure: chance(in: 2), onLost: onLost,
      probe: onLost == .probe ? command() : optional { $0.command() },
      stragglers: pick(StragglerPolicy.allCases), shell: .plain, maxOutputBytes: count())
  }

  private mutating func notice(_ extras: StepExtras) -> StepExtras {
    var notice = StepExtras(description: extras.description)
    notice.notice =
      chance(in: 3)
      ? Notice(slowMilliseconds: max(1, count()))
      : Notice(on: NoticeOutcomes(rawValue: UInt8(1 + below(15))))
    return notice
  }

  private func rollback(of step: Int, _ extras: StepExtras) -> StepExtras {
    var rollback = StepExtras(
      description: extras.description, edges: [Edge(need: Int32(step), wanted: .settled)])
    rollback.isRollback = true
    return rollback
  }
}
