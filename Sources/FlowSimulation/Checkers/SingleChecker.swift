import FlowCore

/// Two engines never drive one run: the lock keeps the second one out, and an engine whose lock
/// file is gone acknowledges nothing that another one has not read.
final class SingleChecker: Checker {
  func acknowledges(_ events: [Event], in world: World) throws(Violation) {
    // Up to there the other engine knows the same.
    guard let through = world.takenThrough, let last = events.last?.sequence, last > through else {
      return
    }
    throw Violation(
      .single,
      "event \(last) is acknowledged when another engine has taken the run over after event"
        + " \(through)")
  }

  func rivalDrove(_ result: RivalResult, in world: World) throws(Violation) {
    switch result {
    case .drives: throw Violation(.single, "a second engine drives the run")
    case .refused(let processID):
      let engine = world.processes.engineProcessID
      // During recovery the file may still name the engine before, or none.
      guard world.checkers.history.isRecovered, processID != engine else { return }
      throw Violation(
        .single, "process \(engine) drives the run, and not \(processID ?? -1)")
    case .failed(let error):
      throw Violation(.single, "a second engine is refused for another reason: \(error)")
    }
  }

  func rivalTookOver(_ failure: String?, in world: World) throws(Violation) {
    if let failure { throw Violation(.single, "the next engine cannot take over: \(failure)") }
  }
}
