import FlowCore

/// A step whose condition is false is skipped for it and has no attempt; one whose condition holds is
/// not. The condition is evaluated a second time here, by other rules: from its end, by recursion.
final class ConditionChecker {
  /// What a condition asks for.
  private enum Value: Equatable {
    case flag(Bool)
    /// A text, a result, or a date.
    case word(String)
    case number(ConditionNumber)
    case list([Value])
    case absent
  }

  private let definition: WorkflowDefinition
  private let selected: SelectedSteps
  private var ends: StepEnds
  private var parameters: [ParameterValue] = []
  /// By step: of its attempt that has no end, and of its last one that succeeded.
  private var published: [Int32: [Int32: [UInt8]]] = [:]
  private var outputs: [Int32: [Int32: [UInt8]]] = [:]
  private var tasks: AttemptTasks

  init(_ definition: WorkflowDefinition, without unselected: StepSet = StepSet()) {
    self.definition = definition
    selected = SelectedSteps(definition, without: unselected)
    ends = StepEnds(selected)
    tasks = AttemptTasks(definition)
  }

  /// Takes in an event that is durable.
  func learn(_ event: Event) throws(Violation) {
    switch event.body {
    case .runCreated(let created): parameters = created.parameters
    case .attemptScheduled(let attempt):
      if try !holds(attempt.step) {
        throw Violation(.condition, "\(id(attempt.step)) is scheduled, and its condition is false")
      }
    case .asked(let step):
      if try !holds(step) {
        throw Violation(.condition, "\(id(step)) asks, and its condition is false")
      }
    case .stepSkipped(let step, .condition(let inputs)) where !asksItem(step):
      if try holds(step) {
        throw Violation(
          .condition, "\(id(step)) is skipped for its condition, which is not false")
      }
      let names = references(step).map(name)
      guard inputs.map(\.name) == names else {
        throw Violation(
          .condition, "\(id(step)) is skipped for \(inputs.map(\.name)), and asks for \(names)")
      }
    default: break
    }
    ends.learn(event)
    tasks.learn(event.body)
    learnOutputs(event.body)
  }

  private func learnOutputs(_ body: Event.Body) {
    switch body {
    case .outputsPublished(let attempt, let parts):
      for part in parts { published[attempt.step, default: [:]][part.output] = part.bytes }
    case .attemptEnded(let attempt, let end) where tasks[attempt.step].publishes:
      switch AttemptConclusion(end, of: tasks[attempt.step]) {
      case .succeeded, .reused, .lost, .interrupted: break
      case .failed, .cancelled, .workGone, .unkillable: outputs[attempt.step] = nil
      }
    case .attemptEnded(let attempt, let end):
      let values = published.removeValue(forKey: attempt.step)
      if end.result == .exited(code: 0), end.refusal == nil, end.cause == .byItself {
        outputs[attempt.step] = values
      }
    case .answered(let step, let answer):
      for part in answer.values { outputs[step, default: [:]][part.output] = part.bytes }
    case .runReopened:
      for step in definition.steps.indices where ends.runsAgain[step] {
        outputs[Int32(step)] = nil
      }
    default: break
    }
  }

  private func asksItem(_ step: Int32) -> Bool {
    definition.extras(ofStep: Int(step)).condition?.asksItem ?? false
  }

  private func references(_ step: Int32) -> [Condition.Term] {
    definition.extras(ofStep: Int(step)).condition?.references ?? []
  }

  private func name(_ reference: Condition.Term) -> String {
    switch reference {
    case .parameter(let place): "params.\(definition.parameters[Int(place)].name)"
    // Steps of a call.
    case .result(let step) where id(step).contains("/"): "steps[\"\(id(step))\"].result"
    case .result(let step): "steps.\(id(step)).result"
    case .output(let step, let place):
      (id(step).contains("/") ? "steps[\"\(id(step))\"]." : "steps.\(id(step)).")
        + definition.outputs(ofStep: Int(step))[Int(place)].name
    default: ""
    }
  }

  private func holds(_ step: Int32) throws(Violation) -> Bool {
    // What is asked of items, `ForEachChecker` judges.
    guard let condition = definition.extras(ofStep: Int(step)).condition, !condition.asksItem else {
      return true
    }
    var rest = condition.terms[...]
    let value = try value(&rest, of: step)
    guard case .flag(let holds) = value, rest.isEmpty else {
      throw Violation(
        .condition, "the condition of \(id(step)) is neither true nor false: \(value)")
    }
    return holds
  }

  /// The value of the last term with what belongs to it, which are taken away.
  private func value(
    _ rest: inout ArraySlice<Condition.Term>, of step: Int32
  ) throws(Violation) -> Value {
    guard let term = rest.popLast() else {
      throw Violation(.condition, "the condition of \(id(step)) lacks a term")
    }
    switch term {
    case .literal(let value): return Self.value(value)
    case .parameter(let place): return value(ofParameter: Int(place))
    case .result(let need):
      guard let end = ends[need] else {
        throw Violation(.condition, "\(id(step)) asks for \(id(need)), which has not ended")
      }
      return .word(Self.word(end))
    case .output(let need, let place):
      guard let bytes = outputs[need]?[place] else { return .absent }
      let text = String(decoding: bytes, as: UTF8.self)
      switch definition.outputs(ofStep: Int(need))[Int(place)].type {
      case .lines: return .list(text.split(separator: "\n").map { .word(String($0)) })
      case .int, .number: return Self.number(text)
      case .bool: return .flag(text == "true")
      case .string, .date, .json: return .word(text)
      }
    case .item: break
    case .not: return .flag(try value(&rest, of: step) != .flag(true))
    case .size:
      guard case .list(let elements) = try value(&rest, of: step) else { break }
      return Self.number("\(elements.count)")
    case .and, .or:
      let right = try value(&rest, of: step) == .flag(true)
      let left = try value(&rest, of: step) == .flag(true)
      return .flag(term == .and ? left && right : left || right)
    case .contained:
      let right = try value(&rest, of: step)
      let left = try value(&rest, of: step)
      guard case .list(let elements) = right else { break }
      return .flag(elements.contains(left))
    case .otherwise:
      let right = try value(&rest, of: step)
      let left = try value(&rest, of: step)
      return left == .absent ? right : left
    case .compare(let comparison):
      let right = try value(&rest, of: step)
      let left = try value(&rest, of: step)
      return .flag(Self.compare(left, comparison, right))
    }
    throw Violation(.condition, "the condition of \(id(step)) is of wrong types")
  }

  private static func compare(
    _ left: Value, _ comparison: Condition.Comparison, _ right: Value
  ) -> Bool {
    var (isEqual, isLess) = (left == right, false)
    switch (left, right) {
    case (.number(let one), .number(let other)): (isEqual, isLess) = (one == other, one < other)
    case (.word(let one), .word(let other)): isLess = one.utf8.lexicographicallyPrecedes(other.utf8)
    default: break
    }
    return switch comparison {
    case .equal: isEqual
    case .unequal: !isEqual
    case .less: isLess
    case .atMost: isLess || isEqual
    case .greater: !isLess && !isEqual
    case .atLeast: !isLess
    }
  }

  private static func value(_ literal: ConditionValue) -> Value {
    switch literal {
    case .flag(let flag): return .flag(flag)
    case .text(let text), .date(let text): return .word(text)
    case .number(let text): return number(text)
    case .duration(let milliseconds): return number("\(milliseconds)")
    case .result(let result): return .word("\(result)")
    case .list(let elements): return .list(elements.map(value))
    }
  }

  private static func number(_ text: String) -> Value {
    ConditionNumber(Array(text.utf8)).map(Value.number) ?? .word(text)
  }

  private func value(ofParameter place: Int) -> Value {
    let texts = parameters[place].texts
    switch definition.parameters[place].type {
    case .list: return .list(texts.map(Value.word))
    case .bool: return .flag(texts == ["true"])
    case .int, .number: return Self.number(texts[0])
    case .duration:
      // Without its unit.
      guard case .duration(let time)? = ConditionValue(.duration, texts) else { break }
      return Self.number("\(time)")
    case .string, .date: break
    }
    return .word(texts[0])
  }

  private static func word(_ end: StepEnd) -> String {
    switch end {
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .cancelled: "cancelled"
    case .skipped: "skipped"
    }
  }

  private func id(_ step: Int32) -> String { definition.steps[Int(step)].id }
}

extension ConditionChecker: Checker {
  func learned(_ event: Event, in world: World) throws(Violation) { try learn(event) }
}
