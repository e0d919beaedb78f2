import FlowCore

/// A call with the workflow that it calls, which has been checked.
struct CalledWorkflow {
  let call: Call
  let workflow: WorkflowDefinition
}

/// The chain of a node, with the places that its steps have in their own workflow.
private struct InlinedChain {
  /// Where its node is in the result.
  let node: Int
  /// The first of its steps, there.
  let first: Int32
  let steps: [StepDefinition]
  let extras: [StepExtras]
  /// The places in the result of what it names.
  let parameter: (Int32) -> Int32
  let step: (Int32) -> Int32
}

/// Puts the steps of called workflows in the place of the steps that call them, as `ID/step`.
///
/// Their parameters become parameters of the whole, as `ID/parameter`, which the call gives. A call needs
/// and is needed like one step: its first steps need what the call needs, and who needs the call needs its
/// last steps, and those whose failure the others do not pass on. What its other steps put out it gets, too.
/// Their steps of `finally` come behind those of the calling workflow.
struct CallInlining {
  private let outer: WorkflowDefinition
  private var result: WorkflowDefinition
  private var settings = InternTable<StepSettings>()
  /// By step of `outer`: which ends are wanted of which steps of the result where it must be done.
  private var lasts: [[Edge]] = []
  /// By step of `outer`: where its first step is in the result.
  private var starts: [Int32] = []
  /// By step of `outer`: of a call, those of its other steps that put out something, which who needs it gets.
  private var givers: [[Int32]] = []
  /// By call: where its first step of `finally` is in the result.
  private var finallyStarts: [Int32] = []
  /// By call: where its first parameter is in the result.
  private var parameterStarts: [Int32] = []
  /// By step of `outer`: whether it is a call.
  private var calledSteps: [Bool] = []
  /// The chains of the nodes that the result has so far, in their order.
  private var chains: [InlinedChain] = []

  /// - Parameter calls: in the order of their steps.
  /// - Throws: which parameters of called workflows cannot be filled by outputs.
  static func inline(
    _ calls: [CalledWorkflow], in outer: WorkflowDefinition
  ) throws(LateValueFaults) -> WorkflowDefinition {
    var inlining = CallInlining(outer)
    inlining.place(calls)
    var result = inlining.finished(calls)
    try LateValues.resolve(in: &result)
    result.hasTemplates = !result.templates.isEmpty
    return result
  }

  private init(_ outer: WorkflowDefinition) {
    self.outer = outer
    result = outer
    result.steps = []
    result.extras = [StepExtras()]
    result.chainCount = 0
  }

  /// Finds out where each step will be: steps may need later ones.
  private mutating func place(_ calls: [CalledWorkflow]) {
    var next: Int32 = 0
    var rest = calls[...]
    for step in outer.declaredSteps {
      if step == outer.firstNotify { placeFinally(of: calls, &next) }
      starts.append(next)
      if let first = rest.first, first.call.step == step {
        rest.removeFirst()
        let last = Self.lasts(of: first.workflow)
        lasts.append(last.map { Edge(need: $0.need + next, wanted: $0.wanted) })
        givers.append(
          first.workflow.ordinarySteps.filter { step in
            !first.workflow.outputs(ofStep: step).isEmpty
              && !last.contains { $0.need == Int32(step) }
          }.map { Int32($0) + next })
        next += Int32(first.workflow.firstFinally)
        calledSteps.append(true)
      } else {
        calledSteps.append(false)
        givers.append([])
        lasts.append([Edge(need: next, wanted: .done)])
        next += 1
      }
    }
    if outer.notifyCount == 0 { placeFinally(of: calls, &next) }
  }

  private mutating func placeFinally(of calls: [CalledWorkflow], _ next: inout Int32) {
    for called in calls {
      finallyStarts.append(next)
      next += Int32(called.workflow.finallyCount)
    }
  }

  /// The steps on whose success no other step builds. Of a step that is for failures only, or comes after
  /// such a one, any end will do: where nothing has failed it is skipped.
  private static func lasts(of workflow: WorkflowDefinition) -> [Edge] {
    var isBuiltOn = [Bool](repeating: false, count: workflow.firstFinally)
    var isForFailures = isBuiltOn
    guard let graph = try? workflow.graph() else {
      preconditionFailure("a workflow that was checked has a cycle")
    }
    for rank in workflow.declaredSteps {
      let step = graph.step(ranked: Int32(rank))
      // No other step waits for those of `finally`.
      if !workflow.ordinarySteps.contains(step) { continue }
      for need in workflow.steps[step].needs {
        switch workflow.wanted(ofStep: step, from: need) {
        case .done, .succeeded:
          isBuiltOn[Int(need)] = true
          if isForFailures[Int(need)] { isForFailures[step] = true }
        case .failed: isForFailures[step] = true
        case .settled: break
        }
      }
    }
    // Who waits for a step waits for its rollback.
    return isBuiltOn.indices.filter { !isBuiltOn[$0] && !workflow.isRollback($0) }.map {
      Edge(need: Int32($0), wanted: isForFailures[$0] ? .settled : .done)
    }
  }

  /// What a step of `outer` needs in the result, ascending.
  private func needs(of step: Int) -> [Edge] {
    outer.steps[step].needs.flatMap { need in
      let wanted = outer.wanted(ofStep: step, from: need)
      // Of a call its own steps say when it is done; that it has failed cannot be wanted.
      let isCall = calledSteps[Int(need)]
      return lasts[Int(need)].map {
        Edge(need: $0.need, wanted: wanted == .settled || !isCall ? wanted : $0.wanted)
      } + givers[Int(need)].map { Edge(need: $0, wanted: .settled) }
    }.sorted { $0.need < $1.need }
  }

  private mutating func finished(_ calls: [CalledWorkflow]) -> WorkflowDefinition {
    var next = 0
    for step in outer.declaredSteps {
      if step == outer.firstNotify { addFinally(of: calls) }
      let needs = needs(of: step)
      if next < calls.count, calls[next].call.step == step {
        add(next, calls[next], needs: needs)
        next += 1
      } else {
        var copy = outer.steps[step]
        copy.settingsIndex = settings.index(of: outer.settings(ofStep: step))
        var extras = outer.extras(ofStep: step)
        extras.condition = extras.condition?.mapped {
          $0
        } step: {
          starts[Int($0)]
        }
        if case .output(let source, let place)? = extras.forEach?.source {
          extras.forEach?.source = .output(step: starts[Int(source)], place: place)
        }
        add(copy, extras, needs: needs)
        let chain = outer.chain(ofNode: step).map { place in
          var copy = outer.steps[place]
          copy.settingsIndex = settings.index(of: outer.settings(ofStep: place))
          return copy
        }
        let places = starts
        note(chain, ofNode: step, in: outer) {
          $0
        } step: {
          places[Int($0)]
        }
      }
    }
    if outer.notifyCount == 0 { addFinally(of: calls) }
    result.finallyCount += calls.reduce(0) { $0 + $1.workflow.finallyCount }
    placeChains()
    for called in calls {
      for secret in called.workflow.secrets.map({ $0.called(from: called.call) })
      where !result.secrets.contains(secret) {
        result.secrets.append(secret)
      }
    }
    result.secrets.sort { SettingsOverlay.precedes($0.name, $1.name) }
    result.settings = settings.values
    return result
  }

  private mutating func add(_ step: StepDefinition, _ extras: StepExtras, needs: [Edge]) {
    var (step, extras) = (step, extras)
    step.extrasIndex = 0
    step.needs = needs.map(\.need)
    extras.edges = needs.filter { $0.wanted != .done }
    result.steps.append(step)
    result.give(extras, toStep: result.steps.count - 1)
  }

  private mutating func add(_ call: Int, _ called: CalledWorkflow, needs: [Edge]) {
    let prefix = outer.steps[called.call.step].id + "/"
    parameterStarts.append(Int32(result.parameters.count))
    for parameter in called.workflow.parameters {
      result.parameters.append(self.parameter(parameter, prefix, called.call))
    }
    add(called.workflow.ordinarySteps, of: call, called, needs: needs)
  }

  private mutating func addFinally(of calls: [CalledWorkflow]) {
    for (call, called) in calls.enumerated() {
      add(called.workflow.finallySteps, of: call, called, needs: [])
    }
  }

  /// - Parameter needs: of those that need no other.
  private mutating func add(
    _ steps: Range<Int>, of call: Int, _ called: CalledWorkflow, needs: [Edge]
  ) {
    if steps.isEmpty { return }
    let workflow = called.workflow
    let prefix = outer.steps[called.call.step].id + "/"
    let firstParameter = parameterStarts[call]
    let ordinary = Int32(workflow.firstFinally)
    let (start, finallyStart) = (starts[called.call.step], finallyStarts[call])
    let place = { (step: Int32) in
      step < ordinary ? step + start : step - ordinary + finallyStart
    }
    let context = CalledSettings(workflow, prefix, folder: called.call.folder)
    let indices = workflow.settings.map { settings.index(of: context.settings($0)) }
    func inContext(_ original: StepDefinition) -> StepDefinition {
      var step = original
      step.id = prefix + original.id
      step.command = context.command(original.command)
      step.settingsIndex = indices[Int(original.settingsIndex)]
      return step
    }
    for index in steps {
      let original = workflow.steps[index]
      let step = inContext(original)
      let own = original.needs.map {
        Edge(need: place($0), wanted: workflow.wanted(ofStep: index, from: $0))
      }.sorted { $0.need < $1.need }
      var extras = workflow.extras(ofStep: index)
      extras.question = extras.question.map(context.question)
      extras.files = extras.files.map(context.text)
      extras.inputs = extras.inputs.map(context.text)
      extras.condition = extras.condition?.mapped {
        $0 + firstParameter
      } step: {
        place($0)
      }
      switch extras.forEach?.source {
      case .output(let source, let output)?:
        extras.forEach?.source = .output(step: place(source), place: output)
      case .parameter(let number)?:
        extras.forEach?.source = .parameter(number + firstParameter)
      case .literal, nil: break
      }
      add(step, extras, needs: own.isEmpty ? needs : own)
      let chain = workflow.chain(ofNode: index).map { inContext(workflow.steps[$0]) }
      note(chain, ofNode: index, in: workflow, context.text) {
        $0 + firstParameter
      } step: {
        place($0)
      }
    }
  }

  /// Keeps the chain of the step that was added last: its steps come behind all others.
  ///
  /// - Parameters:
  ///   - node: its index in its own workflow.
  ///   - text: what a text of that is in the result.
  ///   - parameter: where a parameter of that is in the result; and so for steps.
  private mutating func note(
    _ chain: [StepDefinition], ofNode node: Int, in workflow: WorkflowDefinition,
    _ text: (String) -> String = { $0 }, parameter: @escaping (Int32) -> Int32,
    step: @escaping (Int32) -> Int32
  ) {
    if chain.isEmpty { return }
    let places = workflow.chain(ofNode: node)
    chains.append(
      InlinedChain(
        node: result.steps.count - 1, first: Int32(places.lowerBound), steps: chain,
        extras: places.map { place in
          var extras = workflow.extras(ofStep: place)
          extras.files = extras.files.map(text)
          extras.inputs = extras.inputs.map(text)
          return extras
        }, parameter: parameter, step: step))
  }

  private mutating func placeChains() {
    for chain in chains {
      let own = chain.first..<chain.first + Int32(chain.steps.count)
      let start = Int32(result.steps.count)
      func place(_ step: Int32) -> Int32 {
        own.contains(step) ? step - own.lowerBound + start : chain.step(step)
      }
      for (step, extras) in zip(chain.steps, chain.extras) {
        var extras = extras
        extras.condition = extras.condition?.mapped(parameter: chain.parameter, step: place)
        let wanted = Dictionary(
          extras.edges.map { ($0.need, $0.wanted) }, uniquingKeysWith: { first, _ in first })
        add(
          step, extras,
          needs: step.needs.map { Edge(need: place($0), wanted: wanted[$0] ?? .done) })
      }
      let node = Int(result.steps[chain.node].extrasIndex)
      result.extras[node].forEach?.chain = start..<Int32(result.steps.count)
      result.chainCount += chain.steps.count
    }
  }

  private func parameter(_ parameter: Parameter, _ prefix: String, _ call: Call) -> Parameter {
    var copy = parameter
    copy.name = prefix + parameter.name
    if let binding = parameter.binding {
      // Of a call in the called workflow, over the parameters there.
      copy.binding = binding.map { Template.prefixing(prefix, namesIn: $0) }
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

  func question(_ question: Question) -> Question {
    var question = question
    question.text = text(question.text)
    return question
  }

  func text(_ text: String) -> String {
    Template.prefixing(prefix, namesIn: text)
  }

  private func workingDirectory(_ path: String?) -> String? {
    guard let folder else { return path }
    guard let path else { return folder }
    return path.utf8.first == UInt8(ascii: "/") ? path : "\(folder)/\(path)"
  }
}
