package import FlowCore

/// Small workflows that make trouble: chains, fans and diamonds, retries, timeouts, tight slots.
package enum RandomWorkflow {
  static let mostJobs = 4
  /// What every command has as its last argument.
  static let parameter = Parameter(name: "word", isRequired: true)

  /// The values of a run. That of a random workflow looks like what must not be read again.
  static func values(seed: UInt64, _ definition: WorkflowDefinition) -> [ParameterValue] {
    RandomCalls.values(definition, telling: "${params.word} ${run.id} $(\(seed)) \"")
  }

  /// What a parameter of a workflow that people wrote is mostly told.
  static func usual(_ parameter: Parameter) -> [String] {
    if let standard = parameter.standard, !["today", "yesterday"].contains(standard.first) {
      return standard
    }
    if let first = parameter.choices.first ?? parameter.least, parameter.type != .list {
      return [first]
    }
    switch parameter.type {
    case .string: return ["value"]
    case .int, .number: return ["1"]
    case .bool: return ["true"]
    case .date: return ["2026-11-29"]
    case .duration: return ["1m"]
    case .list: return []
    }
  }

  package static func draw(
    from choices: any ChoiceSource, _ options: SimulationOptions
  ) -> (definition: WorkflowDefinition, jobs: Int32) {
    func pick<Value>(_ values: Value...) -> Value {
      values[choices.choose(.workflow, below: values.count)]
    }

    var definition = WorkflowDefinition(name: "random", steps: [], settings: [])
    definition.failFast = choices.happens(.workflow, perMille: 200)
    let hasTimeout = choices.happens(.workflow, perMille: 100)
    let longest = pick(60_000, 5_000, 500)
    let timeout = Int64(longest - choices.choose(.workflow, below: longest))
    if hasTimeout { definition.timeoutMilliseconds = timeout }
    // Policy 1 knows no parameters.
    let words = options.rules > .first ? ["${params.\(parameter.name)}"] : []
    if !words.isEmpty {
      definition.parameters = [parameter]
      definition.hasTemplates = true
    }
    // A high share makes chains, a low one fans.
    let needShare = pick(50, 200, 500, 900)
    for index in 0..<options.steps {
      var needs: [Int32] = []
      for other in max(0, index - 4)..<index
      where choices.happens(.workflow, perMille: needShare) {
        needs.append(Int32(other))
      }
      definition.steps.append(
        StepDefinition(
          id: "s\(index)", command: .program(["work", "\(index)"] + words), needs: needs,
          settingsIndex: Int32(index)))
      definition.settings.append(drawSettings(from: choices, options))
    }
    if options.hasFinally { drawFinally(for: &definition, words, from: choices, options) }
    if options.hasSecrets {
      drawSecrets(for: &definition, from: choices, options)
    }
    if options.hasEdges || options.hasConditions || options.hasOutputs || options.hasQuestions {
      for index in definition.steps.indices {
        definition.give(
          extras(ofStep: index, of: definition, from: choices, options), toStep: index)
      }
    }
    // As parameters.
    if options.rules > .first {
      RandomCalls.draw(for: &definition, from: choices, options)
      RandomQuestions.takeCommands(in: &definition)
      RandomVariables.draw(for: &definition, from: choices, options)
      RandomOutputs.tell(in: &definition, from: choices, options)
      RandomRollbacks.draw(for: &definition, from: choices, options)
      RandomForEach.draw(for: &definition, from: choices, options)
      RandomNotices.draw(for: &definition, words, from: choices, options)
      RandomForEach.drawChain(for: &definition, from: choices, options)
      RandomFiles.draw(for: &definition, from: choices, options)
    }
    return (definition, Int32(choices.choose(.workflow, in: 1...mostJobs)))
  }

  /// One to three steps at the end, which need each other and some that come before.
  private static func drawFinally(
    for definition: inout WorkflowDefinition, _ words: [String], from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) {
    guard choices.happens(.finally, perMille: options.finallyPercent * 10) else { return }
    let first = definition.steps.count
    for index in first...first + choices.choose(.finally, below: 3) {
      let needs = (max(0, first - 2)..<index).filter { _ in
        choices.happens(.finally, perMille: 250)
      }
      definition.steps.append(
        StepDefinition(
          id: "s\(index)", command: .program(["work", "\(index)"] + words),
          needs: needs.map(Int32.init), settingsIndex: Int32(index)))
      var settings = drawSettings(from: choices, options, at: .finally)
      settings.timeoutMilliseconds =
        settings.timeoutMilliseconds ?? WorkflowDefinition.finallyTimeoutMilliseconds
      definition.settings.append(settings)
      definition.finallyCount += 1
    }
  }

  private static func extras(
    ofStep index: Int, of definition: WorkflowDefinition, from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) -> StepExtras {
    var extras = StepExtras()
    let needs = definition.steps[index].needs
    if options.hasEdges {
      for need in needs where choices.happens(.edges, perMille: options.edgePercent * 10) {
        let wanted = [WantedEnd.settled, .succeeded, .failed][choices.choose(.edges, below: 3)]
        extras.edges.append(Edge(need: need, wanted: wanted))
      }
    }
    if options.hasConditions,
      choices.happens(.conditions, perMille: options.conditionPercent * 10)
    {
      let sources = needs.filter { !definition.outputs(ofStep: Int($0)).isEmpty }
      extras.condition = RandomCondition.draw(from: choices, needs, outputsOf: sources)
    }
    if options.hasOutputs { extras.outputs = RandomOutputs.draw(from: choices, options) }
    if options.hasQuestions, !definition.isFinally(index) {
      extras.question = RandomQuestions.draw(
        from: choices, options, hasFields: !extras.outputs.isEmpty)
    }
    return extras
  }

  /// Some steps get one or both of two secrets, of which one is wanted as a file.
  private static func drawSecrets(
    for definition: inout WorkflowDefinition, from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) {
    definition.secrets = SimulatedSecrets.all
    for index in definition.settings.indices
    where choices.happens(.secrets, perMille: options.secretPercent * 10) {
      // The parser refuses both together.
      definition.settings[index].stragglers = .kill
      let which = choices.choose(.secrets, in: 1...3)
      definition.settings[index].secrets = SimulatedSecrets.uses.enumerated()
        .filter { which & 1 << $0.offset != 0 }.map(\.element)
    }
  }

  /// Where all choices are zero: the settings of a step that sets none. Every step takes the same
  /// number of choices, used or not, so that none of them shifts those of later steps.
  static func drawSettings(
    from choices: any ChoiceSource, _ options: SimulationOptions, at site: ChoiceSite = .workflow
  ) -> StepSettings {
    func pick<Value>(_ values: Value...) -> Value {
      values[choices.choose(site, below: values.count)]
    }
    func happens(_ chances: Int) -> Bool { choices.happens(site, perMille: chances) }

    // The defaults of flow 0.1 under its policy.
    var settings = options.rules > .first ? StepSettings() : .implied
    settings.allowFailure = happens(333)
    settings.onLost = pick(.rerun, .fail, .probe, .probe)
    if settings.onLost == .probe { settings.probe = .program(["probe"]) }
    settings.stragglers =
      choices.happens(.descendants, perMille: options.keepPercent * 10) ? .keep : .kill
    settings.killGraceMilliseconds = pick(10_000, 100, 0)
    let hasTimeout = happens(333)
    let timeout: Int64 = pick(60_000, 60_000, 60_000, 30_000, 5_000, 500, 1)
    // Otherwise a command that hangs would never end.
    let mayHang = options.hangPercent + options.selfStopPercent > 0
    if hasTimeout || mayHang { settings.timeoutMilliseconds = timeout }
    let hasRetry = happens(750)
    let retry = drawRetry(from: choices, options, at: site)
    if hasRetry { settings.retry = retry }
    return settings
  }

  private static func drawRetry(
    from choices: any ChoiceSource, _ options: SimulationOptions, at site: ChoiceSite
  ) -> RetryPolicy {
    var retry = RetryPolicy()
    retry.maxAttempts = Int32(choices.choose(site, in: 2...4))
    retry.initialDelayMilliseconds = [0, 10, 1_000][choices.choose(site, below: 3)]
    if options.rules > .first {
      retry.jitter = [.none, .full, .equal][choices.choose(site, below: 3)]
    } else {
      retry.jitter = choices.happens(site, perMille: 500) ? .full : .none
    }
    if choices.happens(site, perMille: 250) { retry.on = [.exit, .timeout] }
    if choices.happens(site, perMille: 250) { retry.exitCodes = [1, 2] }
    return retry
  }
}
