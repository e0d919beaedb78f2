import FlowCore
import FlowJSON
import FlowSimulation
import Testing

@testable import FlowsimCommands

struct HazardJSONTests {
  private static let findings = HandMade.findings(
    HandMade.definition(ids: ["a", "b"]),
    faulty: [
      HandMade.fate(
        .failed, seconds: 90, [.powerLoss],
        steps: [
          HandMade.step(1) {
            $0.repetitions = [.init(.powerLoss, hadSucceeded: true)]
            $0.losses = 1
            $0.lostMicroseconds = 2_500_000
            $0.failure = .command
            $0.retries = 5
          }
        ]),
      HandMade.fate(),
    ],
    changes: [
      (DefinitionChange(step: 1, .onLost(.fail)), [HandMade.fate(), HandMade.fate()]),
      (DefinitionChange(step: 1, .retry(maxAttempts: 3)), [HandMade.fate(), HandMade.fate()]),
    ])

  @Test func theReportIsOneLine() throws {
    let text = HazardJSON(Self.findings).text
    #expect(text.hasSuffix("}\n"))
    #expect(text.count { $0 == "\n" } == 1)
    let json = try JSON(text)
    #expect(
      json.keys == [
        "workflow", "steps", "jobs", "seed", "model", "withoutFaults", "underFaults", "hazards",
        "neverLost",
      ])
    #expect(json["workflow"]?.string == "nightly")
    #expect(json["seed"]?.string == "7")
    #expect(json["model"]?.keys == ["source", "path"])
    #expect(json["model"]?["source"]?.string == "file")
    #expect(json["model"]?["path"]?.string == "model.json")
    #expect(json["neverLost"] == .array([.string("a")]))
  }

  @Test func runsAreToldWithoutFaultsAndUnderThem() throws {
    let json = try JSON(HazardJSON(Self.findings).text)
    let quiet = try #require(json["withoutFaults"])
    #expect(quiet["worlds"]?.integer == 2)
    #expect(quiet["medianMs"]?.integer == 60_000)
    #expect(quiet["succeeded"]?.integer == 2)
    let faulty = try #require(json["underFaults"])
    #expect(faulty["worstMs"]?.integer == 90_000)
    #expect(faulty["succeeded"]?.integer == 1)
    #expect(faulty["failed"]?.integer == 1)
    #expect(faulty["lostWorkMs"]?.integer == 2_500)
    #expect(faulty["survivors"]?.integer == 0)
    #expect(faulty["faults"]?.keys == HazardCause.allCases.map { "\($0)" })
    #expect(faulty["faults"]?["powerLoss"]?.integer == 1)
    #expect(faulty["faults"]?["disk"]?.integer == 0)
  }

  @Test func hazardsComeWithTheirChanges() throws {
    let json = try JSON(HazardJSON(Self.findings).text)
    let hazards = try #require(json["hazards"]).elements
    #expect(hazards.count == 1)
    let hazard = hazards[0]
    #expect(hazard["step"]?.string == "b")
    let counts = [
      "repeated", "repeatedAfterSuccess", "repeatedHalfDone", "retried", "lost", "failed",
      "failedByLoss", "failedThoughDone", "hung",
    ]
    #expect(counts.map { hazard[$0]?.integer } == [1, 1, 0, 1, 1, 1, 0, 0, 0])
    #expect(hazard["mostLostWorkMs"]?.integer == 2_500)
    #expect(hazard["repetitions"]?["powerLoss"]?.integer == 1)
    let changes = try #require(hazard["changes"]).elements
    #expect(
      changes.map(\.keys) == [
        ["onLost", "before", "after"], ["retryMaxAttempts", "before", "after"],
      ])
    #expect(changes[0]["onLost"]?.string == "fail")
    #expect(changes[1]["retryMaxAttempts"]?.integer == 3)
    #expect(changes[0]["before"]?["step"]?["repeated"]?.integer == 1)
    #expect(changes[0]["after"]?["step"]?["repeated"]?.integer == 0)
    #expect(changes[0]["after"]?["succeeded"]?.integer == 2)
  }

  @Test func theSourceIsTold() throws {
    let source = ModelSource.history(
      runs: 3, attempts: 9, unseenSteps: 1, unreadableRuns: 2, home: "/h")
    let findings = HandMade.findings(
      HandMade.definition(ids: ["a"]), source, faulty: [HandMade.fate()])
    let model = try #require(try JSON(HazardJSON(findings).text)["model"])
    #expect(model["source"]?.string == "history")
    let counts = ["runs", "attempts", "unseenSteps", "unreadableRuns"]
    #expect(counts.map { model[$0]?.integer } == [3, 9, 1, 2])
    let guess = HandMade.findings(
      HandMade.definition(ids: ["a"]), .guess, faulty: [HandMade.fate()])
    #expect(try JSON(HazardJSON(guess).text)["model"]?["source"]?.string == "guess")
  }
}
