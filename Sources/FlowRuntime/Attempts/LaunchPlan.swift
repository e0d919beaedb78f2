package import FlowCore

/// Makes the launch request for an intent.
package struct LaunchPlan: Sendable {
  private let runID: String
  private let definition: WorkflowDefinition
  private let definitionFolder: String
  private let folder: RunFolder
  private let values: RunValues
  private let hidesInterruption: Bool

  package init(_ state: RunState, in folder: RunFolder) {
    runID = state.created.runID
    definition = state.definition
    definitionFolder = state.created.definitionFolder
    self.folder = folder
    values = RunValues(state.created, state.definition)
    hidesInterruption = state.created.policyVersion < Policy.second.rawValue
  }

  package func request(for launch: Launch) -> LaunchRequest {
    let attempt = launch.attempt
    let step = definition.steps[Int(attempt.step)]
    let settings = definition.settings(ofStep: Int(attempt.step))
    let folder = workingDirectory(settings.workingDirectory.map(values.text))
    let place = EnvironmentVariable(name: "PWD", value: folder)
    let own =
      Self.identity(of: step.id, attempt.number, runID: runID, self.folder) + [
        // The same for all attempts of a step in a run, so that a service can recognize a repetition.
        EnvironmentVariable(name: "FLOW_IDEMPOTENCY_KEY", value: "\(runID)/\(step.id)")
      ]
    var command = step.command
    if launch.isProbe {
      guard let probe = settings.probe else {
        preconditionFailure("step \(step.id) has no probe to ask")
      }
      command = probe
    }
    let script = settings.executesScripts ? command.script : nil
    return LaunchRequest(
      attempt: attempt, intent: launch.intent,
      arguments: script == nil
        ? arguments(of: command, settings.shell, isProbe: launch.isProbe)
        : [self.folder.script(ofStep: step.id, attempt: attempt.number)],
      script: script,
      environment: [place] + values.variables(definition.environment + settings.environment) + own,
      workingDirectory: folder,
      outputPath: self.folder.output(ofStep: step.id, attempt: attempt.number),
      recordPath: self.folder.record(ofStep: step.id, attempt: attempt.number), settings: settings,
      hidesInterruption: hidesInterruption)
  }

  /// A line for a shell is taken as it stands: its `${` is the shell's.
  private func arguments(of command: Command, _ shell: Shell, isProbe: Bool) -> [String] {
    let arguments = command.arguments(by: shell, isProbe: isProbe)
    if case .shell = command { return arguments }
    return values.arguments(arguments)
  }

  /// The variables by which the processes of an attempt are found.
  static func identity(
    of step: String, _ attempt: Int32, runID: String, _ folder: RunFolder
  ) -> [EnvironmentVariable] {
    [
      EnvironmentVariable(name: "FLOW_RUN_ID", value: runID),
      EnvironmentVariable(name: "FLOW_RUN_DIR", value: folder.work),
      EnvironmentVariable(name: "FLOW_STEP_ID", value: step),
      EnvironmentVariable(name: "FLOW_ATTEMPT", value: String(attempt)),
    ]
  }

  private func workingDirectory(_ path: String?) -> String {
    guard let path else { return definitionFolder }
    return path.utf8.first == UInt8(ascii: "/") ? path : "\(definitionFolder)/\(path)"
  }
}
