import FlowCore
import FlowRuntime

/// Files that random steps declare, one or two each, all in one folder.
enum RandomFiles {
  /// Where steps work that make files.
  static let folder = "/data"
  /// In it, for what cached steps read.
  static let inputs = "in"

  /// What a cached step reads; its children all read the same.
  static func input(ofStep step: Int) -> String { "\(inputs)/\(step)" }

  static func draw(
    for definition: inout WorkflowDefinition, from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) {
    guard options.hasFiles else { return }
    var extras = definition.steps.indices.map { definition.extras(ofStep: $0) }
    for step in definition.steps.indices {
      let runs =
        extras[step].question == nil && extras[step].notice == nil && !extras[step].isRollback
        && extras[step].forEach?.chain.isEmpty != false
      guard runs, choices.happens(.files, perMille: options.filesPercent * 10) else { continue }
      let hasItem = extras[step].forEach != nil || definition.isInChain(step)
      let item = hasItem ? "-" + Template.spelled([.reference(.item(nil))]) : ""
      let name = "\(step)\(item)"
      extras[step].files =
        choices.happens(.files, perMille: 500) ? ["a\(name)", "b\(name)"] : ["a\(name)"]
      if choices.happens(.caches, perMille: options.cachePercent * 10) {
        extras[step].caches = true
        extras[step].inputs = [input(ofStep: step)]
      }
      var settings = definition.settings(ofStep: step)
      settings.workingDirectory = folder
      definition.steps[step].settingsIndex = Int32(definition.settings.count)
      definition.settings.append(settings)
    }
    // In the order of the steps, as they are read again.
    definition.extras = [StepExtras()]
    for step in extras.indices {
      definition.steps[step].extrasIndex = 0
      definition.give(extras[step], toStep: step)
    }
  }
}

extension WorkflowDefinition {
  /// Whether any step declares files.
  var hasFiles: Bool { extras.contains { !$0.files.isEmpty } }
}
