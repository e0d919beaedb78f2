import FlowCore

/// How a command behaves by itself, and how it takes SIGTERM.
struct CommandBehaviour {
  enum Ending {
    case result(AttemptEnd.Result)
    /// It runs until it is killed.
    case never
  }

  var ending: Ending
  var durationMicroseconds: Int64
  var ignoresTermination: Bool
  /// It belongs to another user: no signal reaches it.
  var isUnkillable = false
  /// It sends itself SIGSTOP instead of coming to its end.
  var stopsItself = false
  /// The processes that it starts, in order.
  var descendants: [DescendantBehaviour] = []

  /// Nil if it succeeds.
  var fault: Fault? {
    switch ending {
    case .never: .commandHangs
    case .result(.launchFailed): .launchFails
    case .result(.exited(code: 0)): nil
    case .result: .commandFails
    }
  }

  /// Its answer as a probe.
  var answer: Fault {
    switch ending {
    case .result(.exited(code: 0)): .probeSaysYes
    case .result(.exited(code: 1)): .probeSaysNo
    case .result, .never: .probeFails
    }
  }

  static func draw(
    from choices: any ChoiceSource, _ options: SimulationOptions, isProbe: Bool = false
  ) -> CommandBehaviour {
    let duration = [0, 1_000, 40_000, 900_000, 20_000_000]
    let index = choices.choose(.commandDuration, below: duration.count)
    var behaviour = CommandBehaviour(
      ending: isProbe
        ? drawAnswer(from: choices, options) : drawEnding(from: choices, options),
      durationMicroseconds: Int64(
        duration[index] + choices.choose(.commandDuration, below: 1_000)),
      ignoresTermination: choices.happens(
        .commandStubbornness, perMille: options.stubbornPercent * 10))
    behaviour.isUnkillable = choices.happens(.unkillable, perMille: options.unkillablePerMille)
    behaviour.stopsItself = choices.happens(.selfStop, perMille: options.selfStopPercent * 10)
    if choices.happens(.descendants, perMille: options.descendantPercent * 10) {
      for _ in 0..<choices.choose(.descendants, in: 1...2) {
        behaviour.descendants.append(.draw(from: choices, options))
      }
    }
    return behaviour
  }

  /// A probe says that the work was done, or that it was not, or cannot say.
  private static func drawAnswer(
    from choices: any ChoiceSource, _ options: SimulationOptions
  ) -> Ending {
    if choices.happens(.commandHang, perMille: options.hangPercent * 10) { return .never }
    return .result(.exited(code: [0, 1, 1, 2][choices.choose(.probe, below: 4)]))
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
