import FlowCore
import TestSupport
import Testing

@testable import FlowSimulation

/// Worlds in which something once did not hold, because of a fault that is no longer, or never was,
/// in the engine: `Fixtures/Seeds`. Of a world that has become another since, the trace still says
/// when what happens.
struct RegressionTests {
  private static let names = Fixtures.names(in: "Seeds", endingWith: ".trace")

  @Test(arguments: names)
  func whatOnceFailedHolds(name: String) throws {
    let world = try TraceText.world(from: Fixtures.read("Seeds/\(name).trace"))
    #expect(world.property != nil, "nothing failed when it was recorded")
    let report = world.run { Simulation.run(seed: $0, $1, $2, $3) }
    #expect(report.violation == nil)
    #expect(report.outcome != nil)
  }
}
