import FlowSimulation
import FlowStorage
import FlowText

/// The report of a world in which a property is violated.
struct Failure {
  let report: Simulation.Report
  let violation: Violation
  /// The name of the world.
  let name: String
  /// How to see the world as it was found, before it was shrunk; nil where no seed makes it.
  let command: String?

  /// How much of the timeline is shown: its end, which led to the violation.
  private static let shownRows = 120

  /// The part that is known before the world is shrunk.
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

    the simplest failing world, found after \(shrunk.runs) others: \(shrunk.choicesAfter) of \
    \(shrunk.choicesBefore) non-zero choices are left
    options: \(again.options)
    \(Self.choices(shrunk.world.schedule))
    \(TimelineText.of(lines, longest: Self.shownRows))\
    \(again.violation.map { TerminalText.escaped("fails: \($0)") } ?? "holds")


    """
  }

  /// - Parameter path: nil if the trace could not be written.
  func ending(writtenTo path: String?) -> String {
    let found = command.map { "to see the original world: \($0)\n" } ?? ""
    guard let path else { return found }
    let shown = TerminalText.escaped(path)
    return "trace written to \(shown); to replay it: flowsim replay \(shown)\n" + found
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
