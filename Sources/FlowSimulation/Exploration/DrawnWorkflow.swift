import FlowCore

/// The choices from which a given workflow is drawn. So a world that runs it is like any other: it
/// can be recorded, shrunk and made again by its choices.
struct DrawnWorkflow {
  private struct Drawn {
    let definition: WorkflowDefinition
    let jobs: Int32
    /// How many choices it took.
    let choices: Int
  }

  /// By index, the choices at `.workflow`.
  let choices: [Int]

  /// - Precondition: `RandomWorkflow` can draw it.
  init(_ subject: Exploration.Subject, _ options: SimulationOptions) {
    var options = options
    // They come last, and give steps other indices.
    options.rollbackPercent = 0
    // They are decided in each world.
    options.outputPercent = 0
    options.conditionPercent = 0
    options.forEachPercent = 0
    let quiet = Self.draw([], options)
    var chosen = [Int](repeating: 0, count: quiet.choices)
    // What each choice changes alone tells what it is for.
    for index in 0..<quiet.choices {
      let drawn = Self.draw([.init(.workflow, index, 1)], options)
      if drawn.jobs != quiet.jobs {
        chosen[index] = subject.jobs - Int(quiet.jobs)
      } else if Self.needs(of: drawn.definition).contains(where: { step, other in
        subject.shape.needs[step].contains(other)
      }) {
        chosen[index] = 1
      }
    }
    choices = chosen
    let entries = chosen.enumerated().compactMap { index, value in
      value > 0 ? ChoiceSchedule.Entry(.workflow, index, value) : nil
    }
    let drawn = Self.draw(entries, options)
    var wanted = quiet.definition
    for (step, needs) in subject.shape.needs.enumerated() {
      wanted.steps[step].needs = needs.map(Int32.init)
    }
    precondition(
      drawn.definition == wanted && drawn.jobs == subject.jobs,
      "\(subject.shape) with \(subject.jobs) jobs cannot be drawn")
  }

  private static func draw(
    _ entries: [ChoiceSchedule.Entry], _ options: SimulationOptions
  ) -> Drawn {
    let choices = RecordingChoices(ReplayedChoices(ChoiceSchedule(entries)))
    let (definition, jobs) = RandomWorkflow.draw(from: choices, options)
    return Drawn(
      definition: definition, jobs: jobs, choices: choices.recording[.workflow].count)
  }

  private static func needs(of definition: WorkflowDefinition) -> [(step: Int, other: Int)] {
    definition.steps.enumerated().flatMap { step, definition in
      definition.needs.map { (step, Int($0)) }
    }
  }
}
