/// What the ends of steps mean for those that need them.
extension RunState {
  func mayFail(_ step: Int32) -> Bool { definition.settings(ofStep: Int(step)).allowFailure }

  /// Whether a step that has ended, or that the run leaves out, has ended as wanted.
  package func isMet(_ wanted: WantedEnd, by need: Int32) -> Bool {
    isMet(wanted, by: need, isBlocked: passages[Int(need)]?.isBlocked ?? false)
  }

  /// - Parameter isBlocked: whether a need of it, if it is left out, has not ended as it wanted: then
  ///   it counts as skipped for that need, and else as having succeeded.
  func isMet(_ wanted: WantedEnd, by need: Int32, isBlocked: Bool) -> Bool {
    let phase = steps[Int(need)].phase
    let hasSucceeded = isSelected(Int(need)) ? phase == .succeeded : !isBlocked
    return wanted.isMet(
      hasSucceeded: hasSucceeded, hasFailed: phase == .failed,
      isRefused: steps[Int(need)].isRefused, mayFail: mayFail(need))
  }
}
