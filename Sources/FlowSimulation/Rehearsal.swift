package import FlowCore

/// Drives the engine through a workflow in which every command succeeds after the same time, every
/// commit is durable at once, and nothing goes wrong. That shows what the engine costs by itself.
package struct Rehearsal {
  package private(set) var events = 0
  package private(set) var launches = 0
  package private(set) var commits = 0
  package private(set) var outcome: RunOutcome?

  private var engine: Engine
  private var now = Moment(
    monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 1_790_000_000_000_000))
  /// Attempts that run, in the order of their ends.
  private var running = WorkQueue<AttemptID>()

  private static let commandMicroseconds: Int64 = 1_000

  package init(_ definition: WorkflowDefinition, _ graph: DependencyGraph, jobs: Int32) {
    let run = NewRun(
      runID: "rehearsal", seed: 0, programVersion: "simulated", jobs: jobs, definitionFolder: "/",
      definition: definition, graph: graph,
      parameters: RandomWorkflow.values(seed: 0, definition))
    engine = Engine.create(
      run, engine: EngineStarted(life: 1, processID: 1, host: HostContext(bootID: "rehearsal")),
      at: now)
  }

  /// Performs what the engine wants; then all running attempts end, in the order in which they were started.
  ///
  /// - Returns: whether the run goes on.
  package mutating func turn() -> Bool {
    drain()
    now.monotonic.microseconds += Self.commandMicroseconds
    now.wall.microseconds += Self.commandMicroseconds
    for _ in 0..<running.count {
      guard let attempt = running.removeFirst() else { break }
      let end = AttemptEnd(
        result: .exited(code: 0), cause: .byItself,
        durationMicroseconds: Self.commandMicroseconds)
      engine.handle(.attemptEnded(attempt, end), at: now)
    }
    return outcome == nil
  }

  private mutating func drain() {
    while let effect = engine.nextEffect() {
      switch effect {
      case .commit(let batch):
        events += batch.count
        commits += 1
        if let last = batch.last { engine.handle(.committed(through: last.sequence), at: now) }
      case .launch(let launch):
        let attempt = launch.attempt
        launches += 1
        running.append(attempt)
        engine.handle(
          .attemptLaunched(attempt, processID: Int32(truncatingIfNeeded: launches & 0x7fff)),
          at: now)
      case .stop: preconditionFailure("nothing is stopped where nothing goes wrong")
      case .syncWork: engine.handle(.workSynced(failure: nil), at: now)
      case .finish(let outcome): self.outcome = outcome
      }
    }
  }
}
