import FlowCore
import FlowSimulation

/// How the commands of a workflow behave, as learned from the histories of earlier runs.
struct LearnedModel {
  private(set) var runs = 0
  /// That came to an end of their own, probes included.
  private(set) var attempts = 0
  private let definition: WorkflowDefinition
  private let indices: [String: Int]
  private var commands: [SeenCommand]
  private var probes: [SeenCommand]

  init(_ definition: WorkflowDefinition) {
    self.definition = definition
    indices = Dictionary(
      uniqueKeysWithValues: definition.steps.enumerated().map { ($1.id, $0) })
    commands = Array(repeating: SeenCommand(), count: definition.steps.count)
    probes = commands
  }

  /// Takes in a run of the same workflow; steps that it no longer has do not count.
  mutating func add(_ history: RunHistory) {
    guard let state = history.state else { return }
    runs += 1
    for (index, step) in state.definition.steps.enumerated() {
      // A child is what its node, or that step of a chain, does.
      let own = state.definition.child(index).map { state.definition.steps[Int($0.step)] } ?? step
      guard let known = indices[own.id] else { continue }
      for attempt in history.attempts(ofStep: index) {
        guard let end = attempt.end else { continue }
        let counts =
          attempt.isProbe
          ? probes[known].add(end, isProbe: true) : commands[known].add(end, isProbe: false)
        if counts { attempts += 1 }
      }
    }
  }

  /// How many steps never ran.
  var unseenSteps: Int { commands.count { $0.ended == 0 } }

  /// Steps that never ran behave as the average of the others.
  var model: WorkflowModel {
    var all = SeenCommand()
    for command in commands { all.add(command) }
    return WorkflowModel(
      commands: commands.map { ($0.ended == 0 ? all : $0).command }, probes: probes.map(\.command))
  }
}

/// How often a command ended how.
private struct SeenCommand {
  private(set) var ended = 0
  private var crashes = 0
  private var hangs = 0
  private var unlaunchable = 0
  /// By exit code; of a probe, without its answers.
  private var exits: [UInt8: Int] = [:]
  /// How long those took that succeeded, in microseconds; and those that came to their own end.
  private var successes: ClosedRange<Int64>?
  private var ends: ClosedRange<Int64>?

  /// - Returns: whether the end says anything of the command.
  mutating func add(_ end: AttemptEnd, isProbe: Bool) -> Bool {
    switch AttemptOutcome(end) {
    // That was not the command's doing.
    case .cancelled, .lost, .interrupted: return false
    // A model says nothing of outputs.
    case .outputRefused: return false
    case .timedOut: hangs += 1
    case .launchFailed: unlaunchable += 1
    case .signalled:
      crashes += 1
      ends = Self.union(ends, Self.duration(end))
    case .exited:
      let code = end.exitCode ?? 0
      ends = Self.union(ends, Self.duration(end))
      if code == 0 || (isProbe && code == 1) {
        successes = Self.union(successes, Self.duration(end))
      } else {
        exits[code, default: 0] += 1
      }
    }
    ended += 1
    return true
  }

  mutating func add(_ other: SeenCommand) {
    ended += other.ended
    crashes += other.crashes
    hangs += other.hangs
    unlaunchable += other.unlaunchable
    exits.merge(other.exits, uniquingKeysWith: +)
    successes = Self.union(successes, other.successes)
    ends = Self.union(ends, other.ends)
  }

  private static func duration(_ end: AttemptEnd) -> ClosedRange<Int64> {
    let microseconds = max(0, end.durationMicroseconds)
    return microseconds...microseconds
  }

  private static func union(
    _ one: ClosedRange<Int64>?, _ other: ClosedRange<Int64>?
  ) -> ClosedRange<Int64>? {
    guard let one, let other else { return one ?? other }
    return min(one.lowerBound, other.lowerBound)...max(one.upperBound, other.upperBound)
  }

  var command: WorkflowModel.Command {
    // Of several codes the most frequent, and of these the lowest.
    var (code, most, failures) = (UInt8(1), 0, 0)
    for candidate in UInt8(0)...UInt8.max {
      let count = exits[candidate, default: 0]
      if count > most { (code, most) = (candidate, count) }
      failures += count
    }
    return WorkflowModel.Command(
      microseconds: successes ?? ends ?? 0...0, failing: rate(failures), exitCode: code,
      crashing: rate(crashes), hanging: rate(hangs), unlaunchable: rate(unlaunchable))
  }

  private func rate(_ count: Int) -> Int {
    ended == 0 ? 0 : count * WorkflowModel.Command.certain / ended
  }
}
