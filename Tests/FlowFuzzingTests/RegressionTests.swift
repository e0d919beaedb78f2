import FlowFuzzing
import TestSupport
import Testing

/// Replays the inputs of former findings: `Fuzz/Regressions`.
struct RegressionTests {
  private static let inputs = FuzzTarget.allCases.flatMap { target in
    Repository.files(under: "Fuzz/Regressions/\(target.rawValue)").map { (target, $0) }
  }

  @Test(arguments: inputs)
  func whatWasFoundHolds(target: FuzzTarget, path: String) {
    #expect(target.finding(in: Repository.read(path)) == nil)
  }

  @Test func everyTargetHasSome() {
    #expect(Set(Self.inputs.map(\.0)) == Set(FuzzTarget.allCases))
  }
}
