import FlowCommandLine
import FlowCore
import FlowStorage

@testable import FlowSimulation
@testable import FlowsimCommands

/// Runs flowsim; everything outside of the worlds is in the hands of the test.
final class Console {
  private final class Sink: TextSink {
    var text = ""

    func write(_ text: String) { self.text += text }
    func flush() {}
    func flushWhenLarge() {}
  }

  private let standardOutput = Sink()
  private let standardError = Sink()
  /// What was written, in order.
  private(set) var files: [(path: String, text: String)] = []
  /// How much real time passes each time it is asked for.
  var microsecondsPerLook: Int64 = 1_000
  /// The result of writing a file.
  var writeFailure: Errno?
  var answer: HazardStudy.World = Simulation.answer
  var isolated: Shrinker.Isolation = { $0() }
  var run: WorldRunner = { Simulation.run(seed: $0, $1, $2, $3) }

  var output: String { standardOutput.text }
  var errors: String { standardError.text }

  func flowsim(_ line: String...) -> Int32 { flowsim(line) }

  func flowsim(_ line: [String]) -> Int32 {
    var context = FlowsimContext()
    context.output = standardOutput
    context.errors = standardError
    context.run = run
    context.isolated = isolated
    context.answer = answer
    context.now = { [self] in
      looks += 1
      return Moment(
        monotonic: Instant(microseconds: looks * microsecondsPerLook),
        wall: WallTime(microseconds: 1_790_000_000_000_000))
    }
    context.writeFile = { [self] (bytes, path) throws(Errno) in
      if let writeFailure { throw writeFailure }
      files.append((path, String(decoding: bytes, as: UTF8.self)))
    }
    return FlowsimMain.run(line, context).rawValue
  }

  private var looks: Int64 = 0
}

/// Properties that do not hold, for tests.
enum WrongBelief {
  /// That lost attempts are never run again.
  static func noReruns(
    seed: UInt64, options: SimulationOptions, choices: any ChoiceSource, trace: Trace
  ) -> Simulation.Report {
    let report = Simulation.run(seed: seed, options, choices, trace)
    let reruns = report.coverage.count(EventKind.rerunScheduled)
    return reruns == 0
      ? report : report.with(Violation(.again, "lost attempts were run again: \(reruns)"))
  }
}

extension Simulation.Report {
  fileprivate func with(_ violation: Violation) -> Self {
    Self(
      seed: seed, options: options, violation: violation, outcome: outcome, traceHash: traceHash,
      events: events, launches: launches, lives: lives,
      simulatedMicroseconds: simulatedMicroseconds, coverage: coverage)
  }
}
