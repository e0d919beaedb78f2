package import FlowCore
import FlowRuntime

/// Virtual time. Waiting is where the world moves on.
package final class SimulatedClock: TimeSource {
  private unowned let world: World

  init(_ world: World) {
    self.world = world
  }

  package func now() -> Moment {
    Moment(monotonic: world.engineClock, wall: world.wallNow)
  }

  package func wait(until deadline: Instant?) {
    world.advance(until: deadline)
  }

  package func pause(until time: Instant) {
    world.advance(to: time)
  }
}
