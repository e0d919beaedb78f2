package import FlowCore

/// Reads model files: how long the steps of a workflow take, and how they fail. They are JSON or
/// YAML like definition files, and what is wrong with them is told in the same way.
///
///     {
///       "default": {"duration": ["10s", "2m"], "fails": "1%"},   // for every step
///       "steps": {
///         "build": {                       // the id of a step of the definition
///           "duration": "5m",              // or ["4m", "6m"]: drawn evenly from shortest to longest
///           "fails": "5%",                 // of its attempts, so many exit with `exitCode`
///           "exitCode": 2,                 // 1 to 255; default 1
///           "crashes": "0.01%",            // are killed by a signal
///           "hangs": "0.1%",               // never end by themselves
///           "launchFails": "0%",           // cannot be started
///           "probe": {"duration": "1s", "fails": "1%", "hangs": "0%"}
///         }
///       }
///     }
///
/// A rate is a percentage with at most three decimal places; rates that are not given are zero, and
/// those of a command add up to at most 100%. Every step has a duration, of its own or by default.
/// A probe says at once whether the work was done, unless the file says otherwise. A step's keys
/// are merged with those of `default`, and those of its probe with the default probe's.
package enum ModelParser {
  /// - Parameters:
  ///   - file: the name of the file in messages.
  ///   - definition: the definition whose steps the file describes.
  /// - Throws: all errors. Nothing after a syntax error is checked.
  package static func parse(
    _ bytes: [UInt8], file: String, for definition: WorkflowDefinition
  ) throws(DefinitionErrors) -> BehaviourModel {
    switch DefinitionSpelling(ofFile: file, bytes) {
    case .json: try parse(bytes, DefinitionReader(JSONScanner(bytes)), file: file, for: definition)
    case .yaml: try parse(bytes, DefinitionReader(YAMLScanner(bytes)), file: file, for: definition)
    }
  }

  private static func parse<Source>(
    _ bytes: [UInt8], _ reader: consuming DefinitionReader<Source>, file: String,
    for definition: WorkflowDefinition
  ) throws(DefinitionErrors) -> BehaviourModel {
    var reader = reader
    var parts = ModelParts()
    do {
      try reader.readModel(of: StepNames(definition.steps), into: &parts)
      reader.checkDurations(of: parts, definition)
    } catch {
      reader.report(at: error.offset, error.message, error.related)
    }
    let model = reader.merged(parts, definition.steps.count)
    if let errors = reader.diagnostics.errors(in: bytes, file: file) { throw errors }
    return model
  }
}

// MARK: Checks across parts

extension DefinitionReader {
  /// Reports steps without a duration: there is no sensible default.
  fileprivate mutating func checkDurations(of parts: ModelParts, _ definition: WorkflowDefinition) {
    guard let start = parts.start, !parts.inherited.command.hasDuration else { return }
    var isMissing = [Bool](repeating: true, count: definition.steps.count)
    for (step, overlay) in parts.steps where overlay.command.hasDuration { isMissing[step] = false }
    guard let first = isMissing.firstIndex(of: true) else { return }
    let others = isMissing.count { $0 } - 1
    let more = others == 0 ? "" : " and \(others) other\(others == 1 ? "" : "s")"
    report(
      at: start,
      #"missing "duration" of step "\#(definition.steps[first].id)"\#(more): give it in "steps", "#
        + #"or for all in "default""#)
  }

  /// Merges the values of steps over the default, and reports rates that are too high together.
  fileprivate mutating func merged(_ parts: ModelParts, _ stepCount: Int) -> BehaviourModel {
    var inherited = BehaviourModel.Step(command: CommandModel())
    let isRight = apply(parts.inherited, to: &inherited)
    var model = BehaviourModel(steps: Array(repeating: inherited, count: stepCount))
    for (step, overlay) in parts.steps {
      // Once the default is wrong, so are all steps that take something of it.
      if isRight { _ = apply(overlay, to: &model.steps[step]) }
    }
    return model
  }

  /// - Returns: whether all rates are possible.
  private mutating func apply(_ overlay: StepOverlay, to step: inout BehaviourModel.Step) -> Bool {
    overlay.command.apply(to: &step.command)
    overlay.probe.apply(to: &step.probe)
    let isCommandRight = checkRates(of: step.command, overlay.command)
    return checkRates(of: step.probe, overlay.probe) && isCommandRight
  }

  private mutating func checkRates(of model: CommandModel, _ overlay: CommandOverlay) -> Bool {
    let (certain, troubled) = (Int64(CommandModel.certain), model.troubled)
    guard troubled > certain, let place = overlay.place else { return true }
    path = place.path
    report(
      at: place.offset,
      "at most 100% of attempts can fail: the rates add up to \(Self.percentage(troubled))")
    return false
  }

  /// A number of parts of `CommandModel.certain` as a percentage, such as `120.5%`.
  private static func percentage(_ parts: Int64) -> String {
    var decimals = String(1_000 + parts % 1_000).dropFirst()
    while decimals.last == "0" { decimals.removeLast() }
    return "\(parts / 1_000)\(decimals.isEmpty ? "" : ".\(decimals)")%"
  }
}
