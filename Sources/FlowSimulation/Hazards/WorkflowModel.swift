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

  /// What a probe says that could not say whether the work was done.
  private static let unanswered: UInt8 = 2

  /// What the next command of a step is going to do. Where all choices are zero it succeeds, after
  /// the shortest time.
  ///
  /// - Parameters:
  ///   - happened: whether the step's work was done, which only its probe asks.
  ///   - patience: how long a command may hang before somebody kills it, in microseconds; nil where
  ///     a timeout will.
  func behaviour(
    ofStep step: Int, isProbe: Bool, happened: Bool, patience: Int64?,
    from choices: any ChoiceSource
  ) -> CommandBehaviour {
    let command = isProbe ? probes[step] : commands[step]
    let shortest = command.microseconds.lowerBound
    let span = command.microseconds.upperBound - shortest
    var behaviour = CommandBehaviour(
      ending: .result(.exited(code: isProbe && !happened ? 1 : 0)),
      durationMicroseconds: span == 0
        ? shortest : shortest + Int64(choices.choose(.commandDuration, below: Int(span) + 1)),
      ignoresTermination: false)
    switch command.drawTrouble(from: choices) {
    case .none: break
    case .fails:
      behaviour.ending = .result(.exited(code: isProbe ? Self.unanswered : command.exitCode))
    case .crashes: behaviour.ending = .result(.signalled(signal: Self.crash))
    case .unlaunchable:
      behaviour.ending = .result(.launchFailed(LaunchFailure(operation: .execute, errno: 2)))
    case .hangs:
      behaviour.ending = patience == nil ? .never : .result(.signalled(signal: Self.kill))
      if let patience { behaviour.durationMicroseconds = patience }
    }
    return behaviour
  }

  /// SIGSEGV: nobody sends it.
  private static let crash: UInt8 = 11
  private static let kill: UInt8 = 9

  /// How long a command hangs, where no timeout ends it, until somebody notices and kills it: a day,
  /// or ten times what any command takes.
  package var patienceMicroseconds: Int64 {
    let longest = (commands + probes).map(\.microseconds.upperBound).max() ?? 0
    let (product, overflow) = longest.multipliedReportingOverflow(by: 10)
    return max(86_400_000_000, overflow ? .max : product)
  }
}

extension WorkflowModel.Command {
  fileprivate enum Trouble {
    case none, fails, crashes, hangs, unlaunchable
  }

  fileprivate func drawTrouble(from choices: any ChoiceSource) -> Trouble {
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
