import FlowCore
import TestSupport
import Testing

@testable import FlowSimulation

/// Worlds in which a property was once violated, by a bug that was fixed or planted:
/// `Fixtures/Seeds`. Where such a world has changed since, its trace still says what happens at
/// which choice.
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
