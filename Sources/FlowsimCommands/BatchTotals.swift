import FlowCommandLine
import FlowCore
import FlowSimulation

/// The totals of a batch of seeds.
struct BatchTotals {
  private var seeds = 0
  private var outcomes: [RunOutcome: Int] = [:]
  /// Worlds whose disk lost history.
  private var lost = 0
  private var events = 0
  private var launches = 0
  private var lives = 0
  private var coverage = Coverage()
  private var simulatedMicroseconds: Int64 = 0
  /// Of all worlds. Equal batches have the same.
  private var traceHash: UInt64 = 0
  private var options: SimulationOptions?

  mutating func add(_ report: Simulation.Report) {
    seeds += 1
    if let outcome = report.outcome { outcomes[outcome, default: 0] += 1 }
    if report.isLost { lost += 1 }
    events += report.events
    launches += report.launches
    lives += report.lives
    coverage.add(report.coverage)
    simulatedMicroseconds += report.simulatedMicroseconds
    traceHash = SplitMix64.hash(traceHash, report.traceHash)
    options = report.options
  }

  func text(elapsedMicroseconds: Int64) -> String {
    let ends = RunOutcome.allCases.map { "\(outcomes[$0] ?? 0) \($0)" }.joined(separator: ", ")
    let perSecond = Int64(seeds) * 1_000_000 / max(elapsedMicroseconds, 1)
    let one = seeds == 1 ? options.map { "options: \($0)\n" } ?? "" : ""
    return """
      \(one)\(seeds) \(seeds == 1 ? "seed holds" : "seeds hold"): \(ends)\
      \(lost > 0 ? ", \(lost) lost on a hostile disk" : "")
      \(events) events, \(launches) launches, \(lives) lives of an engine in \
      \(DurationText.of(microseconds: simulatedMicroseconds)) of simulated time
      \(seeds == 1 ? "" : table)trace \(String(traceHash, radix: 16)), \(perSecond) seeds a second

      """
  }

  /// The progress of a long batch, on one line.
  func progress(elapsedMicroseconds: Int64) -> String {
    let perSecond = Int64(seeds) * 1_000_000 / max(elapsedMicroseconds, 1)
    return "\(DurationText.of(microseconds: elapsedMicroseconds)): \(seeds) seeds hold,"
      + " \(events) events, \(perSecond) seeds a second"
  }

  // MARK: For programs

  func json(elapsedMicroseconds: Int64) -> String {
    ReportJSON.line { writer in
      writer.member("seeds", seeds)
      writer.member("trace", String(traceHash, radix: 16))
      writer.member("events", events)
      writer.member("launches", launches)
      writer.member("lives", lives)
      writer.member("simulatedUs", simulatedMicroseconds)
      writer.member("elapsedUs", elapsedMicroseconds)
      Self.member("outcomes", RunOutcome.allCases.map { ("\($0)", outcomes[$0] ?? 0) }, &writer)
      Self.member("eventsByKind", eventRows, &writer)
      Self.member("faults", faultRows, &writer)
      Self.member("deaths", deathRows, &writer)
      writer.key("neverHit")
      writer.array { writer in
        for cell in coverage.neverHit { writer.string("\(cell)") }
      }
      writer.member("unlikelyCells", Coverage.unlikelyCells.count)
      writer.member("unlikelyHit", unlikelyHit)
    }
  }

  private static func member(
    _ key: String, _ rows: [(name: String, count: Int)], _ writer: inout JSONWriter
  ) {
    writer.key(key)
    writer.object { writer in
      for (name, count) in rows { writer.member(name, count) }
    }
  }

  // MARK: The table

  private static let columns = 3
  /// How many of the cells that were never hit are named.
  private static let shownCells = 12

  /// How often events, faults and deaths occurred.
  private var table: String {
    Self.table("events", eventRows) + Self.table("faults", faultRows)
      + Self.table("deaths of the engine, by operation", deathRows) + neverHit
  }

  /// A fault that cannot happen is a bug of the simulator; one that has not happened yet takes more
  /// seeds.
  private var neverHit: String {
    let cells = coverage.neverHit
    let wanted = CoverageCell.all.count { CoverageExclusion.of($0) == nil }
    var text = "never hit: \(cells.count) of \(wanted) cells (fault, phase, kind of event)\n"
    for cell in cells.prefix(Self.shownCells) { text += "  \(cell)\n" }
    if cells.count > Self.shownCells { text += "  and \(cells.count - Self.shownCells) more\n" }
    return text
      + "also hit: \(unlikelyHit) of \(Coverage.unlikelyCells.count) cells that are too unlikely to require\n"
  }

  private var unlikelyHit: Int { Coverage.unlikelyCells.count { coverage.count($0) > 0 } }

  private var eventRows: [(name: String, count: Int)] {
    EventKind.allCases.map { ($0.name, coverage.count($0)) }
  }

  private var faultRows: [(name: String, count: Int)] {
    Fault.allCases.map { ("\($0)", coverage.count($0)) } + [("reads", coverage.reads)]
  }

  private var deathRows: [(name: String, count: Int)] {
    CrashPoint.allCases.map {
      ("\($0)", coverage.count(.powerLoss, at: $0) + coverage.count(.processStop, at: $0))
    }
  }

  private static func table(_ title: String, _ rows: [(name: String, count: Int)]) -> String {
    var text = "\(title)\n"
    for start in stride(from: 0, to: rows.count, by: columns) {
      for (name, count) in rows[start..<min(start + columns, rows.count)] {
        text += "  " + padded(name, 26, atStart: false) + padded(String(count), 8, atStart: true)
      }
      text += "\n"
    }
    return text
  }

  private static func padded(_ text: String, _ width: Int, atStart: Bool) -> String {
    let padding = String(repeating: " ", count: max(0, width - text.utf8.count))
    return atStart ? padding + text : text + padding
  }
}
