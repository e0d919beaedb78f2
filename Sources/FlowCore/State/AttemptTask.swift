/// What an attempt of a step is for.
package enum AttemptTask: UInt8, CaseIterable, Sendable {
  /// It runs the step's command.
  case command = 0
  /// It asks the step's probe whether the work of a lost attempt was done.
  case probe = 1
  /// It puts the files that the command has made where the step declares them (`StepExtras.files`).
  case publication = 2
  /// The same, but only if an attempt before it has begun to: what the command has left in its stage may not
  /// have survived.
  case completion = 3

  /// Whether it publishes files.
  package var publishes: Bool { self == .publication || self == .completion }
}

/// The exit codes of a process that publishes (`flow publish-files`).
package enum PublicationCode {
  /// A completion has found nothing that was prepared.
  package static let nothingPrepared: UInt8 = 3
  /// What was prepared is neither staged nor in place.
  package static let isGone: UInt8 = 4
}
