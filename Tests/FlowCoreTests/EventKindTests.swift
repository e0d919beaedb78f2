import FlowCore
import Testing

/// Logs store the codes and programs read the names: neither ever changes. A new kind gets a row here.
@Suite struct EventKindTests {
  private static let known: [Row] = [
    Row(1, "runCreated", .fact, about: [.run], opens: .run),
    Row(2, "definitionPart", .fact, about: [.run]),
    Row(3, "engineStarted", .fact, about: [.run]),
    Row(4, "attemptLaunched", .fact, about: [.attempt]),
    Row(5, "deadlinePassed", .fact, about: [.attempt]),
    Row(6, "attemptEnded", .fact, about: [.attempt], closes: .attempt),
    Row(7, "attemptWithdrawn", .fact, about: [.attempt], closes: .attempt),
    Row(8, "cancelRequested", .fact, about: [.run]),
    Row(9, "timerFired", .fact, about: [.step, .run]),
    Row(10, "attemptFound", .fact, about: [.attempt]),
    Row(11, "clockJumped", .fact, about: [.run]),
    Row(12, "roomReturned", .fact, about: [.run]),
    Row(13, "runReopened", .fact, about: [.run], opens: .run),
    Row(32, "attemptScheduled", .decision, about: [.attempt], opens: .attempt),
    Row(33, "retryScheduled", .decision, about: [.attempt]),
    Row(34, "rerunScheduled", .decision, about: [.attempt]),
    Row(35, "stopRequested", .decision, about: [.attempt]),
    Row(36, "stepFinished", .decision, about: [.step], closes: .step),
    Row(37, "stepSkipped", .decision, about: [.step], closes: .step),
    Row(38, "runStopping", .decision, about: [.run]),
    Row(39, "runFinished", .decision, about: [.run], closes: .run),
    Row(40, "probeScheduled", .decision, about: [.attempt]),
    Row(41, "runConcluding", .decision, about: [.run]),
    Row(42, "runConcluded", .decision, about: [.run]),
    Row(43, "outputsPublished", .fact, about: [.attempt]),
    Row(44, "answered", .fact, about: [.step]),
    Row(46, "workSynced", .fact, about: [.run]),
    Row(45, "asked", .decision, about: [.step]),
    Row(48, "stepExpanded", .decision, about: [.step]),
    Row(49, "publishScheduled", .decision, about: [.attempt]),
  ]

  struct Row: Sendable {
    enum Side { case fact, decision }

    let code: UInt8
    let name: String
    let side: Side
    /// What events of the kind can be about.
    let about: Set<EventKind.Scope>
    let opens: EventKind.Scope?
    let closes: EventKind.Scope?

    init(
      _ code: UInt8, _ name: String, _ side: Side, about: Set<EventKind.Scope>,
      opens: EventKind.Scope? = nil, closes: EventKind.Scope? = nil
    ) {
      self.code = code
      self.name = name
      self.side = side
      self.about = about
      self.opens = opens
      self.closes = closes
    }
  }

  @Test(arguments: known)
  func codeAndNameAreStable(row: Row) throws {
    let kind = try #require(EventKind(rawValue: row.code))
    #expect(kind.name == row.name)
    #expect(kind.isFact == (row.side == .fact))
    #expect(EventKind(name: row.name) == kind)
  }

  @Test(arguments: known)
  func everyKindSaysWhatItIsAbout(row: Row) throws {
    let kind = try #require(EventKind(rawValue: row.code))
    #expect(kind.opens == row.opens && kind.closes == row.closes)
    var generator = Generator(seed: 1)
    var found: Set<EventKind.Scope> = []
    for _ in 0..<50 {
      let body = generator.body(of: kind)
      switch body.subject {
      case .run:
        found.insert(.run)
        #expect(body.step == nil && body.attempt == nil)
      case .step(let step):
        found.insert(.step)
        #expect(body.step == step && body.attempt == nil)
      case .attempt(let attempt):
        found.insert(.attempt)
        #expect(body.step == attempt.step && body.attempt == attempt)
      }
    }
    #expect(found == row.about)
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
