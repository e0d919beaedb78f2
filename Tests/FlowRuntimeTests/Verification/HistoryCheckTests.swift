import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowSimulation

/// Logs whose every checksum is right, and whose events are not.
struct HistoryCheckTests {
  private let harness = Harness(Harness.chain(2))
  private let storage = SimulatedStorage()

  /// The events of a run by wake-up.
  private func wakeUps() throws -> [[Event]] {
    var driver = try harness.create()
    while try driver.step() == nil {}
    var wakeUps: [[Event]] = []
    for event in try harness.read() {
      if event.startsWakeUp { wakeUps.append([]) }
      wakeUps[wakeUps.count - 1].append(event)
    }
    return wakeUps
  }

  /// Writes each group of events as a commit.
  private func verify(
    _ commits: [[Event]], life: UInt32 = 1, declaring extra: Int = 0,
    _ change: (inout [UInt8]) -> Void = { _ in }
  ) throws -> LogReport {
    var options = LogOptions()
    options.reservationBytes = 0
    try storage.makeDirectory("/log")
    var writer = try LogWriter.create(
      in: "/log", storage, salt: 9, engineLife: life, options)
    for events in commits {
      var encoder = EventEncoder()
      for event in events { encoder.append(event) }
      var bytes = encoder.finish()
      change(&bytes)
      try writer.append(
        bytes.span, events: events.count + extra, from: writer.durableSequence + 1)
      try writer.sync()
    }
    try writer.close()
    return try LogVerifier.verify(.log("/log"), in: storage, bootID: "boot")
  }

  @Test func aLogWithoutARunIsVerified() throws {
    let wakeUps = try wakeUps()
    let report = try verify(wakeUps)
    #expect(report.problems == [])
    #expect(report.commits == wakeUps.count)
    #expect(report.state?.phase == .finished(.succeeded))
    // The history does not say that it ends here.
    #expect(report.tail?.verdict == .intact(isSealed: false))
  }

  @Test func aFolderWithoutSegmentsIsDamage() throws {
    try storage.makeDirectory("/log")
    let report = try LogVerifier.verify(.log("/log"), in: storage, bootID: "boot")
    #expect(report.problems.map(\.cause) == [.log(LogError("/log", .empty))])
    #expect(report.loss == .certain)
  }

  @Test func aDecisionThatTheRulesDoNotCallForIsDamage() throws {
    var wakeUps = try wakeUps()
    let place = try #require(
      wakeUps.firstIndex { $0.contains { $0.body.kind == .stepFinished } })
    let index = try #require(wakeUps[place].firstIndex { $0.body.kind == .stepFinished })
    let right = wakeUps[place][index]
    wakeUps[place][index].body = .stepFinished(step: 0, .failed)
    let wrong = wakeUps[place][index]
    let problem = try #require(try verify(wakeUps).problems.first)
    guard case .decision(let difference) = problem.cause else {
      Issue.record("\(problem)")
      return
    }
    #expect(difference.expected == right.body && difference.recorded == wrong.body)
    #expect(problem.sequence == right.sequence)
    #expect(problem.path == "/log/00000001.seg" && problem.offset.map { $0 > 128 } == true)
  }

  @Test func aCommitThatLacksADecisionIsDamage() throws {
    var wakeUps = try wakeUps()
    wakeUps = [wakeUps[0].dropLast()]
    let report = try verify(wakeUps)
    guard case .decision(let difference)? = report.problems.first?.cause else {
      Issue.record("\(report.problems)")
      return
    }
    #expect(difference.recorded == nil)
    #expect(difference.expected?.kind == .attemptScheduled)
  }

  @Test func aWakeUpInTwoCommitsIsDamage() throws {
    let wakeUps = try wakeUps()
    let first = wakeUps[0]
    // The definition, and what was decided when it was known.
    let report = try verify([Array(first.prefix(2)), Array(first.dropFirst(2))])
    #expect(report.problems.map(\.cause).contains(.wakeUpSplit) || !report.problems.isEmpty)
    #expect(report.verdict == .damaged)
  }

  @Test func anEventThatCannotFollowIsDamage() throws {
    let wakeUps = try wakeUps()
    let report = try verify([wakeUps[0], wakeUps[0]])
    #expect(report.verdict == .damaged)
    #expect(report.problems.map(\.sequence) == [Int64(wakeUps[0].count) + 1])
  }

  @Test func aFrameThatSaysMoreEventsThanItHoldsIsDamage() throws {
    let first = try wakeUps()[0]
    let report = try verify([first], declaring: 1)
    #expect(
      report.problems.map(\.cause)
        == [.eventCount(declared: first.count + 1, found: first.count)])
  }

  @Test func anEventThatCannotBeReadIsDamageAndAnUnknownKindIsNewer() throws {
    let first = try wakeUps()[0]
    let cut = try verify([first]) { $0.removeLast() }
    #expect(cut.verdict == .damaged)
    guard case .event? = cut.problems.first?.cause else {
      Issue.record("\(cut.problems)")
      return
    }
  }

  @Test func anUnknownKindIsNewer() throws {
    let first = try wakeUps()[0]
    let newer = try verify([first]) { $0[0] = 31 << 1 | 1 }
    #expect(newer.verdict == .newer && newer.loss == .none)
  }

  @Test func aRunByUnknownRulesIsNewer() throws {
    var first = try wakeUps()[0]
    guard case .runCreated(var created) = first[0].body else {
      Issue.record("\(first)")
      return
    }
    created.policyVersion = 99
    first[0].body = .runCreated(created)
    #expect(try verify([first]).verdict == .newer)
  }

  @Test func aHistoryWithoutItsDefinitionIsDamage() throws {
    let first = try wakeUps()[0]
    let report = try verify([[first[0]]])
    #expect(report.problems.map(\.cause) == [.undefined])
  }

  @Test func aSegmentOfAnotherLifeIsDamage() throws {
    let report = try verify(try wakeUps(), life: 3)
    #expect(report.problems.map(\.cause) == [.engineLife(segment: 3, events: 1)])
  }

  /// The segments are read on where the events are wrong, and so is said what else is.
  @Test func damageBehindAnEventThatIsWrongIsToldToo() throws {
    let wakeUps = try wakeUps()
    var report = try verify(wakeUps, life: 3)
    #expect(report.frames == Int64(wakeUps.count))
    let path = "/log/00000001.seg"
    var bytes = try #require(storage.bytes(at: path))
    bytes[bytes.count - 80] ^= 1
    try storage.removeFile(path)
    let file = try storage.open(path, .create)
    _ = try storage.write(bytes.span, to: file, at: 0)
    report = try LogVerifier.verify(.log("/log"), in: storage, bootID: "boot")
    #expect(report.problems.count == 2)
  }
}
