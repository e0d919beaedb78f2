package import FlowCore

/// Why a step did not run.
package enum OutcomeCause: Hashable, Sendable {
  /// It ran.
  case none
  case need(Int32, StepResult)
  /// What its condition asked for, without what made no difference.
  case values([Value])
  /// Its condition was false, for one of many reasons.
  case condition
  /// A failure had stopped the run.
  case stop

  package struct Value: Hashable, Sendable {
    /// `params.full`
    package let name: String
    /// `is false`
    package let words: String
  }
}

/// Evaluates the condition of one step over the values that stand for all.
struct OutcomeCondition {
  private let condition: Condition
  private let model: OutcomeModel
  private let parameters: [Int32]
  /// Parameters, results and outputs, by the cells from which each follows.
  private let references: [Condition.Term]
  private let places: [Condition.Term: Int]
  private var known: [[UInt32]: OutcomeCause?] = [:]
  /// How many more terms are evaluated to find out what made no difference.
  private var trials = 2_000_000

  /// What a reference can be, in words too.
  private struct Reading: Hashable {
    let value: ConditionValue?
    let words: String
  }

  init?(ofStep step: Int, _ model: OutcomeModel) {
    guard let condition = model.definition.extras(ofStep: step).condition else { return nil }
    self.condition = condition
    self.model = model
    parameters = model.parameters(readByStep: step)
    references = condition.references
    places = Dictionary(uniqueKeysWithValues: references.enumerated().map { ($1, $0) })
  }

  /// Why the condition is false; nil if it holds.
  mutating func refusal(_ cells: [UInt32]) -> OutcomeCause? {
    var key: [UInt32] = []
    for place in parameters { key.append(model.cell(.parameter(place)).map { cells[$0] } ?? 0) }
    for term in references {
      switch term {
      case .result(let step): key.append(model.cell(.end(step: Int(step))).map { cells[$0] } ?? 0)
      case .output(let step, let place):
        key.append(model.cell(.output(step: step, place: place)).map { cells[$0] } ?? 0)
      default: break
      }
    }
    if let refusal = known[key] { return refusal }
    var refusal: OutcomeCause?
    let readings = readings(key)
    if isRefused(readings.map(\.self)) {
      let cost = references.count * condition.terms.count
      trials -= cost
      refusal = trials > 0 ? .values(needed(of: readings)) : .condition
    }
    known[key] = .some(refusal)
    return refusal
  }

  private func readings(_ key: [UInt32]) -> [Reading] {
    let told = zip(parameters, key).compactMap { place, code -> ParameterValue? in
      let all = model.values.all(of: .parameter(place))
      guard all.indices.contains(Int(code)) else { return nil }
      return ParameterValue(
        name: model.definition.parameters[Int(place)].name, texts: all[Int(code)].texts)
    }
    var rest = key.dropFirst(parameters.count)
    var readings: [Reading] = []
    for term in references {
      switch term {
      case .parameter(let place): readings.append(parameter(place, told, key))
      case .result:
        let result = (OutcomeEnd(rawValue: rest.removeFirst() & 7) ?? .skipped).result
        readings.append(Self.reading(result))
      case .output:
        let code = Int(rest.removeFirst())
        let all = model.values.all(of: term)
        readings.append(
          code == 0 || code > all.count
            ? Reading(value: nil, words: "is absent")
            : Reading(value: all[code - 1].value, words: all[code - 1].words))
      default: preconditionFailure("an operator refers to nothing")
      }
    }
    return readings
  }

  private static func reading(_ result: StepResult) -> Reading {
    Reading(value: .result(result), words: "is '\(result)'")
  }

  private func parameter(_ place: Int32, _ told: [ParameterValue], _ key: [UInt32]) -> Reading {
    let parameter = model.definition.parameters[Int(place)]
    if let own = parameters.firstIndex(of: place) {
      let all = model.values.all(of: .parameter(place))
      guard all.indices.contains(Int(key[own])) else {
        return Reading(value: nil, words: "is absent")
      }
      return Reading(value: all[Int(key[own])].value, words: all[Int(key[own])].words)
    }
    // Those of calls come after what they follow from.
    var known = told
    for other in model.definition.parameters[...Int(place)] where other.isGivenByCall {
      guard let texts = GivenParameters.given(other, known) ?? other.standard else { continue }
      known.append(ParameterValue(name: other.name, texts: texts))
    }
    guard let texts = known.last(where: { $0.name == parameter.name })?.texts,
      let value = ConditionValue(parameter.type, texts)
    else { return Reading(value: nil, words: "is absent") }
    return Reading(value: value, words: OutcomeValue(texts: texts, value: value).words)
  }

  private func isRefused(_ readings: [Reading?]) -> Bool {
    condition.isRefused { term in
      guard let place = places[term], let reading = readings[place] else { return .unknown }
      return .value(reading.value)
    }
  }

  /// What made it false, without what could be anything else.
  private func needed(of readings: [Reading]) -> [OutcomeCause.Value] {
    var fixed: [Reading?] = readings
    for index in readings.indices {
      fixed[index] = nil
      if !isRefused(fixed) { fixed[index] = readings[index] }
    }
    return zip(references, fixed).compactMap { term, reading in
      reading.map {
        OutcomeCause.Value(name: model.definition.name(of: term), words: $0.words)
      }
    }
  }
}
