import FlowCore

/// Every world of one small workflow in which the engine dies up to a number of times: at every
/// moment, by a kill or a power loss, with every image of the disk that this can leave.
package struct Exploration {
  /// What runs, and on how many slots.
  package struct Subject: Equatable, Sendable {
    package let shape: WorkflowShape
    package let jobs: Int

    /// All shapes with that many steps, each on one slot, two, and so on, as far as that makes a
    /// difference and is drawn.
    package static func all(steps: Int, _ bounds: Bounds = Bounds()) -> [Subject] {
      // Two items run beside each other.
      let items = bounds.hasNode || bounds.hasChain ? 1 : 0
      return WorkflowShape.all(steps: steps).flatMap { shape in
        (1...min(shape.width + items, RandomWorkflow.mostJobs)).map {
          Subject(shape: shape, jobs: $0)
        }
      }
    }
  }

  package struct Bounds: Equatable, Sendable {
    /// How often the engine dies at most.
    package var crashes = 1
    package var tier = StorageTier.ordered
    /// How many files and folders at most fare differently from the others at a power loss, which
    /// lose nothing of what was not synced, or all of it.
    package var apart = Int.max
    /// How many commands fail at most: they exit with 1.
    package var failures = 0
    /// Whether each workflow has a step of `finally`, too.
    package var hasFinally = false
    /// Whether each of its steps has a rollback.
    package var hasRollbacks = false
    /// Whether the first step asks a person, who answers at once. A rejection is a failure.
    package var hasQuestion = false
    /// Whether each step declares outputs and has a condition, over those of its needs if it has any.
    package var hasValues = false
    /// Whether one step of each workflow runs for each of up to two items: of a list of the workflow, or of one
    /// that a step before it puts out. Which step, and which items, is decided.
    package var hasNode = false
    /// Whether that is a chain of two steps for each item.
    package var hasChain = false
    /// Whether each step makes two files, which are published. How far a publication has come when power is
    /// lost is decided.
    package var hasFiles = false
    /// Whether each workflow has a notice of every end.
    package var hasNotice = false

    package init() {}
  }

  package let subject: Subject
  package private(set) var worlds = 0
  /// Of all worlds so far: equal explorations have the same.
  package private(set) var traceHash: UInt64 = 0
  package var counts: ExploringChoices.Counts { choices.counts }
  private let options: SimulationOptions
  private let choices: ExploringChoices
  private let run: WorldRunner
  /// Whether no world is left.
  package private(set) var isDone = false

  /// Only the salts of logs depend on it, and the jitter of delays, which no explored workflow has.
  private static let seed: UInt64 = 1
  /// Small, so that the log of a workflow of two steps is more than one segment.
  private static let rotationBytes = 1_024

  package init(
    _ subject: Subject, _ bounds: Bounds,
    run: @escaping WorldRunner = { Simulation.run(seed: $0, $1, $2, $3) }
  ) {
    self.subject = subject
    self.run = run
    var options = SimulationOptions.quiet
    options.steps = subject.shape.needs.count
    // Only that it may happen counts, not how likely it is.
    options.crashPerMille = 1
    options.failurePercent = bounds.failures > 0 ? 1 : 0
    options.powerLossPercent = 50
    options.maxCrashes = bounds.crashes
    options.storageTier = bounds.tier.rawValue
    options.rotationBytes = Self.rotationBytes
    options.finallyPercent = bounds.hasFinally ? 100 : 0
    options.rollbackPercent = bounds.hasRollbacks ? 100 : 0
    options.notifyPercent = bounds.hasNotice ? 100 : 0
    options.askPercent = bounds.hasQuestion ? 1 : 0
    options.forEachPercent = bounds.hasNode || bounds.hasChain ? 100 : 0
    options.chainPercent = bounds.hasChain ? 100 : 0
    options.outputPercent = bounds.hasValues ? 100 : 0
    options.outputFaultPercent = bounds.hasValues && bounds.failures > 0 ? 1 : 0
    options.conditionPercent = bounds.hasValues ? 100 : 0
    options.filesPercent = bounds.hasFiles ? 100 : 0
    options.fileFaultPercent = bounds.hasFiles && bounds.failures > 0 ? 1 : 0
    options.processLatencyMicroseconds = 1
    self.options = options
    choices = ExploringChoices(
      workflow: DrawnWorkflow(subject, options).choices, bounds)
  }

  /// Makes the next world.
  ///
  /// - Returns: nil if there is none left.
  package mutating func next() -> Simulation.Report? {
    if isDone { return nil }
    let report = run(Self.seed, options, choices, Trace())
    worlds += 1
    traceHash = SplitMix64.hash(traceHash, report.traceHash)
    // A failure can be recorded before the next world is made.
    if report.violation == nil { isDone = !choices.advance() }
    return report
  }

  /// The last world, which failed, made once more and recorded as all other worlds are.
  package func recordFailure() -> (report: Simulation.Report, world: RecordedWorld) {
    choices.rewind()
    let recording = RecordingChoices(choices)
    let report = run(Self.seed, options, recording, Trace())
    return (report, RecordedWorld(report, recording.recording.schedule))
  }
}

extension Exploration.Subject: CustomStringConvertible {
  package var description: String { "\(shape) on \(jobs) \(jobs == 1 ? "slot" : "slots")" }
}
