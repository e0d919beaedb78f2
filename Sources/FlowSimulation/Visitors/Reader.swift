/// Readers look at a run whenever they like, as `flow status` does.
extension World {
  /// A reader may look at the run; another engine may come with it.
  ///
  /// - Parameter factor: how much likelier than at an operation of the engine.
  func letReadersLook(times factor: Int = 1) {
    guard choices.happens(.reader, perMille: options.readPerMille * factor) else { return }
    coverage.addRead()
    checkers.read()
    if !engine.isDead { startRival() }
  }
}
