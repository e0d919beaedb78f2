import FlowCore
import Testing

/// All runs of a workflow, played by the engine itself: each attempt ends in each way that it can.
struct PlayedRuns {
  /// What one run has come to.
  struct Leaf: Hashable {
    let results: [StepResult]
    let hasSucceeded: Bool
  }

  private let definition: WorkflowDefinition
  private let graph: DependencyGraph
  /// By step and output, the values that attempts put out.
  private let outputs: [String: [String]]
  private(set) var leaves: [Leaf] = []

  private static let now = Moment(
    monotonic: Instant(microseconds: 1), wall: WallTime(microseconds: 1))

  /// - Parameters:
  ///   - parameters: the values of each that runs are told.
  ///   - outputs: by `step.output`.
  init(
    _ definition: WorkflowDefinition, parameters: [String: [[String]]], outputs: [String: [String]]
  ) throws {
    self.definition = definition
    graph = try DependencyGraph(definition.steps)
    self.outputs = outputs
    let choices = definition.parameters.map { parameter in
      (parameters[parameter.name] ?? [parameter.standard ?? [""]]).map {
        ParameterValue(name: parameter.name, texts: $0)
      }
    }
    for values in Self.product(choices) {
      let run = NewRun(
        runID: "r", seed: 0, programVersion: "0", jobs: Int32(definition.steps.count),
        definitionFolder: "/w", definition: definition, graph: graph, parameters: values)
      let life = EngineStarted(life: 1, processID: 1, host: HostContext(bootID: "boot"))
      var game = Game(engine: Engine.create(run, engine: life, at: Self.now))
      game.settle()
      play(game)
    }
  }

  private struct Game {
    var engine: Engine
    /// Launched and not ended.
    var running: [AttemptID] = []
    var stopped: [AttemptID] = []
    /// Questions without an answer, each with the number of the event that asked it.
    var asked: [(step: Int32, event: Int64)] = []

    /// Whatever is decided becomes durable at once.
    mutating func settle() {
      while let effect = engine.nextEffect() {
        switch effect {
        case .commit(let events):
          for event in events {
            if case .asked(let step) = event.body { asked.append((step, event.sequence)) }
          }
          engine.handle(.committed(through: events[events.count - 1].sequence), at: PlayedRuns.now)
        case .launch(let launch): running.append(launch.attempt)
        case .stop(let attempt, _): stopped.append(attempt)
        case .syncWork, .finish: break
        }
      }
    }
  }

  private static func product<Element>(_ choices: [[Element]]) -> [[Element]] {
    choices.reduce([[]]) { all, choice in all.flatMap { one in choice.map { one + [$0] } } }
  }

  private mutating func play(_ game: Game) {
    if case .finished(let outcome) = game.engine.state.phase {
      leaves.append(
        Leaf(
          results: game.engine.state.steps.map { Self.result($0.phase) },
          hasSucceeded: outcome == .succeeded))
      return
    }
    if let attempt = game.stopped.first { return playStop(of: attempt, game) }
    if !game.asked.isEmpty { return playAnswer(game) }
    // Only a failure that stops the others makes it matter which attempts end together.
    if !definition.failFast { return playEnds([game.running[0]], game) }
    for bits in 1..<1 << game.running.count {
      playEnds(game.running.indices.filter { bits >> $0 & 1 == 1 }.map { game.running[$0] }, game)
    }
  }

  private mutating func playStop(of attempt: AttemptID, _ game: Game) {
    let end = AttemptEnd(result: .signalled(signal: 15), cause: .stop, durationMicroseconds: 1)
    for input in [Input.attemptEnded(attempt, end), .attemptWithdrawn(attempt)] {
      var next = game
      next.stopped.removeFirst()
      next.running.removeAll { $0 == attempt }
      next.engine.handle(input, at: Self.now)
      next.settle()
      play(next)
    }
  }

  private mutating func playAnswer(_ game: Game) {
    let (step, event) = game.asked[0]
    let approvals = values(ofStep: Int(step)).map {
      Answer(id: UInt64(event), asked: event, .approved, values: $0)
    }
    for answer in [Answer(id: UInt64(event), asked: event, .rejected)] + approvals {
      var next = game
      next.asked.removeFirst()
      next.engine.handle(.answered(step: step, answer), at: Self.now)
      next.settle()
      play(next)
    }
  }

  /// All that a step can put out.
  private func values(ofStep step: Int) -> [[OutputPart]] {
    Self.product(
      definition.outputs(ofStep: step).enumerated().map { place, output in
        (outputs["\(definition.steps[step].id).\(output.name)"] ?? ["0"]).map {
          OutputPart(output: Int32(place), bytes: Array($0.utf8))
        }
      })
  }

  /// They end in one wake-up.
  private mutating func playEnds(_ attempts: [AttemptID], _ game: Game) {
    let ways = attempts.map { attempt -> [[Input]] in
      let failure = AttemptEnd(
        result: .exited(code: 1), cause: .byItself, durationMicroseconds: 1)
      let success = AttemptEnd(
        result: .exited(code: 0), cause: .byItself, durationMicroseconds: 1)
      // What becomes of a notice changes nothing.
      let failures: [[Input]] =
        definition.isNotify(Int(attempt.step)) ? [] : [[.attemptEnded(attempt, failure)]]
      return failures
        + values(ofStep: Int(attempt.step)).map { parts in
          (parts.isEmpty ? [] : [.outputsPublished(attempt, parts)])
            + [.attemptEnded(attempt, success)]
        }
    }
    for inputs in Self.product(ways) {
      var next = game
      next.running.removeAll { attempts.contains($0) }
      for input in inputs.joined() { next.engine.handle(input, at: Self.now) }
      next.settle()
      play(next)
    }
  }

  private static func result(_ phase: StepLifecycle.Phase) -> StepResult {
    switch phase {
    case .succeeded: .succeeded
    case .failed: .failed
    case .cancelled: .cancelled
    case .skipped: .skipped
    default: preconditionFailure("a step of a finished run is \(phase)")
    }
  }
}
