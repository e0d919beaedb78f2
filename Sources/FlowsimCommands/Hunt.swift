import FlowCommandLine
import FlowCore
import FlowSimulation
import FlowStorage
import FlowSystem
import FlowText

/// Runs worlds, one seed after the other, up to the first in which a property is violated.
struct Hunt {
  private let context: FlowsimContext
  private let recipe: WorldRecipe
  private(set) var totals = BatchTotals()

  var isJSON = false
  var showsTimeline = false
  var showsChoices = false
  var showsHashes = false
  /// Whether nothing is printed of worlds in which every property holds.
  var isQuiet = false
  var isTwice = false
  /// Where the trace of a failure is written; nil for a name that contains the seed.
  var tracePath: String?
  var budget = Shrinker.Budget()

  init(_ context: FlowsimContext, _ recipe: WorldRecipe) {
    self.context = context
    self.recipe = recipe
  }

  /// - Returns: false if a property is violated: then that was printed, and the trace written.
  mutating func holds(_ seed: UInt64) -> Bool {
    LastWords.set(
      "flowsim: seed \(seed) breaks a precondition; a debug build says which:"
        + " swift run flowsim --seed \(seed)\n")
    let trace = Trace(keepsLines: showsTimeline)
    let report = recipe.run(seed: seed, trace)
    totals.add(report)
    show(report, trace.lines ?? [])
    if let violation = report.violation ?? (isTwice ? difference(seed, from: report) : nil) {
      fail(report, violation)
      return false
    }
    context.output.flushWhenLarge()
    return true
  }

  private func show(_ report: Simulation.Report, _ lines: [Trace.Line]) {
    let output = context.output
    if showsHashes {
      output.write("\(report.seed) \(String(report.traceHash, radix: 16))\n")
    }
    if showsTimeline {
      output.write(isJSON ? TimelineText.json(lines) : TimelineText.of(lines))
    }
    if showsChoices {
      for line in recipe.record(seed: report.seed).recording.lines { output.write("\(line)\n") }
    }
    if isJSON && !isQuiet { output.write(ReportJSON.of(report)) }
  }

  /// Runs a world again, and names the difference.
  private func difference(_ seed: UInt64, from report: Simulation.Report) -> Violation? {
    let (one, other) = (recipe.record(seed: seed), recipe.record(seed: seed))
    if let difference = one.recording.firstDifference(from: other.recording) {
      return Violation(
        .same, "run again, \(difference.text("the first world", "the second"))")
    }
    if one.report != report || other.report != report {
      return Violation(.same, "run again with the same choices, it is another world")
    }
    return nil
  }

  func printTotals(elapsedMicroseconds elapsed: Int64) {
    context.output.write(
      isJSON
        ? totals.json(elapsedMicroseconds: elapsed) : totals.text(elapsedMicroseconds: elapsed))
  }

  // MARK: Failures

  private func fail(_ report: Simulation.Report, _ violation: Violation) {
    let options = WorldOptions.arguments(recipe.settings)
    let failure = Failure(
      report: report, violation: violation, name: "seed \(report.seed)",
      command: "flowsim --seed \(report.seed)\(options) --timeline")
    if !isJSON {
      context.output.write(failure.beginning)
    }
    // Shrinking takes a while.
    context.output.flush()
    // Where the same choices make another world, there is nothing to shrink.
    if violation.property == .same { return }
    let shrunk = recipe.shrink(
      seed: report.seed, violation.property, budget, isolated: context.isolated)
    failure.show(
      shrunk, writingTo: tracePath ?? "flowsim-\(report.seed).trace", isJSON: isJSON, context)
  }

  /// The world of a seed, not shrunk.
  func writeTrace(of seed: UInt64, to path: String) throws(FlowsimError) {
    let (report, recording) = recipe.record(seed: seed)
    let world = RecordedWorld(report, recording.schedule)
    do throws(Errno) {
      try context.writeFile(Array(TraceText.of(world).utf8), path)
    } catch {
      throw .unwritable(path, error)
    }
  }
}
