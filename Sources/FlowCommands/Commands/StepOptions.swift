import FlowCommandLine
import FlowCore
import FlowText

/// Options that name steps.
struct StepOptions: Equatable {
  static let only = option("only", "run these steps, and nothing that they need")
  static let from = option("from", "run these steps, and all that needs them")
  static let to = option("to", "run these steps, and all that they need")
  static let skip = option("skip", "leave these steps out")

  /// For help.
  static let details = """
    --only, --from, --to and --skip take ids of steps, separated by commas, and may
    be given several times. --from with --to runs what both select; --only stands
    alone; --skip takes steps away. Other steps are skipped as "not selected" and
    hold up nothing, but order stays: what needs one runs after what that needs.
    """

  private let command: String?
  private let named: [(option: Option, steps: [String])]

  static func option(_ name: String, _ help: String) -> Option {
    Option(name, takes: .text(placeholder: "STEPS"), isRepeatable: true, help)
  }

  /// - Parameter options: which of them the command has.
  init(
    _ arguments: ScannedArguments, _ options: [Option], command: String?
  ) throws(UsageError) {
    self.command = command
    named = options.map { ($0, arguments.texts($0)) }.filter { !$0.1.isEmpty }
    guard let only = named.first(where: { $0.option.name == Self.only.name }) else { return }
    let others = [Self.from.name, Self.to.name]
    if let other = named.first(where: { others.contains($0.option.name) }) {
      throw UsageError(
        command: command, .exclusiveOptions(only.option.spelling, other.option.spelling))
    }
  }

  var isEmpty: Bool { named.isEmpty }

  /// The first option that was given.
  var first: Option? { named.first?.option }

  func has(_ option: Option) -> Bool { named.contains { $0.option.name == option.name } }

  /// The steps that an option names; none if it was not given.
  func steps(
    _ option: Option, of definition: WorkflowDefinition
  ) throws(UsageError) -> [Int32] {
    guard let texts = named.first(where: { $0.option.name == option.name })?.steps else {
      return []
    }
    var numbers: [String: Int32] = [:]
    for number in definition.livingSteps { numbers[definition.steps[number].id] = Int32(number) }
    var steps: [Int32] = []
    for text in texts {
      let names = Self.names(in: text) { numbers[$0] != nil }
      for name in names {
        guard let step = numbers[name] else {
          // A step that calls another file stands for the steps of that file.
          // None of its steps of `finally` must have run for the call to be done.
          let isRequired = option.name == ValidateCommand.requireOption.name
          let called = (0..<definition.firstNotify).filter {
            definition.steps[$0].id.utf8.starts(with: "\(name)/".utf8)
              && !(isRequired && definition.isFinally($0))
          }
          if !called.isEmpty {
            steps += called.filter { definition.isOwnStep($0) }.map(Int32.init)
            continue
          }
          if let node = definition.node(named: name) {
            throw UsageError(
              command: command,
              .itemNamed(name, option: option.spelling, step: definition.steps[node].id))
          }
          let nearest = Suggestion.nearest(
            to: name,
            among: definition.steps.indices.lazy.filter { definition.isOwnStep($0) }.map {
              definition.steps[$0].id
            })
          throw UsageError(
            command: command,
            .unknownStep(name, option: option.spelling, suggestion: nearest))
        }
        if definition.isNotify(Int(step)) {
          throw UsageError(command: command, .noticeNamed(name, option: option.spelling))
        }
        if let own = definition.stepRolledBack(by: Int(step)) {
          throw UsageError(
            command: command,
            .rollbackNamed(
              name, option: option.spelling, step: definition.steps[Int(own)].id))
        }
        steps.append(step)
      }
    }
    return steps
  }

  /// The ids that a text lists, with commas between them. An id of an item can have commas of its own: the longest
  /// that is known counts.
  private static func names(in text: String, isKnown: (String) -> Bool) -> [String] {
    var rest = text.unicodeScalars.split(separator: ",", omittingEmptySubsequences: false)[...]
    var names: [String] = []
    while !rest.isEmpty {
      let count =
        (1...rest.count).last { isKnown(rest.prefix($0).map(String.init).joined(separator: ",")) }
        ?? 1
      names.append(rest.prefix(count).map(String.init).joined(separator: ","))
      rest = rest.dropFirst(count)
    }
    return names
  }

  /// What a new run leaves out, and why.
  func selection(of definition: WorkflowDefinition) throws(UsageError) -> StepSelection {
    var selection = StepSelection()
    selection.only = try steps(Self.only, of: definition)
    selection.from = try steps(Self.from, of: definition)
    selection.to = try steps(Self.to, of: definition)
    selection.skip = try steps(Self.skip, of: definition)
    if let both = selection.only.first(where: { selection.skip.contains($0) }) {
      throw UsageError(
        command: command,
        .contradictorySteps(
          definition.steps[Int(both)].id, Self.only.spelling, Self.skip.spelling))
    }
    return selection
  }

  /// - Throws: if no step is left.
  func unselected(
    _ definition: WorkflowDefinition, _ graph: DependencyGraph
  ) throws(UsageError) -> StepSet {
    if isEmpty { return StepSet() }
    let unselected = try selection(of: definition).unselected(definition, graph)
    if unselected.count == definition.firstNotify {
      throw UsageError(command: command, .noStepsLeft)
    }
    if let (reader, read) = definition.unselectedRead(unselected) {
      throw UsageError(
        command: command,
        .unselectedOutput(
          read.name, of: definition.steps[Int(read.step)].id,
          reader: definition.steps[reader].id))
    }
    return unselected
  }

  /// For the command line of a detached engine.
  var words: [String] {
    named.flatMap { named in named.steps.map { "\(named.option.spelling)=\($0)" } }
  }

  static func == (left: Self, right: Self) -> Bool { left.words == right.words }
}

extension WorkflowDefinition {
  /// The step with `forEach` whose item, or step of a chain, has that id; nil if it can be of none, or the run has
  /// its items.
  fileprivate func node(named id: String) -> Int? {
    if !children.isEmpty { return nil }
    return declaredSteps.first { step in
      forEach(ofStep: step) != nil && id.utf8.starts(with: "\(steps[step].id)/".utf8)
    }
  }
}
