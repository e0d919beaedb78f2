import FlowCore

/// Which steps runs leave out, and which are named to run again.
enum RandomSelection {
  /// What a run leaves out; nothing, mostly.
  static func draw(
    from choices: any ChoiceSource, _ options: SimulationOptions, _ definition: WorkflowDefinition,
    _ graph: DependencyGraph
  ) -> StepSet {
    // Policy 1 knows no selection.
    guard options.rules > .first,
      choices.happens(.selection, perMille: options.partialPercent * 10)
    else { return StepSet() }
    var selection = StepSelection()
    // From nothing left out to much.
    switch choices.choose(.selection, below: 5) {
    case 0: break
    case 1: selection.from = steps(choices, .selection, definition, options)
    case 2: selection.to = steps(choices, .selection, definition, options)
    case 3: selection.only = steps(choices, .selection, definition, options)
    default:
      selection.from = steps(choices, .selection, definition, options)
      selection.to = steps(choices, .selection, definition, options)
    }
    if choices.happens(.selection, perMille: 500) {
      selection.skip = steps(choices, .selection, definition, options)
    }
    let unselected = selection.unselected(definition, graph)
    return unselected.count == definition.firstNotify ? StepSet() : unselected
  }

  /// What runs again in another round of a finished run; nil if nothing does.
  static func reopening(
    from choices: any ChoiceSource, _ options: SimulationOptions, _ state: RunState
  ) -> Reopening? {
    let unsuccessful: Reopening? = state.canReopen ? .unsuccessful : nil
    guard options.rules > .first,
      choices.happens(.rerun, perMille: options.rerunPercent * 10)
    else { return unsuccessful }
    var isAlone = choices.happens(.rerun, perMille: 500)
    var named = StepSet(
      steps(choices, .rerun, state.definition, options).filter { state.isSelected(Int($0)) })
    if let source = RandomForEach.source(of: state.definition, from: choices, options),
      state.isSelected(Int(source))
    {
      (isAlone, named) = (false, StepSet([source]))
    }
    let reopening = isAlone ? Reopening.only(named) : .from(named)
    do throws(ReopenProblem) {
      _ = try state.stepsRunningAgain(reopening.scope(state.created.policyVersion))
      return reopening
    } catch {
      // The user names what would have to run, too, or takes what has not succeeded.
      return unsuccessful
    }
  }

  /// One to three; one of a call may stand for all of the call.
  private static func steps(
    _ choices: any ChoiceSource, _ site: ChoiceSite, _ definition: WorkflowDefinition,
    _ options: SimulationOptions
  ) -> [Int32] {
    (0..<choices.choose(site, in: 1...3)).flatMap { _ in
      let step = choices.choose(site, below: definition.firstNotify)
      let namesCall = options.callPercent > 0 && choices.happens(.calls, perMille: 500)
      return namesCall ? RandomCalls.steps(besides: step, in: definition) : [Int32(step)]
    }
  }
}
