import FlowSimulation

/// The bytes make every choice of a simulated world, and every property holds in it.
enum ScheduleTarget {
  /// Only the jitter of delays and the salts of logs depend on it.
  static let seed: UInt64 = 1

  static func test(_ bytes: [UInt8]) throws(Finding) {
    let report = run(ByteChoices(bytes))
    guard let violation = report.violation else { return }
    // Again, to record a trace.
    let choices = RecordingChoices(ByteChoices(bytes))
    let again = run(choices)
    try require(again == report, "the same bytes give another world: \(violation)")
    let world = RecordedWorld(report, choices.recording.schedule)
    throw Finding("\(violation)\n\(TraceText.of(world))")
  }

  static func run(_ choices: some ChoiceSource) -> Simulation.Report {
    Simulation.run(seed: seed, .draw(from: choices), choices)
  }
}

/// Passes on the choices of another source, and writes the bytes from which `ByteChoices` makes them.
final class WritingChoices: ChoiceSource {
  private(set) var bytes: [UInt8] = []
  private let source: any ChoiceSource

  init(_ source: any ChoiceSource) {
    self.source = source
  }

  func choose(_ site: ChoiceSite, below count: Int) -> Int {
    let value = source.choose(site, below: count)
    var shift = 0
    while shift < 64 && UInt64(count - 1) >> UInt64(shift) > 0 {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
      shift += 8
    }
    return value
  }

  func weigh(_ site: ChoiceSite, perMille chances: Int) -> Bool {
    let isTrue = source.weigh(site, perMille: chances)
    bytes.append(isTrue ? .max : 0)
    return isTrue
  }
}
