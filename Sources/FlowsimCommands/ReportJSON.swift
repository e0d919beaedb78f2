import FlowCommandLine
import FlowSimulation

/// The results of worlds as JSON, a line each.
enum ReportJSON {
  static func of(_ report: Simulation.Report) -> String {
    line { writer in members(report, &writer) }
  }

  /// Of a failure that was shrunk.
  ///
  /// - Parameter path: nil if its trace could not be written.
  static func of(
    _ shrunk: WorldRecipe.Shrunk, _ report: Simulation.Report, writtenTo path: String?
  ) -> String {
    line { writer in
      members(report, &writer)
      writer.member("choicesBefore", shrunk.choicesBefore)
      writer.member("choicesAfter", shrunk.choicesAfter)
      writer.member("shrinkRuns", shrunk.runs)
      writer.member("traceFile", path)
    }
  }

  private static func members(_ report: Simulation.Report, _ writer: inout JSONWriter) {
    // As text: JSON readers keep 53 bits of a number.
    writer.member("seed", String(report.seed))
    writer.member("trace", String(report.traceHash, radix: 16))
    writer.member("outcome", report.outcome.map { "\($0)" })
    writer.member("property", report.violation?.property.rawValue)
    writer.member("message", report.violation?.message)
    writer.member("events", report.events)
    writer.member("launches", report.launches)
    writer.member("lives", report.lives)
    writer.member("simulatedUs", report.simulatedMicroseconds)
  }

  static func line(_ members: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    writer.object(members)
    writer.endLine()
    return writer.take()
  }
}
