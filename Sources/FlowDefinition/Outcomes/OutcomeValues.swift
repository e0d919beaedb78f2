import FlowCore

/// A value that stands for all that no condition can tell from it.
struct OutcomeValue: Hashable {
  /// As a run has it: more or fewer than one only of a list.
  let texts: [String]
  let value: ConditionValue
  /// Whether it stands for every text that no condition names.
  var isAnyOther = false

  /// `is 'prod'`, or `is another text`.
  var words: String {
    if isAnyOther { return "is another text" }
    switch value {
    case .text(let text): return "is \(Quoting.quoted(text))"
    case .list(let elements) where elements.isEmpty: return "is empty"
    case .list:
      let shown = texts.prefix(5).map(Quoting.quoted).joined(separator: ", ")
      return "is \(shown)\(texts.count > 5 ? ", … (\(texts.count) in all)" : "")"
    default: return "is \(texts.first ?? "")"
    }
  }
}

/// For each parameter and output that a condition reads, values of which at least one stands for any.
///
/// A comparison tells values apart only by the literals that it has: the literals themselves, what lies
/// between them, and what lies beyond them are all that has to be tried.
struct OutcomeValues {
  /// Beyond that some values are not tried.
  static let most = 64

  private(set) var isCut = false
  private var values: [Condition.Term: [OutcomeValue]] = [:]

  /// - Parameters:
  ///   - given: values that a run would be told.
  ///   - today: and yesterday, for which words can stand.
  init(
    _ definition: WorkflowDefinition, given: GivenParameters, today: String, yesterday: String,
    matching patterns: any PatternMatching
  ) {
    var comparisons = Comparisons()
    for index in definition.steps.indices {
      guard let condition = definition.extras(ofStep: index).condition else { continue }
      comparisons.note(condition)
    }
    for term in comparisons.references {
      guard case .parameter(let place) = term else { continue }
      for source in definition.sources(ofParameter: place) where source != place {
        comparisons.join(term, .parameter(source))
      }
    }
    for term in comparisons.references {
      let candidates = OutcomeCandidates(
        literals: comparisons.literals(for: term), sizes: comparisons.sizes(of: term))
      var found: [OutcomeValue]
      switch term {
      case .parameter(let place):
        let parameter = definition.parameters[Int(place)]
        // It follows from others.
        if parameter.isGivenByCall { continue }
        let told = given.values.first { $0.name == parameter.name }?.texts
        found = Self.values(of: parameter, told, candidates, today, yesterday, patterns)
      case .output(let step, let place):
        guard let output = definition.output(ofStep: step, at: place),
          let type = output.type.conditionType
        else { continue }
        found = candidates.values(of: type).filter { output.type.takes($0) }
      default: continue
      }
      if found.count > Self.most {
        found = Array(found.prefix(Self.most))
        isCut = true
      }
      values[term] = found
    }
  }

  /// None for what no condition reads.
  func all(of term: Condition.Term) -> [OutcomeValue] { values[term] ?? [] }

  /// The default comes first.
  private static func values(
    of parameter: Parameter, _ told: [String]?, _ candidates: OutcomeCandidates, _ today: String,
    _ yesterday: String, _ patterns: any PatternMatching
  ) -> [OutcomeValue] {
    func value(_ texts: [String]) -> OutcomeValue? {
      let texts =
        parameter.type == .date
        ? texts.map { $0 == "today" ? today : $0 == "yesterday" ? yesterday : $0 } : texts
      return ConditionValue(parameter.type, texts).map { OutcomeValue(texts: texts, value: $0) }
    }
    if let told { return value(told).map { [$0] } ?? [] }
    var found = parameter.standard.flatMap(value).map { [$0] } ?? []
    if !parameter.choices.isEmpty, parameter.type != .list {
      found += parameter.choices.compactMap { value([$0]) }
    } else {
      let others = candidates.values(of: ConditionType(parameter.type))
      let allowed = others.filter {
        parameter.expectation(unmetBy: $0.texts, matching: patterns) == nil
      }
      // Where a pattern refuses all of them it still takes some text.
      found += allowed.isEmpty && found.isEmpty ? others : allowed
    }
    var seen: Set<[String]> = []
    return found.filter { seen.insert($0.texts).inserted }
  }
}

extension OutputType {
  fileprivate func takes(_ candidate: OutcomeValue) -> Bool {
    self == .lines || (try? value(of: Array((candidate.texts.first ?? "").utf8))) != nil
  }
}

extension WorkflowDefinition {
  /// The parameters of a run from which a parameter follows: itself, if it is one.
  func sources(ofParameter place: Int32) -> [Int32] {
    var found: [Int32] = []
    var seen: Set<Int32> = []
    var pending = [place]
    while let next = pending.popLast() {
      guard seen.insert(next).inserted else { continue }
      let parameter = parameters[Int(next)]
      if !parameter.isGivenByCall { found.append(next) }
      for case .reference(.parameter(let name)) in (parameter.binding ?? []).flatMap({
        (try? Template($0))?.parts ?? []
      }) {
        if let source = parameters.firstIndex(where: { $0.name == name }) {
          pending.append(Int32(source))
        }
      }
    }
    return found.sorted()
  }
}

/// What conditions compare with what.
private struct Comparisons {
  /// Parameters and outputs, each once.
  private(set) var references: [Condition.Term] = []
  private var places: [Condition.Term: Int] = [:]
  /// By place: another one that is compared with the same, or itself.
  private var parents: [Int] = []
  private var ownLiterals: [[ConditionValue]] = []
  private var ownSizes: [[ConditionValue]] = []

  /// What a part of a condition can be.
  private struct Operand {
    var references: [Condition.Term] = []
    var literals: [ConditionValue] = []
    /// Lists of which it is the size.
    var lists: [Condition.Term] = []

    static func + (one: Self, other: Self) -> Self {
      Operand(
        references: one.references + other.references, literals: one.literals + other.literals,
        lists: one.lists + other.lists)
    }
  }

  mutating func note(_ condition: Condition) {
    var stack: [Operand] = []
    for term in condition.terms {
      switch term {
      case .literal(let value): stack.append(Operand(literals: [value]))
      case .parameter, .output:
        _ = place(of: term)
        stack.append(Operand(references: [term]))
      case .result: stack.append(Operand())
      default:
        let operands = Array(stack.suffix(term.operandCount))
        guard operands.count == term.operandCount else { return }
        stack.removeLast(term.operandCount)
        switch term {
        case .size: stack.append(Operand(lists: operands[0].references))
        case .otherwise: stack.append(operands[0] + operands[1])
        case .compare, .contained:
          compare(operands[0] + operands[1])
          stack.append(Operand())
        default: stack.append(Operand())
        }
      }
    }
  }

  private mutating func compare(_ both: Operand) {
    for list in both.lists { ownSizes[place(of: list)] += both.literals }
    guard let first = both.references.first else { return }
    for other in both.references.dropFirst() { join(first, other) }
    for literal in both.literals {
      if case .list(let elements) = literal {
        ownLiterals[place(of: first)] += elements
      } else {
        ownLiterals[place(of: first)].append(literal)
      }
    }
  }

  mutating func join(_ one: Condition.Term, _ other: Condition.Term) {
    let (first, second) = (root(place(of: one)), root(place(of: other)))
    parents[max(first, second)] = min(first, second)
  }

  private mutating func place(of term: Condition.Term) -> Int {
    if let place = places[term] { return place }
    places[term] = references.count
    references.append(term)
    parents.append(parents.count)
    ownLiterals.append([])
    ownSizes.append([])
    return references.count - 1
  }

  private func root(_ place: Int) -> Int {
    var place = place
    while parents[place] != place { place = parents[place] }
    return place
  }

  /// Of all that it is compared with.
  func literals(for term: Condition.Term) -> [ConditionValue] { collected(ownLiterals, for: term) }

  func sizes(of term: Condition.Term) -> [ConditionValue] { collected(ownSizes, for: term) }

  private func collected(
    _ all: [[ConditionValue]], for term: Condition.Term
  ) -> [ConditionValue] {
    guard let place = places[term] else { return [] }
    let root = root(place)
    return references.indices.filter { self.root($0) == root }.flatMap { all[$0] }
  }
}
