import FlowCore

@testable import FlowSimulation

/// The violation that a checker finds in a history of these events, if any.
func violation(
  in bodies: [Event.Body], _ learn: (Event) throws(Violation) -> Void
) -> Violation? {
  let moment = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
  do throws(Violation) {
    for (index, body) in bodies.enumerated() {
      try learn(
        Event(sequence: Int64(index) + 1, moment: moment, startsWakeUp: true, body: body))
    }
    return nil
  } catch {
    return error
  }
}
