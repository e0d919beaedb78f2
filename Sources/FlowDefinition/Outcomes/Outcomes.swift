package import FlowCore

/// What a run of a workflow can come to: all combinations of how its steps can end, and of values by which
/// conditions decide.
///
/// Left aside is what can end any step at any time: a cancel, the timeout of the run, the loss of an attempt.
/// Slots count as enough for all steps.
package struct Outcomes: Equatable, Sendable {
  /// Something that a step can come to.
  package struct Finding: Equatable, Sendable {
    package let step: Int
    package let result: StepResult
    package let cause: OutcomeCause
    package let runSucceeds: Bool
    /// In how many combinations.
    package let count: UInt64
    /// What goes otherwise in one with the fewest deviations: `lint fails`, `params.full is true`.
    package let example: [String]
  }

  /// The limit for what is remembered: cells of states.
  package static let mostCells = 12_000_000
  /// More steps are not looked at.
  package static let mostSteps = 10_000

  /// In how many combinations the run succeeds; the greatest number stands for itself and more.
  package private(set) var succeeded: UInt64 = 0
  package private(set) var failed: UInt64 = 0
  /// Whether some were left out, so that each number is a least one.
  package private(set) var isCut = false
  /// In the order of the steps; for each, those with the shortest example first.
  package private(set) var findings: [Finding] = []
  private let definition: WorkflowDefinition

  package var combinations: UInt64 { succeeded.addingAtMost(failed) }

  /// - Parameters:
  ///   - given: values that runs are told.
  ///   - today: and yesterday, as dates in the time zone of the caller.
  ///   - mostCells: bounds time and memory.
  package init(
    _ definition: WorkflowDefinition, _ graph: DependencyGraph, given: GivenParameters,
    today: String, yesterday: String, matching patterns: any PatternMatching = UnboundedMatching(),
    mostCells: Int = Outcomes.mostCells
  ) {
    precondition(definition.declaredCount <= Self.mostSteps, "too many steps to walk")
    let definition = definition.withoutItems
    self.definition = definition
    let values = OutcomeValues(
      definition, given: given, today: today, yesterday: yesterday, matching: patterns)
    let walk = OutcomeWalk(OutcomeModel(definition, graph, values), mostCells: mostCells)
    isCut = walk.isCut || values.isCut
    succeeded = walk.succeeding.first?.counts.first ?? 0
    failed = walk.failing.first?.counts.first ?? 0
    findings = OutcomeFindings(walk).all
  }

  /// In how many combinations a step comes to that.
  package func count(_ result: StepResult, ofStep step: Int) -> UInt64 {
    findings.reduce(0) {
      $1.step == step && $1.result == result ? $0.addingAtMost($1.count) : $0
    }
  }

  /// How a run succeeds although a step has not, without rollbacks that nothing called for.
  package var lapses: [Finding] {
    findings.filter {
      $0.runSucceeds && $0.result != .succeeded
        && !(definition.isRollback($0.step) && $0.result == .skipped)
    }
  }
}

/// Collects what a walk has found, by step, result, cause and end of the run.
private struct OutcomeFindings {
  private let walk: OutcomeWalk
  private(set) var all: [Outcomes.Finding] = []

  private struct Key: Hashable {
    let result: StepResult
    let cause: Int32
    let runSucceeds: Bool
  }

  private struct Found {
    let key: Key
    var count: UInt64 = 0
    var deviations: Int32
    var passage: Int
  }

  init(_ walk: OutcomeWalk) {
    self.walk = walk
    var byStep: [Int: [Outcomes.Finding]] = [:]
    for (index, turn) in walk.model.turns.enumerated() {
      if case .end(let step) = turn { byStep[step] = findings(ofStep: step, at: index) }
    }
    all = walk.model.definition.steps.indices.flatMap { byStep[$0] ?? [] }
  }

  private func findings(ofStep step: Int, at turn: Int) -> [Outcomes.Finding] {
    var places: [Key: Int] = [:]
    var found: [Found] = []
    for (place, passage) in walk.passages[turn].enumerated() {
      let result = (OutcomeEnd(rawValue: passage.choice) ?? .skipped).result
      for runSucceeds in [true, false] {
        let after = runSucceeds ? walk.succeeding[turn + 1] : walk.failing[turn + 1]
        guard let rest = after.deviations[Int(passage.to)] else { continue }
        let key = Key(result: result, cause: passage.cause, runSucceeds: runSucceeds)
        let deviations =
          walk.forward[turn].deviations[Int(passage.from)] + (passage.isDeviation ? 1 : 0) + rest
        let count = walk.forward[turn].counts[Int(passage.from)]
          .multipliedAtMost(after.counts[Int(passage.to)])
        let known = places[key] ?? found.count
        if known == found.count {
          places[key] = known
          found.append(Found(key: key, deviations: deviations, passage: place))
        }
        found[known].count = found[known].count.addingAtMost(count)
        if deviations < found[known].deviations {
          found[known].deviations = deviations
          found[known].passage = place
        }
      }
    }
    let sorted = found.enumerated().sorted {
      ($0.element.deviations, $0.offset) < ($1.element.deviations, $1.offset)
    }
    return sorted.map { _, found in
      Outcomes.Finding(
        step: step, result: found.key.result, cause: walk.causes[Int(found.key.cause)],
        runSucceeds: found.key.runSucceeds, count: found.count,
        example: example(turn, found.passage, found.key.runSucceeds))
    }
  }

  /// The deviations on the shortest way through a passage.
  private func example(_ turn: Int, _ place: Int, _ runSucceeds: Bool) -> [String] {
    var way: [(turn: Int, passage: OutcomeWalk.Passage)] = []
    var (index, passage) = (turn, walk.passages[turn][place])
    while true {
      way.append((index, passage))
      let best = walk.forward[index].best[Int(passage.from)]
      if best < 0 { break }
      index -= 1
      passage = walk.passages[index][Int(best)]
    }
    way.reverse()
    let backward = runSucceeds ? walk.succeeding : walk.failing
    (index, passage) = (turn, walk.passages[turn][place])
    while index + 1 < walk.passages.count {
      let best = backward[index + 1].best[Int(passage.to)]
      if best < 0 { break }
      index += 1
      passage = walk.passages[index][Int(best)]
      way.append((index, passage))
    }
    return way.filter(\.passage.isDeviation).map {
      words(walk.model.turns[$0.turn], $0.passage.choice)
    }
  }

  private func words(_ turn: OutcomeModel.Turn, _ choice: UInt32) -> String {
    let definition = walk.model.definition
    func value(_ term: Condition.Term, _ place: Int) -> String {
      let all = walk.model.values.all(of: term)
      return "\(definition.name(of: term)) \(all.indices.contains(place) ? all[place].words : "")"
    }
    switch turn {
    case .parameter(let place): return value(.parameter(place), Int(choice))
    case .output(let step, let place):
      return value(.output(step: step, place: place), Int(choice) - 1)
    case .end(let step):
      let id = definition.steps[step].id
      switch OutcomeEnd(rawValue: choice) {
      case .stopped: return "\(id) is stopped"
      case .unbegun: return "\(id) is not begun"
      default: return "\(id) fails"
      }
    }
  }
}
