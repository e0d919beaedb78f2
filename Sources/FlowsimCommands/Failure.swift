import FlowSimulation
import FlowStorage
import FlowText

/// What is printed of a world in which something does not hold.
struct Failure {
  let report: Simulation.Report
  let violation: Violation
  /// What the world is called.
  let name: String
  /// How to see it as it was found, before it was made simpler; nil where no seed makes it.
  let command: String?

  /// How much of the timeline is shown: what led to it, not how all began.
  private static let shownRows = 120

  /// What is known before the world is shrunk.
  var beginning: String {
    """
    \(name) fails: \(TerminalText.escaped("\(violation)"))
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
    let found = command.map { "to see the world of the seed: \($0)\n" } ?? ""
    guard let path else { return found }
    let shown = TerminalText.escaped(path)
    return "written to \(shown); to see it again: flowsim replay \(shown)\n" + found
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

extension Failure {
  /// Prints the simplest world that fails alike, and writes its trace.
  func show(
    _ shrunk: WorldRecipe.Shrunk, writingTo path: String, isJSON: Bool, _ context: FlowsimContext
  ) {
    let trace = Trace(keepsLines: true)
    let again = shrunk.world.run(trace, by: context.run)
    let written = Self.write(shrunk.world, to: path, context) ? path : nil
    if isJSON {
      context.output.write(ReportJSON.of(shrunk, again, writtenTo: written))
    } else {
      context.output.write(text(of: shrunk, again, trace.lines ?? []))
      context.output.write(ending(writtenTo: written))
    }
  }

  /// A failure that was found counts more than that its trace could not be written.
  private static func write(
    _ world: RecordedWorld, to path: String, _ context: FlowsimContext
  ) -> Bool {
    do throws(Errno) {
      try context.writeFile(Array(TraceText.of(world).utf8), path)
      return true
    } catch {
      context.errors.write("\(FlowsimError.unwritable(path, error))\n")
      return false
    }
  }
}
