import FlowCore

/// What a command is going to do if it is left alone, and how it takes a SIGTERM.
struct CommandBehaviour {
  enum Ending {
    case result(AttemptEnd.Result)
    /// It goes on until it is killed.
    case never
  }

  var ending: Ending
  var durationMicroseconds: Int64
  var ignoresTermination: Bool

  /// Nil if it succeeds.
  var fault: Fault? {
    switch ending {
    case .never: .commandHangs
    case .result(.launchFailed): .launchFails
    case .result(.exited(code: 0)): nil
    case .result: .commandFails
    }
  }

  static func draw(
    from choices: any ChoiceSource, _ options: SimulationOptions
  ) -> CommandBehaviour {
    let duration = [0, 1_000, 40_000, 900_000, 20_000_000]
    let index = choices.choose(.commandDuration, below: duration.count)
    return CommandBehaviour(
      ending: drawEnding(from: choices, options),
      durationMicroseconds: Int64(
        duration[index] + choices.choose(.commandDuration, below: 1_000)),
      ignoresTermination: choices.happens(
        .commandStubbornness, perMille: options.stubbornPercent * 10))
  }

  private static func drawEnding(
    from choices: any ChoiceSource, _ options: SimulationOptions
  ) -> Ending {
    let site = ChoiceSite.commandBehaviour
    if choices.happens(.commandHang, perMille: options.hangPercent * 10) { return .never }
    guard choices.happens(site, perMille: options.failurePercent * 10) else {
      return .result(.exited(code: 0))
    }
    switch choices.choose(site, below: 4) {
    case 0, 1: return .result(.exited(code: UInt8(choices.choose(site, in: 1...3))))
    case 2: return .result(.launchFailed(LaunchFailure(operation: .execute, errno: 2)))
    default: return .result(.signalled(signal: UInt8(choices.choose(site, in: 1...15))))
    }
  }
}
