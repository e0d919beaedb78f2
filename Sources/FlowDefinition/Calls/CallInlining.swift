import FlowCore

/// A call with the workflow that it calls, which has been checked.
struct CalledWorkflow {
  let call: Call
  let workflow: WorkflowDefinition
}

/// Puts the steps of called workflows in the place of the steps that call them, as `ID/step`.
///
/// Their parameters become parameters of the whole, as `ID/parameter`, which the call gives. A call needs
/// and is needed like one step: its first steps need what the call needs, and who needs the call needs its
/// last steps.
struct CallInlining {
  private let outer: WorkflowDefinition
  private var result: WorkflowDefinition
  private var settings = InternTable<StepSettings>()
  /// By step of `outer`: the steps of the result that are done when it is.
  private var lasts: [[Int32]] = []
  /// By step of `outer`: where its first step is in the result.
  private var starts: [Int32] = []

  /// - Parameter calls: in the order of their steps.
  static func inline(
    _ calls: [CalledWorkflow], in outer: WorkflowDefinition
  ) -> WorkflowDefinition {
    var inlining = CallInlining(outer)
    inlining.place(calls)
    return inlining.finished(calls)
  }

  private init(_ outer: WorkflowDefinition) {
    self.outer = outer
    result = outer
    result.steps = []
    result.extras = [StepExtras()]
  }

  /// Finds out where each step will be: steps may need later ones.
  private mutating func place(_ calls: [CalledWorkflow]) {
    var next: Int32 = 0
    var rest = calls[...]
    for step in outer.steps.indices {
      starts.append(next)
      if let first = rest.first, first.call.step == step {
        rest.removeFirst()
        lasts.append(Self.lasts(of: first.workflow).map { $0 + next })
        next += Int32(first.workflow.steps.count)
      } else {
        lasts.append([next])
        next += 1
      }
    }
  }

  /// The steps that no other step needs.
  private static func lasts(of workflow: WorkflowDefinition) -> [Int32] {
    var isNeeded = [Bool](repeating: false, count: workflow.steps.count)
    for step in workflow.steps { for need in step.needs { isNeeded[Int(need)] = true } }
    return isNeeded.indices.filter { !isNeeded[$0] }.map(Int32.init)
  }

  private mutating func finished(_ calls: [CalledWorkflow]) -> WorkflowDefinition {
    var rest = calls[...]
    for step in outer.steps.indices {
      let needs = outer.steps[step].needs.flatMap { lasts[Int($0)] }.sorted()
      if let first = rest.first, first.call.step == step {
        rest.removeFirst()
        add(first, needs: needs)
      } else {
        var copy = outer.steps[step]
        copy.needs = needs
        copy.settingsIndex = settings.index(of: outer.settings(ofStep: step))
        add(copy, outer.extras(ofStep: step))
      }
    }
    for called in calls {
      for secret in called.workflow.secrets.map({ $0.called(from: called.call) })
      where !result.secrets.contains(secret) {
        result.secrets.append(secret)
      }
    }
    result.secrets.sort { SettingsOverlay.precedes($0.name, $1.name) }
    result.settings = settings.values
    result.hasTemplates = !result.templates.isEmpty
    return result
  }

  private mutating func add(_ step: StepDefinition, _ extras: StepExtras) {
    var step = step
    step.extrasIndex = 0
    result.steps.append(step)
    result.give(extras, toStep: result.steps.count - 1)
  }

  private mutating func add(_ called: CalledWorkflow, needs: [Int32]) {
    let workflow = called.workflow
    let prefix = outer.steps[called.call.step].id + "/"
    let start = starts[called.call.step]
    for parameter in workflow.parameters {
      result.parameters.append(self.parameter(parameter, prefix, called.call))
    }
    let context = CalledSettings(workflow, prefix, folder: called.call.folder)
    let indices = workflow.settings.map { settings.index(of: context.settings($0)) }
    for (index, original) in workflow.steps.enumerated() {
      var step = original
      step.id = prefix + original.id
      step.command = context.command(original.command)
      step.needs = original.needs.isEmpty ? needs : original.needs.map { $0 + start }
      step.settingsIndex = indices[Int(original.settingsIndex)]
      add(step, workflow.extras(ofStep: index))
    }
  }

  private func parameter(_ parameter: Parameter, _ prefix: String, _ call: Call) -> Parameter {
    var copy = parameter
    copy.name = prefix + parameter.name
    if let binding = parameter.binding {
      // Of a call in the called workflow, over the parameters there.
      copy.binding = binding.map { Template.prefixing(prefix, parametersIn: $0) }
    } else if let binding = call.bindings.first(where: { $0.name == parameter.name }) {
      copy.binding = binding.texts
    }
    return copy
  }
}

extension Secret {
  /// As it is named in the calling file.
  func called(from call: Call) -> Secret {
    guard case .file(let path) = source, let folder = call.folder,
      path.utf8.first != UInt8(ascii: "/")
    else { return self }
    return Secret(name: name, source: .file("\(folder)/\(path)"))
  }
}

/// What the steps of a called workflow have in the calling one.
private struct CalledSettings {
  private let prefix: String
  /// The variables of the whole called workflow.
  private let environment: [EnvironmentVariable]
  /// Its folder, relative to that of the calling file; nil if it is the same.
  private let folder: String?

  init(_ workflow: WorkflowDefinition, _ prefix: String, folder: String?) {
    self.prefix = prefix
    environment = workflow.environment
    // A path is no template.
    self.folder = folder.map { Template.spelled([.text($0)]) }
  }

  func settings(_ original: StepSettings) -> StepSettings {
    var settings = original
    settings.environment = SettingsOverlay.merged(original.environment, over: environment).map {
      EnvironmentVariable(name: $0.name, value: text($0.value))
    }
    settings.workingDirectory = workingDirectory(original.workingDirectory.map(text))
    settings.probe = original.probe.map(command)
    return settings
  }

  func command(_ command: Command) -> Command {
    switch command {
    case .shell: command
    case .program(let arguments): .program(arguments.map(text))
    }
  }

  private func text(_ text: String) -> String {
    Template.prefixing(prefix, parametersIn: text)
  }

  private func workingDirectory(_ path: String?) -> String? {
    guard let folder else { return path }
    guard let path else { return folder }
    return path.utf8.first == UInt8(ascii: "/") ? path : "\(folder)/\(path)"
  }
}
