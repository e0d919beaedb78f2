import FlowCore
import FlowDefinition
import FlowPublication
import FlowSimulation
import TestSupport
import Testing

@testable import FlowFuzzing

/// All properties hold for the first inputs of fuzzers, and these have the intended contents.
struct SeedTests {
  private static let logs = ["v1/chain", "v1/rotated", "v1/survivors", "Damaged/torn"]

  /// By name.
  private func segments(ofLog log: String) -> [(String, [UInt8])] {
    Repository.files(under: "Fixtures/Logs/\(log)").map {
      (String($0.suffix("00000001.seg".count)), Repository.read($0))
    }
  }

  @Test(arguments: logs) func logsAreRead(log: String) {
    let segments = segments(ofLog: log)
    for seed in FuzzSeeds.segments(ofLog: segments.map(\.1)) {
      #expect(FuzzTarget.segment.finding(in: seed) == nil)
    }
    let events = FuzzSeeds.events(ofLog: Dictionary(uniqueKeysWithValues: segments))
    #expect(events.count > 100)
    #expect(FuzzTarget.events.finding(in: events) == nil)
  }

  @Test func recordsAreRead() {
    for record in FuzzSeeds.records { #expect(FuzzTarget.record.finding(in: record) == nil) }
  }

  @Test func manifestsAreRead() throws {
    for seed in FuzzSeeds.manifests {
      #expect(FuzzTarget.manifest.finding(in: seed) == nil)
      #expect(throws: Never.self) { try Manifest.decode(Array(seed.dropFirst())) }
    }
  }

  @Test func variablesAreRead() throws {
    for file in FuzzSeeds.variables { #expect(FuzzTarget.variables.finding(in: file) == nil) }
    #expect(
      try FuzzSeeds.variables.dropLast().allSatisfy { file in
        try !VariableFileParser.parse(file, file: "f").isEmpty
      })
  }

  @Test(arguments: ["valid/every-key", "valid/nightly", "invalid/everything-at-once"])
  func definitionsAreRead(name: String) {
    let bytes = Fixtures.read("Workflows/\(name).json")
    #expect(FuzzTarget.definition.finding(in: bytes) == nil)
  }

  @Test(arguments: ["valid/every-key", "valid/nightly", "invalid/traps"])
  func definitionsInYAMLAreRead(name: String) {
    let bytes = Fixtures.read("Workflows/\(name).yaml")
    #expect(FuzzTarget.yaml.finding(in: bytes) == nil)
  }

  @Test(arguments: 1...5 as ClosedRange<UInt64>)
  func bytesMakeTheWorldThatTheyWereWrittenIn(seed: UInt64) {
    let world = ScheduleTarget.run(SeededChoices(seed: seed))
    let bytes = FuzzSeeds.schedule(ofSeed: seed)
    #expect(ScheduleTarget.run(ByteChoices(bytes)) == world)
    #expect(FuzzTarget.schedule.finding(in: bytes) == nil)
  }

  @Test func tracesBecomeSchedules() throws {
    for name in ["behind-a-tear", "refusal-of-a-dead-launchers-monitor"] {
      let trace = Fixtures.read("Seeds/\(name).trace")
      let bytes = try #require(FuzzSeeds.schedule(ofTrace: trace))
      let options = try TraceText.world(from: trace).options
      #expect(ScheduleTarget.run(ByteChoices(bytes)).options == options)
    }
    #expect(FuzzSeeds.schedule(ofTrace: [1, 2, 3]) == nil)
  }
}
