import FlowCore
import FlowSimulation
import Testing

@testable import FlowsimCommands

struct FlowsimTests {
  private static let lines: [([String], Int32)] = [
    (["--seed", "1", "--runs", "2"], 0),
    (["--seed", "1", "--json"], 0),
    (["--help"], 0),
    (["--version"], 0),
    ([], 2),
    (["--seed", "x"], 2),
    (["--seed", "1", "--runs", "0"], 2),
    (["--seed", String(Int.max), "--runs", "2"], 2),
    (["--nonsense"], 2),
  ]

  @Test(arguments: lines)
  func exitCodes(line: [String], code: Int32) {
    #expect(FlowsimMain.run(line) == code)
  }

  @Test func oneSeedTellsItsOptionsAndManyShowATable() {
    var totals = BatchTotals()
    totals.add(Simulation.run(seed: 1))
    let one = totals.text(elapsedMicroseconds: 1_000)
    #expect(one.hasPrefix("options: steps="))
    #expect(one.contains("1 seed hold"))
    #expect(!one.contains("faults"))
    totals.add(Simulation.run(seed: 2))
    let two = totals.text(elapsedMicroseconds: 1_000)
    #expect(two.hasPrefix("2 seeds hold: "))
    #expect(two.contains("2000 seeds a second"))
    for kind in EventKind.allCases { #expect(two.contains("  \(kind.name) ")) }
    for fault in Fault.allCases { #expect(two.contains("  \(fault) ")) }
    for point in CrashPoint.allCases { #expect(two.contains("  \(point) ")) }
  }
}
