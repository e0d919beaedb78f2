import FlowCore
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowLog
@testable import FlowSimulation

/// The checker finds every verdict that does not fit the log, and accepts the one that does.
struct VerdictCheckerTests {
  private let disk: SimulatedStorage
  private let folder = RunFolder(path: "/run")
  private let segment = "/run/log/00000001.seg"
  private let ends: [Int]

  /// A log of three commits of one event each; the sync of the third has not returned.
  init() throws { try self.init(.ordered) }

  private init(_ tier: StorageTier) throws {
    disk = SimulatedStorage(tier)
    for path in ["/run", "/run/log"] { try disk.makeDirectory(path) }
    try disk.syncDirectory("/")
    try disk.syncDirectory("/run")
    var options = LogOptions()
    options.compression = .none
    options.reservationBytes = 4_096
    var writer = try LogWriter.create(
      in: folder.log, disk, salt: 5, engineLife: 1, options)
    var ends: [Int] = []
    for sequence in 1...3 as ClosedRange<UInt64> {
      // A kind of event that there is not.
      let payload = [UInt8](repeating: 120 + UInt8(sequence), count: 1_000)
      try writer.append(payload.span, events: 1, from: sequence)
      if sequence < 3 { try writer.sync() }
      ends.append(Int(writer.durableLength))
    }
    ends[2] = ends[1] + LogFormat.frameLength(storing: 1_000)
    self.ends = ends
  }

  private let inFlight = Event(
    sequence: 3,
    moment: Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0)),
    startsWakeUp: true, body: .runStopping(.cancelled))

  private func truth(
    acknowledged: Int = 2, inFlight: [Event]? = nil, isBetrayed: Bool = false
  ) -> VerdictChecker.Truth {
    let bytes = disk.bytes(at: segment) ?? []
    return VerdictChecker.Truth(
      acknowledged: acknowledged, inFlight: inFlight ?? [self.inFlight], isFinished: false,
      isBetrayed: isBetrayed, isLogBetrayed: isBetrayed,
      segments: [
        DurableLog.Segment(path: segment, bytes: Array(bytes[..<ends[2]]), commitEnds: ends)
      ])
  }

  private func fired(_ check: () throws(Violation) -> Void) -> Property? {
    do throws(Violation) {
      try check()
      return nil
    } catch {
      return error.property
    }
  }

  private func fired(_ truth: VerdictChecker.Truth) -> Property? {
    fired { () throws(Violation) in
      try VerdictChecker.check(tail(), in: disk, truth)
    }
  }

  private func tail() -> Result<LogTail, RunError> {
    do throws(LogError) {
      var reader = try LogReader.open(folder.log, in: disk, .recovering)
      try reader.drain()
      guard let tail = reader.tail else { preconditionFailure("a log was read to no end") }
      return .success(tail)
    } catch {
      return .failure(.log(error))
    }
  }

  private func overwrite(_ offset: Int, _ bytes: [UInt8]) throws {
    let file = try disk.open(segment, .update)
    _ = try disk.write(bytes.span, to: file, at: Int64(offset))
    try disk.sync(file)
    try disk.close(file)
  }

  private func tail(_ verdict: TailVerdict, at offset: Int, after sequence: UInt64) -> LogTail {
    LogTail(
      verdict: verdict, path: segment, offset: Int64(offset), bytes: 0, lastSequence: sequence,
      lastAtStake: sequence)
  }

  @Test func whatIsThereIsIntact() {
    #expect(fired(truth()) == nil)
    #expect(fired(truth(acknowledged: 3, inFlight: [])) == nil)
  }

  @Test func historyThatIsGoneAndNotMissedFires() {
    #expect(fired(truth(acknowledged: 4)) == .verdict)
  }

  @Test func aTearFiresWhereNothingWasInFlight() throws {
    // The end of the third commit never came.
    try overwrite(ends[2] - 100, [UInt8](repeating: 0, count: 100))
    #expect(fired(truth()) == nil)
    #expect(fired(truth(inFlight: [])) == .verdict)
    #expect(fired(truth(acknowledged: 3)) == .verdict)
  }

  @Test func damageFiresAfterAMereCrash() throws {
    try overwrite(ends[0] - 100, [0])
    #expect(fired(truth()) == .verdict)
    #expect(fired(truth(isBetrayed: true)) == nil)
  }

  @Test func aLogThatIsGoneFires() throws {
    try disk.removeFile(segment)
    let before = VerdictChecker.Truth(
      acknowledged: 2, inFlight: [], isFinished: false, isBetrayed: false, isLogBetrayed: false,
      segments: [])
    #expect(fired(before) == .verdict)
  }

  @Test func aSegmentThatIsNamedBeforeTheOneBeforeIsDurableFires() throws {
    func names(atRisk: String...) -> Property? {
      fired { () throws(Violation) in
        try SegmentNameChecker.check(["1.seg", "2.seg", "3.seg"]) { atRisk.contains($0) }
      }
    }
    #expect(names() == nil)
    #expect(names(atRisk: "3.seg") == nil)
    #expect(names(atRisk: "2.seg") == .verdict)
    #expect(names(atRisk: "2.seg", "3.seg") == .verdict)
    // The same on the disk.
    try disk.makeDirectory("/f")
    try disk.close(try disk.open("/f/1.seg", .create))
    #expect(disk.folder(at: "/f")?.isAtRisk("1.seg") == true)
    try disk.syncDirectory("/f")
    #expect(disk.folder(at: "/f")?.isAtRisk("1.seg") == false)
    #expect(disk.folder(at: "/f/1.seg") == nil)
  }

  @Test func moreAtStakeThanThereWasFires() {
    let tail = LogTail(
      verdict: .ambiguous, path: segment, offset: Int64(ends[1]), bytes: 9, lastSequence: 2,
      lastAtStake: 4)
    #expect(fired { () throws(Violation) in try VerdictChecker.check(tail, truth()) } == .verdict)
  }

  /// Only a first part of the third commit was written: it is torn, and not ambiguous.
  @Test func doubtFiresWhereAFrameIsCutShort() throws {
    let ambiguous = tail(.ambiguous, at: ends[1], after: 2)
    var draws = [1, 1, 2]
    disk.losePower { site, _ in
      site == .lostNames ? 0 : draws.isEmpty ? 0 : draws.removeFirst()
    }
    #expect(disk.bytesBeforeLoss(at: segment) != nil)
    #expect(
      fired { () throws(Violation) in try VerdictChecker.checkDoubt(ambiguous, disk) } == .verdict)
    // A reader of the same bytes has none.
    #expect(fired(truth()) == nil)
  }

  /// Of three sectors of the third commit only the second came: neither its header nor its end.
  @Test func doubtFiresWhereOnlyAMiddleIsThere() throws {
    let weak = try Self(.weak)
    let disk = weak.disk
    let ambiguous = tail(.ambiguous, at: ends[1], after: 2)
    // Sector by sector: lost, written, lost; what is lost are zeros.
    var draws = [1, 2, 1, 2, 0]
    disk.losePower { site, _ in
      site == .lostNames ? 0 : draws.isEmpty ? 0 : draws.removeFirst()
    }
    #expect(disk.bytes(at: segment)?[2_600] == 123 && disk.bytes(at: segment)?[3_200] == 0)
    #expect(
      fired { () throws(Violation) in try VerdictChecker.checkDoubt(ambiguous, disk) } == .verdict)
    // A reader of the same bytes has none.
    #expect(weak.fired(weak.truth()) == nil)
  }

  /// On a disk that loses a sector in the middle, the same frame may be all there.
  @Test func doubtIsRightWhereAFrameHasItsEnd() throws {
    let disk = self.disk
    let written = try #require(disk.bytes(at: segment))
    disk.losePower { _, _ in 0 }
    try overwrite(ends[2] - 100, [UInt8](repeating: 0, count: 50))
    let ambiguous = tail(.ambiguous, at: ends[1], after: 2)
    #expect(written.count == disk.bytes(at: segment)?.count)
    #expect(
      fired { () throws(Violation) in try VerdictChecker.checkDoubt(ambiguous, disk) } == nil)
    #expect(fired(truth()) == nil)
  }

  /// The second commit cannot be read, and the third one proves that it was durable.
  @Test func aTearFiresBeforeACommitThatProvesMore() {
    let truth = truth(acknowledged: 3, isBetrayed: true)
    let torn = tail(.torn, at: ends[0], after: 1)
    #expect(
      fired { () throws(Violation) in
        try VerdictChecker.check(betrayed: torn, truth, disk)
      } == .verdict)
    // Without the proof it is unknown.
    let last = tail(.torn, at: ends[1], after: 2)
    #expect(
      fired { () throws(Violation) in
        try VerdictChecker.check(betrayed: last, truth, disk)
      } == nil)
  }

  /// These segments hold no events that this version knows.
  @Test func whatOnlyVerifyFindsFires() throws {
    let report = try LogVerifier.verify(.log(folder.log), in: disk.copy(), bootID: "b")
    #expect(report.verdict == .newer)
    func fired(_ truth: VerdictChecker.Truth) -> Property? {
      self.fired { () throws(Violation) in try VerdictChecker.check(report, truth) }
    }
    #expect(fired(truth()) == .verdict)
    #expect(fired(truth(isBetrayed: true)) == nil)
  }

  // MARK: In worlds

  /// The option is read as it is set, and every world holds.
  @Test(arguments: [0, 1, 2])
  func worldsOfEachTierHold(tier: Int) throws {
    let recipe = try WorldRecipe([
      .init("storageTier", "\(tier)"), .init("crashPerMille", "60"), .init("maxCrashes", "5"),
      .init("storageErrorPerMille", "5"), .init("hostilePerMille", "20"),
    ])
    var lost = 0
    for seed in 1...100 as ClosedRange<UInt64> {
      let report = recipe.run(seed: seed)
      #expect(report.violation == nil, "seed \(seed)")
      if report.isLost { lost += 1 }
    }
    #expect((lost > 0) == (tier == 2))
  }
}
