/// How a drawn step wants one that it needs to end.
package enum NeededEnd: String, CaseIterable, Sendable {
  case done, succeeded, failed, settled
}

/// What a drawn step says with `when`.
package struct ConditionPlan: Equatable, Sendable {
  /// Of a step by its place in the plan.
  package enum Term: Equatable, Sendable {
    /// `steps.ID.result == END`
    case result(Int, is: String)
    /// `(steps.ID.value ?? '') == VALUE`
    case value(Int, is: String)
  }

  package var terms: [Term]
  /// Whether all terms must hold, or any.
  package var isAll = true
  package var isNegated = false

  package init(_ terms: Term...) {
    self.terms = terms
  }

  /// - Parameters:
  ///   - result: how a step has ended.
  ///   - value: what it has put out; nil for nothing.
  package func holds(result: (Int) -> String?, value: (Int) -> String?) -> Bool {
    func holds(_ term: Term) -> Bool {
      switch term {
      case .result(let step, let end): result(step) == end
      case .value(let step, let text): (value(step) ?? "") == text
      }
    }
    return (isAll ? terms.allSatisfy(holds) : terms.contains(where: holds)) != isNegated
  }

  func text(_ plan: RoundPlan) -> String {
    let words = terms.map { term in
      switch term {
      case .result(let step, let end): "steps.\(plan.steps[step].id).result == '\(end)'"
      case .value(let step, let text): "(steps.\(plan.steps[step].id).value ?? '') == '\(text)'"
      }
    }.joined(separator: isAll ? " and " : " or ")
    return isNegated ? "not (\(words))" : words
  }
}

/// What a drawn step asks instead of running a command.
package struct QuestionPlan: Equatable, Sendable {
  package enum Otherwise: String, CaseIterable, Sendable {
    case approve, reject, fail
  }

  /// In milliseconds; nil if it waits for ever.
  package var timeout: Int?
  package var otherwise = Otherwise.fail
  /// Whether an approval gives its `value`.
  package var hasField = false
  /// What is answered where nothing else disturbs the run any more; nil if time is left to pass.
  package var lastAnswer: Bool? = true

  package init() {}
}

extension RoundPlan {
  /// Draws edges, conditions and questions into the steps.
  mutating func drawRules() {
    // Other dice: what rounds without them do stays what it was.
    var dice = Dice(seed: seed ^ 0x5EED_0F_4E_1E5)
    if dice.happens(35) { drawEdges(&dice) }
    if dice.happens(35) { drawQuestions(&dice) }
    if dice.happens(35) { drawConditions(&dice) }
    drawNews(&dice)
  }

  /// The steps that can have any rule: a node, and what puts out its list, follow those of `forEach`.
  private var ruled: [Int] {
    steps.indices.filter { place in
      let step = steps[place]
      return step.isOwn && !step.isFinally && step.node == nil && !step.hasList
    }
  }

  private mutating func drawEdges(_ dice: inout Dice) {
    for place in ruled {
      for need in steps[place].needs where dice.happens(60) {
        steps[place].wanted[need] = dice.pick([.settled, .settled, .succeeded, .failed])
      }
    }
  }

  private mutating func drawConditions(_ dice: inout Dice) {
    for place in ruled where !steps[place].needs.isEmpty && dice.happens(60) {
      var terms: [ConditionPlan.Term] = []
      for need in steps[place].needs.prefix(2) {
        if steps[need].hasOutput, dice.happens(50) {
          terms.append(.value(need, is: "\(steps[need].id)@\(dice.within(1...2))"))
        } else {
          terms.append(.result(need, is: dice.pick(["succeeded", "failed", "skipped"])))
        }
      }
      var condition = ConditionPlan()
      condition.terms = terms
      condition.isAll = dice.happens(50)
      condition.isNegated = dice.happens(40)
      steps[place].condition = condition
    }
  }

  private mutating func drawQuestions(_ dice: inout Dice) {
    let able = ruled.filter { place in
      !steps.contains { $0.rolledBack == steps[place].id }
        && !(node?.needs.contains(place) ?? false)
    }
    for place in able where dice.happens(25) { steps[place].ask(&dice) }
    guard steps.contains(where: { $0.question != nil }) else { return }
    beats = Self.addAnswers(to: beats, &dice)
    beatsAgain = beatsAgain.map { Self.addAnswers(to: $0, &dice) }
  }

  private static func addAnswers(to beats: [Beat], _ dice: inout Dice) -> [Beat] {
    var beats = beats
    for _ in 0..<dice.within(0...4) {
      let verdicts = (0..<dice.weighted([(60, 1), (30, 2), (10, 4)])).map { _ in dice.happens(75) }
      let beat = Beat(
        awaitsStep: dice.happens(20), pauseMicroseconds: dice.scaled(1_000, 150_000),
        disturbance: .answer(share: dice.below(1_000), approvals: verdicts))
      beats.insert(beat, at: dice.below(beats.count + 1))
    }
    return beats
  }

  /// Notices of slow runs, and of those that succeed when the one before has not.
  private mutating func drawNews(_ dice: inout Dice) {
    let count = steps.count { $0.notice != nil }
    guard count > 0 else { return }
    for place in steps.indices where steps[place].notice != nil && dice.happens(50) {
      if dice.happens(50) {
        steps[place].notice = []
        steps[place].slow = dice.scaled(50, 2_000)
      } else {
        steps[place].notice = dice.pick([["recovered"], ["failed", "recovered"]])
      }
    }
    // What is created first must not be in the way of those limits.
    if image == nil, !limitsProcesses { outcomeBefore = dice.pick([nil, "succeeded", "failed"]) }
  }
}

extension StepPlan {
  /// Makes it a question: it has no attempts.
  fileprivate mutating func ask(_ dice: inout Dice) {
    var question = QuestionPlan()
    if dice.happens(50) {
      question.timeout = dice.scaled(50, 1_500)
      question.otherwise = dice.pick(QuestionPlan.Otherwise.allCases)
    }
    question.hasField = question.otherwise != .approve && dice.happens(50)
    question.lastAnswer = question.timeout != nil && dice.happens(50) ? nil : dice.happens(75)
    var asking = StepPlan(id: id)
    asking.needs = needs
    asking.wanted = wanted
    asking.allowFailure = allowFailure
    asking.question = question
    asking.hasOutput = question.hasField
    self = asking
  }
}
