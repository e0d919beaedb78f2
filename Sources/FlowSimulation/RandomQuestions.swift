import FlowCore

/// Steps of random workflows that ask a person.
enum RandomQuestions {
  /// Nil for a step that runs its command.
  static func draw(
    from choices: any ChoiceSource, _ options: SimulationOptions, hasFields: Bool
  ) -> Question? {
    guard choices.happens(.questions, perMille: options.askPercent * 10) else { return nil }
    var question = Question(text: "continue ${run.id}?")
    // From none to one that mostly passes.
    switch choices.choose(.questions, below: 4) {
    case 0, 1: return question
    case 2: question.timeoutMilliseconds = 60_000
    default: question.timeoutMilliseconds = 2_000
    }
    let otherwise: [Question.Otherwise] =
      hasFields ? [.fail, .reject] : [.fail, .reject, .approve]
    question.otherwise = otherwise[choices.choose(.questions, below: otherwise.count)]
    return question
  }

  /// What asks has no command, and no settings of attempts.
  static func takeCommands(in definition: inout WorkflowDefinition) {
    for step in definition.steps.indices where definition.question(ofStep: step) != nil {
      definition.steps[step].command = .shell("")
      var settings = StepSettings()
      settings.allowFailure = definition.settings(ofStep: step).allowFailure
      // Each random step has settings of its own.
      definition.settings[Int(definition.steps[step].settingsIndex)] = settings
    }
  }

  /// A value for a field.
  static func value(of type: OutputType, from choices: any ChoiceSource) -> [UInt8] {
    switch type {
    case .lines: Array(["", "a\n", "b\na\n"][choices.choose(.answers, below: 3)].utf8)
    case .string: Array("said ${run.id} \(choices.choose(.answers, below: 1_000))".utf8)
    case .int, .number: Array("\(choices.choose(.answers, below: 10))".utf8)
    case .bool: Array("true".utf8)
    case .date: Array("2026-11-29".utf8)
    case .json: Array("[1]".utf8)
    }
  }
}
