import FlowCore
import Testing

/// Codes are stored in logs and names are shown to programs: neither may ever change. A new kind
/// gets a line of its own here.
@Suite struct EventKindTests {
  private static let known: [(code: UInt8, name: String, isFact: Bool)] = [
    (1, "runCreated", true),
    (2, "definitionPart", true),
    (3, "engineStarted", true),
    (4, "attemptLaunched", true),
    (5, "deadlinePassed", true),
    (6, "attemptEnded", true),
    (7, "attemptWithdrawn", true),
    (8, "cancelRequested", true),
    (9, "timerFired", true),
    (10, "attemptFound", true),
    (11, "clockJumped", true),
    (12, "roomReturned", true),
    (13, "runReopened", true),
    (32, "attemptScheduled", false),
    (33, "retryScheduled", false),
    (34, "rerunScheduled", false),
    (35, "stopRequested", false),
    (36, "stepFinished", false),
    (37, "stepSkipped", false),
    (38, "runStopping", false),
    (39, "runFinished", false),
    (40, "probeScheduled", false),
  ]

  @Test(arguments: known)
  func codeAndNameAreStable(code: UInt8, name: String, isFact: Bool) throws {
    let kind = try #require(EventKind(rawValue: code))
    #expect(kind.name == name)
    #expect(kind.isFact == isFact)
    #expect(EventKind(name: name) == kind)
  }

  @Test func everyKindIsInTheTable() {
    #expect(EventKind.allCases.map(\.rawValue) == Self.known.map(\.code))
  }

  @Test(arguments: ["", "RunCreated", "runcreated", "attempt", "8"])
  func otherNamesAreNoKinds(name: String) {
    #expect(EventKind(name: name) == nil)
  }

  @Test(arguments: EventKind.allCases)
  func bodyKnowsItsKind(kind: EventKind) {
    var generator = Generator(seed: 1)
    #expect(generator.body(of: kind).kind == kind)
  }
}
