import FlowCore
import Testing

@testable import FlowCommands

@Suite struct TimeScaleTests {
  @Test func withoutGapsTheLineIsEven() {
    let scale = TimeScale(gaps: [], end: 4_000_000)
    #expect(
      [0, 1_000_000, 4_000_000, 9_000_000].map(scale.position) == [0, 25_000, 100_000, 100_000])
    #expect(scale.position(-1) == 0)
    #expect(scale.ticks.first == 0 && scale.ticks.count <= 11)
    #expect(scale.ticks.contains(1_000_000))
  }

  @Test func aNightBetweenTwoEnginesTakesATwentiethOfTheLine() {
    let hour: Int64 = 3_600_000_000
    let scale = TimeScale(gaps: [(hour, 10 * hour)], end: 11 * hour)
    let (before, after) = (scale.position(hour), scale.position(10 * hour))
    #expect(before == 47_619 && after == 52_380)
    #expect(scale.position(11 * hour) == 100_000)
    #expect(scale.position(5 * hour + hour / 2) == 50_000)
    #expect(!scale.ticks.contains { $0 > hour && $0 < 10 * hour })
    #expect(scale.ticks.contains(10 * hour + hour / 2))
  }

  @Test func shortGapsStayAsLongAsTheyAre() {
    let scale = TimeScale(gaps: [(500, 510), (700, 700)], end: 1_000)
    #expect(scale.gaps == [TimeScale.Gap(from: 500, until: 510, drawn: 10)])
    #expect(scale.position(250) == 25_000 && scale.position(750) == 75_000)
  }

  @Test(arguments: [0, 1, 999, 86_400_000_000, Int64.max / 2, .max])
  func positionsNeverOverflowNorGoBack(end: Int64) {
    let gap = (end / 4, end / 2)
    let scale = TimeScale(gaps: [gap], end: end)
    let times = [0, end / 8, end / 4, end / 3, end / 2, end / 2 + end / 4, end]
    let positions = times.map(scale.position)
    #expect(positions == positions.sorted())
    #expect(positions.allSatisfy { (0...TimeScale.width).contains($0) })
    #expect(scale.ticks.count <= 22 && scale.ticks == scale.ticks.sorted())
  }

  @Test func percentsAreDecimals() {
    #expect(TimeScale.percent(0) == "0.000%")
    #expect(TimeScale.percent(12_005) == "12.005%")
    #expect(TimeScale.percent(100_000) == "100.000%")
  }
}
