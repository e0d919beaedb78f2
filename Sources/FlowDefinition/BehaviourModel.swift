/// The behaviour of a workflow's commands in a simulation, as described by a model file.
package struct BehaviourModel: Equatable, Sendable {
  /// In the order of the definition's steps.
  package var steps: [Step]

  package struct Step: Equatable, Sendable {
    package var command: CommandModel
    /// The behaviour of the step's probe, if it has one. A probe always answers correctly.
    package var probe: CommandModel

    package init(command: CommandModel, probe: CommandModel = CommandModel()) {
      self.command = command
      self.probe = probe
    }
  }

  package init(steps: [Step]) {
    self.steps = steps
  }
}

/// How long a command takes, and how it fails: by the four kinds that retry policies tell apart.
package struct CommandModel: Equatable, Sendable {
  /// The denominator of rates: they have three decimal places of a percent.
  package static let certain: Int32 = 100_000

  /// The time that it takes is drawn evenly from here.
  package var shortestMilliseconds: Int64
  package var longestMilliseconds: Int64
  /// Of `certain` attempts, how many exit with `exitCode`. At most `certain` fail in any way.
  package var failing: Int32
  package var exitCode: UInt8
  /// How many are killed by a signal.
  package var crashing: Int32
  /// How many never end by themselves.
  package var hanging: Int32
  /// How many cannot be started.
  package var unlaunchable: Int32

  package init(
    shortestMilliseconds: Int64 = 0, longestMilliseconds: Int64 = 0, failing: Int32 = 0,
    exitCode: UInt8 = 1, crashing: Int32 = 0, hanging: Int32 = 0, unlaunchable: Int32 = 0
  ) {
    self.shortestMilliseconds = shortestMilliseconds
    self.longestMilliseconds = longestMilliseconds
    self.failing = failing
    self.exitCode = exitCode
    self.crashing = crashing
    self.hanging = hanging
    self.unlaunchable = unlaunchable
  }

  /// How many fail in any way, which of a file that is read may still be too many.
  var troubled: Int64 {
    Int64(failing) + Int64(crashing) + Int64(hanging) + Int64(unlaunchable)
  }
}
