/// The part of a `CommandModel` that a file gives for a command or as a default; nil values are
/// inherited.
struct CommandOverlay {
  var milliseconds: ClosedRange<Int64>?
  var failing: Int32?
  var exitCode: UInt8?
  var crashing: Int32?
  var hanging: Int32?
  var unlaunchable: Int32?
  /// Whether it gives a duration, valid or not.
  var hasDuration = false
  /// Its offset and path; nil if absent.
  var place: (offset: Int, path: [PathComponent])?

  /// Merges these values over `model`, key by key.
  func apply(to model: inout CommandModel) {
    if let milliseconds {
      model.shortestMilliseconds = milliseconds.lowerBound
      model.longestMilliseconds = milliseconds.upperBound
    }
    if let failing { model.failing = failing }
    if let exitCode { model.exitCode = exitCode }
    if let crashing { model.crashing = crashing }
    if let hanging { model.hanging = hanging }
    if let unlaunchable { model.unlaunchable = unlaunchable }
  }
}

/// The values in a file for a step, or as a default.
struct StepOverlay {
  var command = CommandOverlay()
  var probe = CommandOverlay()
}

/// A model file during parsing: `default` may come after `steps`, so nothing is merged yet.
struct ModelParts {
  /// Where the outermost object begins; nil if the file holds none.
  var start: Int?
  var inherited = StepOverlay()
  /// The steps that the file names, in its order, each once.
  var steps: [(step: Int, overlay: StepOverlay)] = []
}
