import FlowCommandLine
import FlowCore
import FlowSimulation
import FlowSystem
import FlowText

/// Consecutive seeds, up to the first in which something does not hold.
struct SeedBatch {
  private let seeds: ClosedRange<UInt64>

  /// How much of the timeline a failure shows: what led to it, not how all began.
  private static let shownLines = 60

  init(_ seeds: ClosedRange<UInt64>) {
    self.seeds = seeds
  }

  func run(json: Bool, timeline: Bool, to output: StandardStream) -> ExitCode {
    let start = EventLoop.monotonicNow()
    var totals = BatchTotals()
    for seed in seeds {
      LastWords.set(
        "flowsim: seed \(seed) breaks a precondition; a debug build says which:"
          + " swift run flowsim --seed \(seed)\n")
      let trace = Trace(keepsLines: timeline)
      let report = Simulation.run(seed: seed, trace: trace)
      totals.add(report)
      if timeline { print(trace.lines ?? [], to: output) }
      if json { output.write(Self.json(report)) }
      if report.violation != nil {
        if !json { printFailure(report, showsTimeline: !timeline, to: output) }
        return .runFailed
      }
      output.flushWhenLarge()
    }
    let elapsed = EventLoop.monotonicNow().microseconds - start.microseconds
    if !json { output.write(totals.text(elapsedMicroseconds: elapsed)) }
    return .success
  }

  private func printFailure(
    _ report: Simulation.Report, showsTimeline: Bool, to output: StandardStream
  ) {
    guard let violation = report.violation else { return }
    output.write("seed \(report.seed) fails: \(violation)\noptions: \(report.options)\n")
    if showsTimeline {
      // The world is the same each time, so its timeline can be had by seeing it once more.
      let trace = Trace(keepsLines: true)
      _ = Simulation.run(seed: report.seed, trace: trace)
      let lines = trace.lines ?? []
      if lines.count > Self.shownLines {
        output.write("… \(lines.count - Self.shownLines) lines before\n")
      }
      print(lines.suffix(Self.shownLines), to: output)
    }
    output.write("to see it again: flowsim --seed \(report.seed) --timeline\n")
  }

  private func print(_ lines: some Sequence<String>, to output: StandardStream) {
    for line in lines { output.write(TerminalText.escaped(line) + "\n") }
  }

  private static func json(_ report: Simulation.Report) -> String {
    var writer = JSONWriter()
    writer.object { writer in
      // As text: JSON readers keep 53 bits of a number.
      writer.member("seed", String(report.seed))
      writer.member("trace", String(report.traceHash, radix: 16))
      writer.member("outcome", report.outcome.map { "\($0)" })
      writer.member("oracle", report.violation?.oracle.rawValue)
      writer.member("message", report.violation?.message)
      writer.member("events", report.events)
      writer.member("launches", report.launches)
      writer.member("lives", report.lives)
      writer.member("simulatedUs", report.simulatedMicroseconds)
    }
    writer.endLine()
    return writer.take()
  }
}
