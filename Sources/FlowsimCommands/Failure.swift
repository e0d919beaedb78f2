import FlowSimulation
import FlowText

/// What is printed of a world in which something does not hold.
struct Failure {
  let report: Simulation.Report
  let violation: Violation
  let settings: [SimulationOptions.Setting]

  /// How much of the timeline is shown: what led to it, not how all began.
  private static let shownRows = 120

  /// What is known before the world is shrunk.
  var beginning: String {
    """
    seed \(report.seed) fails: \(TerminalText.escaped("\(violation)"))
    options: \(report.options)

    """
  }

  /// - Parameters:
  ///   - again: how the shrunk world went.
  ///   - lines: what happened in it.
  func text(
    of shrunk: WorldRecipe.Shrunk, _ again: Simulation.Report, _ lines: [Trace.Line]
  ) -> String {
    """

    the simplest world found, after \(shrunk.runs) others: \(shrunk.choicesAfter) choices that are \
    not zero, of \(shrunk.choicesBefore)
    options: \(again.options)
    \(Self.choices(shrunk.world.schedule))
    \(TimelineText.of(lines, longest: Self.shownRows))\
    \(again.violation.map { TerminalText.escaped("fails: \($0)") } ?? "holds")


    """
  }

  /// - Parameter path: nil if the trace could not be written.
  func ending(writtenTo path: String?) -> String {
    let seeds = "flowsim --seed \(report.seed)\(WorldOptions.arguments(settings)) --timeline"
    guard let path else { return "to see the world of the seed: \(seeds)\n" }
    let shown = TerminalText.escaped(path)
    return """
      written to \(shown); to see it again: flowsim replay \(shown)
      to see the world of the seed: \(seeds)

      """
  }

  private static func choices(_ schedule: ChoiceSchedule) -> String {
    var text = ""
    for site in ChoiceSite.allCases {
      let entries = schedule.entries.filter { $0.site == site }
      if entries.isEmpty { continue }
      let values = entries.map { "\($0.index)=\($0.value)" }.joined(separator: " ")
      text += "choices: \(site) \(values)\n"
    }
    return text
  }
}
