import FlowSimulation

/// The bytes make every choice of a simulated world, and all that the checkers watch holds in it.
enum ScheduleTarget {
  /// Of it come only the delays' jitter and the log's salts.
  static let seed: UInt64 = 1

  static func test(_ bytes: [UInt8]) throws(Finding) {
    let report = run(ByteChoices(bytes))
    guard let violation = report.violation else { return }
    // Once more, to say how it can be seen.
    let choices = RecordingChoices(ByteChoices(bytes))
    let again = run(choices)
    try require(again == report, "the same bytes make another world: \(violation)")
    let world = RecordedWorld(report, choices.recording.schedule)
    throw Finding("\(violation)\n\(TraceText.of(world))")
  }

  static func run(_ choices: some ChoiceSource) -> Simulation.Report {
    Simulation.run(seed: seed, .draw(from: choices), choices)
  }
}

/// Passes choices on from another source, and writes the bytes that make `ByteChoices` choose so.
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
