import FlowCore

/// How the commands of a workflow behave, in place of what a world would draw.
package struct WorkflowModel: Equatable, Sendable {
  /// How long a command takes, and how it fails. Rates are in parts of `certain`; together they are
  /// at most that.
  package struct Command: Equatable, Sendable {
    package static let certain = 100_000

    /// The time that it takes is drawn evenly from these.
    package var microseconds: ClosedRange<Int64>
    /// Exits with `exitCode`.
    package var failing: Int
    package var exitCode: UInt8
    /// Is killed by a signal.
    package var crashing: Int
    /// Never ends by itself.
    package var hanging: Int
    /// Cannot be started.
    package var unlaunchable: Int

    package init(
      microseconds: ClosedRange<Int64> = 0...0, failing: Int = 0, exitCode: UInt8 = 1,
      crashing: Int = 0, hanging: Int = 0, unlaunchable: Int = 0
    ) {
      precondition(
        failing + crashing + hanging + unlaunchable <= Self.certain, "more than all attempts fail")
      self.microseconds = microseconds
      self.failing = failing
      self.exitCode = exitCode
      self.crashing = crashing
      self.hanging = hanging
      self.unlaunchable = unlaunchable
    }
  }

  /// By step.
  package var commands: [Command]
  /// By step: of its probe, which knows whether the work was done.
  package var probes: [Command]

  package init(commands: [Command], probes: [Command]) {
    precondition(commands.count == probes.count, "each step has a command and may have a probe")
    self.commands = commands
    self.probes = probes
  }

  /// The exit code of a probe that cannot say whether the work was done.
  private static let unanswered: UInt8 = 2

  /// How a command of a step will behave. Where all choices are zero, it succeeds after the
  /// shortest time.
  func command(ofStep step: Int, from choices: any ChoiceSource) -> CommandBehaviour {
    let command = commands[step]
    return command.behaviour(success: 0, failure: command.exitCode, from: choices)
  }

  /// How a probe of a step will answer. Where all choices are zero, it is right.
  ///
  /// - Parameter happened: whether the step's work was done.
  func probe(
    ofStep step: Int, happened: Bool, from choices: any ChoiceSource
  ) -> CommandBehaviour {
    probes[step].behaviour(
      success: happened ? 0 : 1, failure: Self.unanswered, from: choices)
  }

  /// How long a command without a timeout hangs until it is killed: a day, or ten times as long as
  /// any command takes.
  package var patienceMicroseconds: Int64 {
    let longest = (commands + probes).map(\.microseconds.upperBound).max() ?? 0
    let (product, overflow) = longest.multipliedReportingOverflow(by: 10)
    return max(86_400_000_000, overflow ? .max : product)
  }
}

extension WorkflowModel.Command {
  private enum Trouble {
    case none, fails, crashes, hangs, unlaunchable
  }

  /// SIGSEGV, which nothing in the world sends.
  private static let crash: UInt8 = 11

  /// - Parameters:
  ///   - success: what it exits with where it has no trouble.
  ///   - failure: what it exits with where it fails.
  fileprivate func behaviour(
    success: UInt8, failure: UInt8, from choices: any ChoiceSource
  ) -> CommandBehaviour {
    let shortest = microseconds.lowerBound
    let span = microseconds.upperBound - shortest
    let duration =
      span == 0
      ? shortest : shortest + Int64(choices.choose(.commandDuration, below: Int(span) + 1))
    let ending: CommandBehaviour.Ending =
      switch drawTrouble(from: choices) {
      case .none: .result(.exited(code: success))
      case .fails: .result(.exited(code: failure))
      case .crashes: .result(.signalled(signal: Self.crash))
      case .unlaunchable:
        .result(.launchFailed(LaunchFailure(operation: .execute, errno: 2)))
      case .hangs: .never
      }
    return CommandBehaviour(
      ending: ending, durationMicroseconds: duration, ignoresTermination: false)
  }

  private func drawTrouble(from choices: any ChoiceSource) -> Trouble {
    let rates: [(trouble: Trouble, rate: Int)] = [
      (.fails, failing), (.crashes, crashing), (.hangs, hanging), (.unlaunchable, unlaunchable),
    ]
    // Without a draw where the answer is known.
    if rates.allSatisfy({ $0.rate == 0 }) { return .none }
    // From the top, so that a choice of zero is the least trouble.
    var least = Self.certain
    let draw = choices.choose(.commandBehaviour, below: Self.certain)
    for (trouble, rate) in rates {
      least -= rate
      if draw >= least { return trouble }
    }
    return .none
  }
}
