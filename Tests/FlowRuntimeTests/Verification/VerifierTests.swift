import CMonitor
import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowSimulation

/// `LogVerifier` on logs of every kind, and `LogRepair` on those that can be repaired.
struct VerifierTests {
  let harness = Harness(Harness.chain(12))
  var folder: RunFolder { harness.home.folder(of: "run") }
  var disk: SimulatedStorage { harness.world.storage }

  /// - Parameter boot: where it is verified; nil for where the world is.
  func verify(id: String? = "run", boot: String? = nil) throws -> LogReport {
    try LogVerifier.verify(
      .run(folder, id: id), in: disk, bootID: boot ?? harness.world.host.bootID)
  }

  func repair(boot: String? = nil) throws -> LogRepair.Outcome {
    var process = harness.process(7)
    if let boot { process.host.bootID = boot }
    return try LogRepair.repair(folder, id: "run", by: process, in: disk)
  }

  /// The run, from its creation to its end.
  func run() throws {
    var driver = try harness.create()
    while try driver.step() == nil {}
    try driver.finish()
  }

  /// An engine that died some way into the run, with nothing in flight; with the power, so did all
  /// that it had started.
  func die(losingPower: Bool = true) throws {
    do {
      var driver = try harness.create()
      while harness.recorder.events.count < 15 || !driver.commitInFlight.isEmpty {
        _ = try driver.step()
      }
    }
    harness.world.replaceEngine(losingPower: losingPower)
  }

  func lastSegment() throws -> String {
    "\(folder.log)/\(try #require(disk.entries(of: folder.log).last))"
  }

  /// Puts a file in the place of another, or where there was none.
  func put(_ bytes: [UInt8], in path: String) throws {
    try? disk.removeFile(path)
    let file = try disk.open(path, .create)
    if !bytes.isEmpty { _ = try disk.write(bytes.span, to: file, at: 0) }
    try disk.sync(file)
    try disk.close(file)
  }

  /// Changes the last segment; `end` is one past the last byte that is not zero.
  func change(_ body: (_ bytes: inout [UInt8], _ end: Int) -> Void) throws {
    let path = try lastSegment()
    var bytes = try #require(disk.bytes(at: path))
    body(&bytes, (bytes.lastIndex { $0 != 0 } ?? -1) + 1)
    try put(bytes, in: path)
  }

  func log() throws -> [String: [UInt8]] {
    var bytes: [String: [UInt8]] = [:]
    for name in try disk.entries(of: folder.log) {
      bytes[name] = disk.bytes(at: "\(folder.log)/\(name)")
    }
    return bytes
  }

  // MARK: Whole logs

  @Test func aRunThatHasEndedIsIntact() throws {
    try run()
    let report = try verify()
    #expect(report.verdict == .intact && report.loss == .none)
    #expect(report.problems == [])
    #expect(report.lastSequence == Int64(harness.recorder.events.count))
    #expect(report.runID == "run")
    #expect(report.state?.phase == .finished(.succeeded))
    #expect(report.tail?.verdict == .intact(isSealed: true))
    #expect(report.position?.segment == UInt64(try disk.entries(of: folder.log).count))
    #expect(report.commits > 12 && report.frames == report.commits)
    #expect(report.engine == nil && !report.isRepairable)
    #expect(try repair() == .whole)
  }

  @Test func ofARunThatGoesOnWhatIsDurableIsVerified() throws {
    var driver = try harness.create(by: 41)
    while harness.recorder.events.count < 15 { _ = try driver.step() }
    let report = try verify()
    #expect(report.verdict == .intact)
    #expect(report.engine?.processID == 41)
    #expect(report.lastSequence == Int64(harness.recorder.events.count))
    #expect(throws: RunError.runIsHeld("run", processID: 41)) { try repair() }
  }

  @Test func whatSeveralLivesWroteIsIntact() throws {
    try die(losingPower: false)
    #expect(try harness.drive(by: 2))
    #expect(try verify().verdict == .intact)
    #expect(try verify().state?.lives == 2)
  }

  // MARK: Ends that cannot be read

  private func tear() throws {
    try change { bytes, end in for index in end - 8..<end { bytes[index] = 0 } }
  }

  @Test func aTornEndIsToldAndRepaired() throws {
    try die()
    // As if the commit had never been finished, nor acknowledged.
    try disk.removeFile(folder.lock)
    try tear()
    let before = try log()
    let report = try verify()
    #expect(report.verdict == .torn && report.loss == .none && report.isRepairable)
    let tail = try #require(report.tail)
    #expect(
      report.problems == [
        LogProblem(
          .tail(tail), in: try lastSegment(), at: tail.offset, event: Int64(tail.lastSequence) + 1)
      ])
    guard case .repaired(report, let cut, let segment) = try repair() else {
      Issue.record("not repaired")
      return
    }
    #expect(cut == tail && segment == UInt64(before.count + 1))
    let after = try log()
    #expect(after.filter { before[$0.key] != nil } == before)
    #expect(after.count == before.count + 1)
    let repaired = try verify()
    #expect(repaired.verdict == .intact && repaired.lastSequence == Int64(tail.lastSequence))
    #expect(try repair() == .whole)
    // An engine continues from there as if there had been no repair.
    #expect(try harness.drive(by: 3))
    #expect(try verify().state?.phase == .finished(.succeeded))
  }

  @Test func aCommitThatIsWrongIsAmbiguous() throws {
    try die()
    try disk.removeFile(folder.lock)
    try change { bytes, end in bytes[end - 12] ^= 4 }
    let report = try verify(boot: "another")
    #expect(report.verdict == .ambiguous && report.loss == .possible && report.isRepairable)
    guard case .repaired = try repair(boot: "another") else {
      Issue.record("not repaired")
      return
    }
    #expect(try verify(boot: "another").verdict == .intact)
  }

  /// A run that has ended, and whose seal was lost, gets another.
  @Test func aRepairedRunThatHasEndedIsSealed() throws {
    try run()
    harness.world.replaceEngine(losingPower: true)
    try change { bytes, end in bytes[end - 1] = 0 }
    #expect(try verify().verdict == .torn)
    guard case .repaired = try repair() else {
      Issue.record("not repaired")
      return
    }
    #expect(try verify().tail?.verdict == .intact(isSealed: true))
  }

  @Test func whatTheLockFileSaysIsMissing() throws {
    try die(losingPower: false)
    let through = Int64(harness.recorder.events.count)
    try tear()
    let before = try log()
    for boot in [harness.world.host.bootID, "another"] {
      let report = try verify(boot: boot)
      #expect(report.verdict == .damaged && report.loss == .certain && !report.isRepairable)
      let problem = try #require(report.problems.last)
      #expect(
        problem.cause == .claimedDurable(through: through, last: report.lastSequence))
      #expect(problem.path == folder.lock)
      guard case .refused = try repair(boot: boot) else {
        Issue.record("not refused")
        return
      }
    }
    #expect(try log() == before)
  }

  /// By the lock file, the engine had acknowledged nothing of it.
  @Test func aCommitInFlightThatIsWrongWasNotAcknowledged() throws {
    try die(losingPower: false)
    // A frame in the place of the next, and not what belongs there.
    try change { bytes, end in
      let start = (0..<end - 48).last { bytes[$0] == 0x66 && bytes[$0 + 1] == 0x4c } ?? 0
      let frame = Array(bytes[start..<end])
      bytes.replaceSubrange(end..<min(bytes.count, end + frame.count), with: frame)
    }
    let report = try verify()
    #expect(report.verdict == .ambiguous && report.loss == .none)
    #expect(try verify(boot: "another").loss == .possible)
  }

  @Test func garbageBehindTheEndIsDamageThatCanBeRepaired() throws {
    try run()
    harness.world.replaceEngine(losingPower: true)
    try change { bytes, end in bytes.replaceSubrange(end..<end + 3, with: [1, 2, 3]) }
    let report = try verify()
    #expect(report.verdict == .damaged && report.loss == .none && report.isRepairable)
    guard case .repaired(_, let tail, _) = try repair() else {
      Issue.record("not repaired")
      return
    }
    #expect(tail.bytes == 3)
    let repaired = try verify()
    #expect(repaired.verdict == .intact)
    #expect(repaired.lastSequence == Int64(harness.recorder.events.count))
  }

  @Test func damageBeforeTheEndIsNotRepaired() throws {
    try run()
    harness.world.replaceEngine(losingPower: true)
    try #require(disk.entries(of: folder.log).count > 1)
    let path = "\(folder.log)/00000001.seg"
    var bytes = try #require(disk.bytes(at: path))
    bytes[200] ^= 1
    try put(bytes, in: path)
    let before = try log()
    let report = try verify()
    #expect(report.verdict == .damaged && report.loss == .certain && !report.isRepairable)
    #expect(report.problems.map(\.path) == [path] && report.problems[0].offset == 128)
    #expect(try repair() == .refused(verify()))
    #expect(try log() == before)
  }

  @Test func aLogWhoseLauncherLingersIsNotRepaired() throws {
    try die()
    try tear()
    let launcher = try disk.open(folder.launcher, .update)
    #expect(try disk.tryLock(launcher))
    #expect(throws: RunError.orphanedLauncher(path: folder.launcher)) { try repair() }
  }

  // MARK: What attempts have left

  private func record(
    _ name: String, attempt: AttemptID, intent: Int64, end: flow_record_end? = nil
  ) throws {
    var start = flow_record_start.sample
    start.step = attempt.step
    start.attempt = attempt.number
    start.intent = intent
    try put(
      RecordBytes.of(start: start, command: .sample, end: end), in: "\(folder.attempts)/\(name)")
  }

  private func intent(of attempt: AttemptID) throws -> Int64 {
    try #require(harness.recorder.events.first { $0.body == .attemptScheduled(attempt) }).sequence
  }

  @Test func recordsThatAgreeAreRight() throws {
    try run()
    let attempt = AttemptID(step: 1, number: 1)
    try record("s1@1.rec", attempt: attempt, intent: try intent(of: attempt))
    for step in 0..<12 { try put([], in: "\(folder.attempts)/s\(step)@1.out") }
    #expect(try verify().problems == [])
    #expect(try verify().notes == [])
  }

  @Test func aRecordOfALaterVersionIsNewer() throws {
    try run()
    var bytes = RecordBytes.sample
    RecordBytes.makeNewer(&bytes, .end)
    try put(bytes, in: "\(folder.attempts)/s1@1.rec")
    #expect(try verify().problems.map(\.cause).contains(.recordNewer))
  }

  @Test func aRecordOfAnEventThatIsMissingIsDamage() throws {
    try run()
    let last = Int64(harness.recorder.events.count)
    try record("s1@1.rec", attempt: AttemptID(step: 1, number: 1), intent: last + 5)
    let report = try verify()
    #expect(report.problems.map(\.cause) == [.attemptUnknown(intent: last + 5, last: last)])
    #expect(report.problems.map(\.path) == ["\(folder.attempts)/s1@1.rec"])
    #expect(report.verdict == .damaged && report.loss == .certain)
  }

  @Test func anOutputOfAnAttemptThatTheHistoryLacksIsDamage() throws {
    try run()
    // An empty one can be the return of a name, after a crash.
    try put([], in: "\(folder.attempts)/s1@2.out")
    #expect(try verify().problems == [])
    try put([10], in: "\(folder.attempts)/s1@2.out")
    let causes = try verify().problems.map(\.cause)
    #expect(causes == [.attemptUnknown(intent: nil, last: Int64(harness.recorder.events.count))])
  }

  @Test func aRecordWhoseIntentIsAnothersIsDamage() throws {
    try run()
    let intent = try intent(of: AttemptID(step: 2, number: 1))
    try record("s1@1.rec", attempt: AttemptID(step: 1, number: 1), intent: intent)
    #expect(try verify().problems.map(\.cause) == [.intentDiffers(intent: intent)])
  }

  @Test func aRecordThatTellsOfAnotherEndIsDamage() throws {
    try run()
    let attempt = AttemptID(step: 1, number: 1)
    try record("s1@1.rec", attempt: attempt, intent: try intent(of: attempt), end: .sample)
    let problem = try #require(try verify().problems.first)
    guard case .endDiffers(let recorded, let history) = problem.cause else {
      Issue.record("\(problem)")
      return
    }
    #expect(recorded.result == .signalled(signal: 9) && history.result == .exited(code: 0))
  }

  @Test func whatIsOnlyUnusualIsNoted() throws {
    try run()
    for step in 0..<12 { try put([], in: "\(folder.attempts)/s\(step)@1.out") }
    try put([1, 2, 3], in: "\(folder.attempts)/s1@1.rec")
    try put([], in: "\(folder.attempts)/notes.txt")
    for known in ["manifest", "stage"] {
      try put([], in: "\(folder.attempts)/s2@1.\(known)")
    }
    try disk.removeFile("\(folder.attempts)/s1@1.out")
    let report = try verify()
    #expect(report.verdict == .intact)
    #expect(
      report.notes == [
        "\(folder.attempts)/s1@1.rec: the attempt record cannot be read",
        "\(folder.attempts)/notes.txt: not a file of this run",
        "\(folder.attempts)/s1@1.out: the output of an attempt is missing",
      ])
  }

  @Test func aHistoryOfAnotherRunIsDamage() throws {
    try run()
    let report = try verify(id: "other")
    #expect(report.problems.map(\.cause) == [.otherRun(recorded: "run", expected: "other")])
    #expect(try verify(id: nil).verdict == .intact)
  }
}
