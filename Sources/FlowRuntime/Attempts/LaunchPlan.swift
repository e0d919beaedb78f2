package import FlowCore
import FlowStorage
import FlowText

/// Makes the launch request for an intent.
package struct LaunchPlan: Sendable {
  private let runID: String
  private var definition: WorkflowDefinition
  private let definitionFolder: String
  private let folder: RunFolder
  private let values: RunValues
  private let hidesInterruption: Bool
  private let ignoresResults: Bool

  package init(_ state: RunState, in folder: RunFolder) {
    runID = state.created.runID
    definition = state.definition
    definitionFolder = state.created.definitionFolder
    self.folder = folder
    values = RunValues(state.created, state.definition)
    hidesInterruption = state.created.policyVersion < Policy.second.rawValue
    ignoresResults = state.created.ignoresResults
  }

  /// The run has made children.
  mutating func update(_ definition: WorkflowDefinition) {
    if self.definition.steps.count != definition.steps.count
      || self.definition.children != definition.children
    {
      self.definition = definition
    }
  }

  /// - Parameters:
  ///   - state: of the run, for what steps have put out and how they have ended.
  ///   - conclusion: the variables of a step of `finally`, of a notice, or of a rollback.
  ///   - first: the number of the first attempt of its step in this round.
  package func request(
    for launch: Launch, in state: RunState, conclusion: [EnvironmentVariable] = [], first: Int32 = 1
  ) -> LaunchRequest {
    let attempt = launch.attempt
    if launch.task.publishes { return publication(for: launch, in: state, conclusion) }
    let values = values(for: attempt, in: state, conclusion)
    let child = definition.child(Int(attempt.step))
    let step = definition.steps[Int(attempt.step)]
    let file = definition.fileID(ofStep: Int(attempt.step))
    let settings = definition.settings(ofStep: Int(attempt.step))
    let folder = workingDirectory(settings.workingDirectory.map(values.text))
    let place = EnvironmentVariable(name: "PWD", value: folder)
    let handed = handedOver(of: attempt, state.outputs)
    let isProbe = launch.task == .probe
    // A probe looks at what the attempt has made that was lost.
    let maker = isProbe ? state.maker(ofStep: attempt.step) ?? attempt.number : attempt.number
    let stage = stage(ofStep: attempt.step, maker, in: folder)
    let own =
      Self.identity(of: step.id, file, attempt.number, runID: runID, self.folder) + [
        // The same for all attempts of a step in a run, so that a service can recognize a repetition.
        // Each round has news of its own to tell.
        EnvironmentVariable(
          name: "FLOW_IDEMPOTENCY_KEY",
          value: "\(runID)/\(step.id)"
            + (definition.isNotify(Int(attempt.step)) ? "/\(first)" : ""))
      ] + handed.variables + conclusion
      + (stage.map { [EnvironmentVariable(name: "FLOW_STAGE", value: $0)] } ?? [])
      + (child.map { _ in [EnvironmentVariable(name: "FLOW_ITEM", value: values.itemText())] } ?? [])
    var command = step.command
    if isProbe {
      guard let probe = settings.probe else {
        preconditionFailure("step \(step.id) has no probe to ask")
      }
      command = probe
    }
    let script = settings.executesScripts ? command.script : nil
    var request = LaunchRequest(
      attempt: attempt, intent: launch.intent,
      arguments: script == nil
        ? arguments(of: command, settings.shell, values, isProbe: isProbe)
        : [self.folder.script(ofStep: file, attempt: attempt.number)],
      script: script,
      environment: [place] + values.variables(definition.environment + settings.environment) + own,
      workingDirectory: folder,
      outputPath: self.folder.output(ofStep: file, attempt: attempt.number),
      recordPath: self.folder.record(ofStep: file, attempt: attempt.number), settings: settings,
      hidesInterruption: hidesInterruption)
    (request.outputs, request.inputs) = (handed.outputs, handed.inputs)
    if !isProbe, let cached = cachedLaunch(of: attempt.step, attempt.number, values) {
      request.note = cached.note
      do throws(LaunchFailure) {
        request.arguments = try cached.arguments(
          before: request.arguments, isScript: script != nil)
      } catch {
        request.failure = error
      }
    }
    if let stage, !isProbe {
      do throws(LaunchFailure) {
        let files = try files(ofStep: attempt.step, values)
        request.stage = LaunchStage(
          stage, for: files, note: self.folder.stage(ofStep: file, attempt: attempt.number))
      } catch {
        request.failure = error
      }
    }
    if values.hasOutputs, Self.exceedsLimit(request) {
      request.failure = LaunchFailure(operation: .execute, errno: Self.tooLong)
    }
    return request
  }

  /// Where the last attempt of a step has worked.
  func workingDirectory(ofStep step: Int32, in state: RunState) -> String {
    let attempt = AttemptID(step: step, number: state.steps[Int(step)].attempt)
    let values = values(for: attempt, in: state)
    return workingDirectory(
      definition.settings(ofStep: Int(step)).workingDirectory.map(values.text))
  }

  private func values(
    for attempt: AttemptID, in state: RunState, _ conclusion: [EnvironmentVariable] = []
  ) -> RunValues {
    var values = values
    values.outputs = state.outputs
    values.result = { state.result(ofStep: $0) }
    values.reader = Int(attempt.step)
    values.outcome = conclusion.first { $0.name == "FLOW_OUTCOME" }?.value ?? ""
    if definition.isChild(Int(attempt.step)) {
      values.serve(child: Int(attempt.step), of: definition)
    }
    return values
  }

  private func cachedLaunch(of step: Int32, _ attempt: Int32, _ values: RunValues) -> CachedLaunch?
  {
    let id = definition.fileID(ofStep: Int(step))
    return CachedLaunch(
      definition, step: Int(step), values, note: folder.cacheNote(ofStep: id, attempt: attempt),
      in: folder, ignoringResults: ignoresResults)
  }

  // MARK: Files

  /// An attempt that publishes what the last one has made that ran the command.
  private func publication(
    for launch: Launch, in state: RunState, _ conclusion: [EnvironmentVariable]
  ) -> LaunchRequest {
    let attempt = launch.attempt
    let values = values(for: attempt, in: state, conclusion)
    let step = definition.steps[Int(attempt.step)]
    let file = definition.fileID(ofStep: Int(attempt.step))
    var settings = definition.settings(ofStep: Int(attempt.step))
    let workingDirectory = workingDirectory(settings.workingDirectory.map(values.text))
    settings.publish()
    guard let maker = state.maker(ofStep: attempt.step) else {
      preconditionFailure("step \(step.id) publishes, and nothing has run")
    }
    var arguments = [Self.thisProgram, PublishCommand.name]
    if launch.task == .completion { arguments.append(PublishCommand.completes) }
    arguments += [
      PublishCommand.manifest, folder.manifest(ofStep: file, attempt: maker),
      PublishCommand.folder, workingDirectory,
    ]
    if let stage = stage(ofStep: attempt.step, maker, in: workingDirectory) {
      arguments += [PublishCommand.stage, stage]
    }
    var failure: LaunchFailure?
    var own: LaunchInputs?
    do throws(LaunchFailure) {
      if definition.caches(ofStep: Int(attempt.step)),
        let cached = cachedLaunch(of: attempt.step, maker, values)
      {
        arguments += try cached.arguments()
        arguments += [
          "--\(CachedCommand.run)", runID, "--\(CachedCommand.attempt)", String(maker),
        ]
        own = LaunchInputs(
          ownOf: attempt, by: maker, definition, state.outputs, in: self.folder)
        if let values = own?.steps.first?.folder {
          arguments += ["--\(CachedCommand.outputs)", values]
        }
      }
      let files = try files(ofStep: attempt.step, values)
      if !files.isEmpty { arguments += ["--"] + files }
    } catch {
      failure = error
    }
    var request = LaunchRequest(
      attempt: attempt, intent: launch.intent, arguments: arguments,
      environment: Self.identity(of: step.id, file, attempt.number, runID: runID, folder),
      workingDirectory: workingDirectory,
      outputPath: folder.output(ofStep: file, attempt: attempt.number),
      recordPath: folder.record(ofStep: file, attempt: attempt.number), settings: settings,
      hidesInterruption: hidesInterruption)
    request.failure = failure
    request.inputs = own
    return request
  }

  static let thisProgram = "/proc/self/exe"

  /// Nil if the attempt makes no files, or makes them where they are to be.
  private func stage(ofStep step: Int32, _ attempt: Int32, in workingDirectory: String) -> String? {
    guard !definition.files(ofStep: Int(step)).isEmpty,
      definition.publishMode(ofStep: Int(step)) == .stage
    else { return nil }
    return LaunchStage.path(
      of: definition.fileID(ofStep: Int(step)), attempt: attempt, runID: runID, in: workingDirectory
    )
  }

  /// What the step makes, with the values in place.
  private func files(ofStep step: Int32, _ values: RunValues) throws(LaunchFailure) -> [String] {
    let files = definition.files(ofStep: Int(step)).map(values.text)
    let areSound = files.allSatisfy { StepFiles.fault(of: RawText.bytes($0)) == nil }
    if !areSound {
      throw LaunchFailure(operation: .useFiles, errno: Errno.invalidArgument.rawValue)
    }
    return files
  }

  /// E2BIG: what values of other steps are put into is longer than any system executes.
  private static let tooLong: Int32 = 7
  private static let mostBytes = 8 << 20

  private static func exceedsLimit(_ request: LaunchRequest) -> Bool {
    let arguments = request.arguments.reduce(0) { $0 + $1.utf8.count + 9 }
    let variables = request.environment.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    return arguments + variables > mostBytes
  }

  /// What an attempt puts out, and what it gets, with the variables that say where.
  private func handedOver(
    of attempt: AttemptID, _ outputs: StepOutputs
  ) -> (outputs: LaunchOutputs?, inputs: LaunchInputs?, variables: [EnvironmentVariable]) {
    var variables: [EnvironmentVariable] = []
    let id = definition.fileID(ofStep: Int(attempt.step))
    let declared = definition.outputs(ofStep: Int(attempt.step))
    var own: LaunchOutputs?
    if !declared.isEmpty {
      let place = folder.put(ofStep: id, attempt: attempt.number)
      own = LaunchOutputs(
        folder: place, file: folder.outputs(ofStep: id, attempt: attempt.number),
        declared: declared)
      variables.append(EnvironmentVariable(name: "FLOW_OUTPUTS", value: place))
    }
    let inputs = LaunchInputs(of: attempt, definition, outputs, in: folder)
    if let inputs {
      variables.append(EnvironmentVariable(name: "FLOW_INPUTS", value: inputs.folder))
    }
    return (own, inputs, variables)
  }

  /// A line for a shell is taken as it stands: its `${` is the shell's.
  private func arguments(
    of command: Command, _ shell: Shell, _ values: RunValues, isProbe: Bool
  ) -> [String] {
    let arguments = command.arguments(by: shell, isProbe: isProbe)
    if case .shell = command { return arguments.map(RawText.standing) }
    return values.arguments(arguments)
  }

  /// The variables by which the processes of an attempt are found.
  ///
  /// - Parameter file: the step as the files of its attempts name it.
  static func identity(
    of step: String, _ file: String, _ attempt: Int32, runID: String, _ folder: RunFolder
  ) -> [EnvironmentVariable] {
    let own = [
      EnvironmentVariable(name: "FLOW_RUN_ID", value: runID),
      EnvironmentVariable(name: "FLOW_RUN_DIR", value: folder.work),
      EnvironmentVariable(name: "FLOW_STEP_ID", value: step),
      EnvironmentVariable(name: "FLOW_ATTEMPT", value: String(attempt)),
    ]
    // A child is known by its number: its files do not have its id.
    guard file.utf8.first == UInt8(ascii: "/") else { return own }
    return own + [EnvironmentVariable(name: "FLOW_STEP_NUMBER", value: String(file.dropFirst()))]
  }

  private func workingDirectory(_ path: String?) -> String {
    guard let path else { return definitionFolder }
    return path.utf8.first == UInt8(ascii: "/") ? path : "\(definitionFolder)/\(path)"
  }
}

extension StepSettings {
  /// What governs an attempt that publishes: nothing of its step, and no limit. A stop waits for it to end.
  fileprivate mutating func publish() {
    timeoutMilliseconds = nil
    killGraceMilliseconds = 10 * 366 * 86_400_000
    stopSignal = .terminate
    stragglers = .kill
  }
}
