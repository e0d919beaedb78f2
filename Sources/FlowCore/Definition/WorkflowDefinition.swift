/// A validated workflow with every default filled in.
///
/// A value of this type passes `flow validate`: at least one step, unique step ids,
/// needs that name earlier or later steps of the same workflow, and no cycle.
package struct WorkflowDefinition: Equatable, Sendable {
  package var name: String
  /// For people; nothing is decided by it.
  package var description: String?
  /// How many attempts may run at once; nil means the processors available to the process.
  package var jobs: Int?
  /// Added to the environment of every step, ordered by name.
  package var environment: [EnvironmentVariable]
  /// What a run takes over from the environment of the process that creates it.
  package var inheritance = Inheritance.inherit
  /// The names of variables that a clean environment has besides, ordered.
  package var passedVariables: [String] = []
  /// Their variables are part of the environment of a run; those of a later file win.
  package var variableFiles: [VariableFile] = []
  /// Ordered by name.
  package var secrets: [Secret] = []
  /// The timeout of the entire run; nil means none.
  package var timeoutMilliseconds: Int64?
  /// Whether a step that fails for good stops the others.
  package var failFast: Bool
  /// The group of which one run at a time may exist; nil means that runs may overlap.
  package var exclusive: RunGroupName?
  /// What a run does that finds another of its group.
  package var onConflict = OnConflict.fail
  /// What a run can be told, in the order of the definition file.
  package var parameters: [Parameter] = []
  /// Whether texts of it can be templates. In definitions that earlier versions recorded `${` is
  /// itself.
  package var hasTemplates = false
  /// How many steps, the last ones, belong to `finally`: they run when all others have settled.
  package var finallyCount = 0
  /// How many steps, behind those of `finally`, belong to `notify`.
  package var notifyCount = 0
  /// How many steps, behind those of `notify`, are of chains.
  package var chainCount = 0
  /// Steps in the order of the definition file, those of `finally` and of `notify` last, and behind them those of
  /// chains, and the children that a run has made. Everywhere else a step is named by its index here.
  package var steps: [StepDefinition]
  /// What the last steps are, if a run has made them.
  package internal(set) var children: [Child] = []
  /// The distinct settings of all steps. A million steps usually share a handful.
  package var settings: [StepSettings]
  /// A blank value for the steps that give none of these keys, and then one for each step that
  /// does, in the order of the steps.
  package var extras = [StepExtras()]

  package init(
    name: String, description: String? = nil, jobs: Int? = nil,
    environment: [EnvironmentVariable] = [],
    timeoutMilliseconds: Int64? = nil, failFast: Bool = false, steps: [StepDefinition],
    settings: [StepSettings] = [StepSettings()]
  ) {
    self.name = name
    self.description = description
    self.jobs = jobs
    self.environment = environment
    self.timeoutMilliseconds = timeoutMilliseconds
    self.failFast = failFast
    self.steps = steps
    self.settings = settings
  }

  /// The memory limit for all lists of a definition, in bytes: a million steps with thirty
  /// arguments each. An encoded history could otherwise expand fifty-fold.
  package static let mostListBytes = 512 << 20

  /// The memory of all lists of this definition: steps, settings, needs, arguments, variables.
  package var listBytes: Int {
    let commands = steps.reduce(0) { $0 + $1.command.listBytes + $1.needs.strideOfAll }
    let inSettings = settings.reduce(0) {
      $0 + $1.environment.strideOfAll + ($1.probe?.listBytes ?? 0)
        + $1.secrets.strideOfAll
        // What is implied is in no history.
        + ($1.shell == .plain ? 0 : $1.shell.spelled.listBytes)
    }
    let own =
      environment.strideOfAll + passedVariables.strideOfAll + variableFiles.strideOfAll
      + parameters.strideOfAll + secrets.strideOfAll
    let inParameters = parameters.reduce(0) {
      $0 + ($1.standard?.strideOfAll ?? 0) + $1.choices.strideOfAll
        + ($1.binding?.strideOfAll ?? 0)
    }
    let inExtras = extras.dropFirst().reduce(0) {
      $0 + MemoryLayout<StepExtras>.stride + $1.edges.strideOfAll
        + ($1.condition?.listBytes ?? 0) + $1.outputs.strideOfAll + $1.files.strideOfAll
        + $1.inputs.strideOfAll
    }
    return own + inParameters + steps.strideOfAll + settings.strideOfAll + commands + inSettings
      + inExtras
  }

  /// The settings of the step at `index`.
  package func settings(ofStep index: Int) -> StepSettings {
    settings[Int(steps[index].settingsIndex)]
  }

  /// Whether the step at `index` is one of a workflow that is called.
  package func isCalled(_ index: Int) -> Bool {
    index < firstNotify
      && steps[stepRolledBack(by: index).map { Int($0) } ?? index].id.utf8.contains(
        UInt8(ascii: "/"))
  }

  /// The keys of the step at `index` that most steps lack.
  package func extras(ofStep index: Int) -> StepExtras { extras[Int(steps[index].extrasIndex)] }

  /// Gives the step at `index` keys that most steps lack. Steps are given theirs in ascending order.
  package mutating func give(_ extras: StepExtras, toStep index: Int) {
    guard extras != StepExtras() else { return }
    steps[index].extrasIndex = Int32(self.extras.count)
    self.extras.append(extras)
  }
}

/// The group of a workflow's runs.
package enum RunGroupName: Hashable, Sendable {
  /// Its name is that of the workflow.
  case workflow
  case named(String)
}

/// What a run does that finds another of its group.
package enum OnConflict: UInt8, CaseIterable, Sendable {
  /// It is not started, which is an error.
  case fail = 0
  /// It waits, in the order of arrival.
  case queue = 1
  /// It is not started, which is no error.
  case skip = 2
  /// An interrupted run of the group is resumed instead of it.
  case resume = 3
  /// The other run is cancelled.
  case replace = 4
}

extension WorkflowDefinition {
  /// The name of the group; nil if there is none.
  package var group: String? {
    switch exclusive {
    case nil: nil
    case .workflow: name
    case .named(let name): name
    }
  }
}

/// One step: its command and its needs.
package struct StepDefinition: Equatable, Sendable {
  /// `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`, unique in the workflow; of a step of a called workflow the id of
  /// the calling step, `/`, and its own; of a rollback the id of its step and `/onFailure`; of a notice
  /// `notify/` and a number; of a step of a chain the id of its node, `/`, and its own; of a child the id of
  /// its node, `/`, and its key, and in a chain `/` and the name there.
  package var id: String
  /// Of a step that asks, or has a chain, an empty line, which is not run.
  package var command: Command
  /// Indices of the steps that must be done first, ascending, without repetition.
  package var needs: [Int32]
  /// Index into `WorkflowDefinition.settings`.
  package var settingsIndex: Int32
  /// Index into `WorkflowDefinition.extras`.
  package var extrasIndex: Int32 = 0

  package init(id: String, command: Command, needs: [Int32] = [], settingsIndex: Int32 = 0) {
    self.id = id
    self.command = command
    self.needs = needs
    self.settingsIndex = settingsIndex
  }
}

/// The values of keys that few steps give. They are stored apart, because a workflow can have a
/// million steps.
package struct StepExtras: Equatable, Sendable {
  /// For people; nothing is decided by it.
  package var description: String?
  /// The needs of which another end is wanted than that they are done, ascending.
  package var edges: [Edge] = []
  /// Without it, the step runs as soon as its needs let it.
  package var condition: Condition?
  /// What an attempt that succeeds must have written, or what an answer gives; ordered by name.
  package var outputs: [StepOutput] = []
  /// What its command makes (`StepFiles`); ordered by their bytes.
  package var files: [String] = []
  package var publish = PublishMode.stage
  /// What its command reads (`StepInputs`); ordered by their bytes.
  package var inputs: [String] = []
  /// Whether a former result is used where everything that counts is the same.
  package var caches = false
  /// Whether it is the `onFailure` of the step before it.
  package var isRollback = false
  /// What the step asks instead of running a command.
  package var question: Question?
  /// When it runs, if it belongs to `notify`.
  package var notice: Notice?
  /// For what it runs, each time as a child; a child has it from its node, and is none itself.
  package var forEach: ForEach?

  package init(
    description: String? = nil, edges: [Edge] = [], condition: Condition? = nil,
    outputs: [StepOutput] = [], question: Question? = nil
  ) {
    self.description = description
    self.edges = edges
    self.condition = condition
    self.outputs = outputs
    self.question = question
  }
}

/// The command of an attempt.
package enum Command: Hashable, Sendable {
  /// A line for `/bin/sh -c`.
  case shell(String)
  /// A program and its arguments, run without a shell; never empty.
  case program([String])
}

extension Command {
  fileprivate var listBytes: Int {
    switch self {
    case .shell: 0
    case .program(let arguments): arguments.strideOfAll
    }
  }
}

extension Condition {
  fileprivate var listBytes: Int {
    terms.reduce(terms.strideOfAll) { count, term in
      if case .literal(.list(let elements)) = term { count + elements.strideOfAll } else { count }
    }
  }
}

extension Array {
  fileprivate var strideOfAll: Int { count * MemoryLayout<Element>.stride }
}

/// One `NAME=value` of an environment.
package struct EnvironmentVariable: Hashable, Sendable {
  package var name: String
  package var value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}
