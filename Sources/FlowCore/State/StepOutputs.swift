/// The outputs of steps as the history has them.
///
/// Those of an attempt count once it has ended with success: then they are what its step hands on, until
/// the step runs again in another round.
package struct StepOutputs: Equatable, Sendable {
  /// By step, the values of its attempt that is open, by their places among those that it declares.
  private var open: [Int32: [Int32: [UInt8]]] = [:]
  private var kept: [Int32: Kept] = [:]

  private struct Kept: Equatable, Sendable {
    let attempt: Int32
    let values: [Int32: [UInt8]]
  }

  package init() {}

  /// - Returns: false if the step declares no such output; then nothing changed.
  mutating func publish(
    _ parts: [OutputPart], ofStep step: Int32, _ definition: WorkflowDefinition
  ) -> Bool {
    for part in parts {
      guard let output = definition.output(ofStep: step, at: part.output) else { return false }
      let size = open[step]?[part.output]?.count ?? 0
      if size + part.bytes.count > output.type.mostBytes { return false }
      open[step, default: [:]][part.output, default: []] += part.bytes
    }
    return true
  }

  /// The attempt of the step has ended.
  mutating func ended(_ attempt: AttemptID, hasSucceeded: Bool) {
    let values = open.removeValue(forKey: attempt.step)
    if hasSucceeded, let values {
      kept[attempt.step] = Kept(attempt: attempt.number, values: values)
    }
  }

  /// An answer gives the step's fields their values.
  ///
  /// - Parameter number: how often the step has asked.
  mutating func give(_ parts: [OutputPart], ofStep step: Int32, number: Int32) {
    let values = Dictionary(
      parts.map { ($0.output, $0.bytes) }, uniquingKeysWith: { first, _ in first })
    if !values.isEmpty { kept[step] = Kept(attempt: number, values: values) }
  }

  /// The step runs again in another round.
  mutating func drop(_ step: Int32) {
    kept[step] = nil
  }

  /// The value of an output; nil if the step has none.
  package func value(ofStep step: Int32, at place: Int32) -> [UInt8]? {
    kept[step]?.values[place]
  }

  /// The attempt whose outputs a step hands on; nil if there are none.
  package func attempt(ofStep step: Int32) -> Int32? { kept[step]?.attempt }

  /// The outputs of a step that have a value, in their order.
  package func values(
    ofStep step: Int, _ definition: WorkflowDefinition
  ) -> [(output: StepOutput, value: [UInt8])] {
    guard let values = kept[Int32(step)]?.values else { return [] }
    return definition.outputs(ofStep: step).enumerated().compactMap { place, output in
      values[Int32(place)].map { (output, $0) }
    }
  }

  // MARK: Conditions

  /// Nil if there is none, or one that is none of its type.
  func conditionValue(
    ofStep step: Int32, at place: Int32, _ definition: WorkflowDefinition
  ) -> ConditionValue? {
    guard let output = definition.output(ofStep: step, at: place),
      let type = output.type.conditionType, let value = value(ofStep: step, at: place)
    else { return nil }
    if output.type == .lines { return .list(OutputType.lines(of: value).map(ConditionValue.text)) }
    return ConditionValue(type, String(decoding: value, as: UTF8.self))
  }

  func input(
    named name: String, ofStep step: Int32, at place: Int32, _ definition: WorkflowDefinition
  ) -> ConditionInput? {
    guard let output = definition.output(ofStep: step, at: place),
      let value = value(ofStep: step, at: place)
    else { return nil }
    if output.type != .lines {
      return ConditionInput(name: name, cutting: String(decoding: value, as: UTF8.self))
    }
    return ConditionInput(name: name, cutting: OutputType.lines(of: value))
  }
}

extension WorkflowDefinition {
  /// For each step, those before it of which it is certain that they have succeeded when it runs: it needs
  /// them, directly or not, and no other end of theirs lets it run.
  package func certainSteps(before step: Int) -> Set<Int32> {
    var certain: Set<Int32> = []
    var seen: Set<Int32> = []
    // What its node needs, a step of a chain needs.
    var rest = [Int32(step)] + (node(ofChainStep: step).map { [Int32($0)] } ?? [])
    while let next = rest.popLast() {
      for need in steps[Int(next)].needs {
        let wanted = wanted(ofStep: Int(next), from: need)
        let mayFail = settings(ofStep: Int(need)).allowFailure
        // It has been skipped for another need, or has ended in any way.
        if wanted == .settled || wanted == .done && mayFail { continue }
        // Where its own condition was false, what it needs had ended as it wants; so where it failed.
        if seen.insert(need).inserted { rest.append(need) }
        let hasSucceeded =
          wanted == .succeeded || wanted == .done && extras(ofStep: Int(need)).condition == nil
        if hasSucceeded { certain.insert(need) }
      }
    }
    return certain
  }

  /// The steps that a step needs, directly or not.
  package func stepsBefore(_ step: Int) -> Set<Int32> {
    var before: Set<Int32> = []
    var rest = [Int32(step)] + (node(ofChainStep: step).map { [Int32($0)] } ?? [])
    while let next = rest.popLast() {
      for need in steps[Int(next)].needs where before.insert(need).inserted { rest.append(need) }
    }
    return before
  }
}
