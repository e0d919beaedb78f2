import FlowCore
import FlowRuntime

/// Where a second engine runs, beside the one that lives: on the same machine, with attempts of its
/// own.
final class OtherEngine: Environment {
  private let world: World
  let runner: AttemptSupervisor<SimulatedProcesses, SimulatedClock>

  init(beside world: World) {
    self.world = world
    runner = world.newRunner()
  }

  var time: SimulatedClock { world.time }
  var storage: SimulatedStorage { world.storage }

  func nextCancelRequest() -> CancelRequest? { nil }
  func takeRequestNotice() -> Bool { false }
}
