import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowSimulation

/// What a new engine does with the end of a log that it cannot read, and with a history that cannot
/// be right.
struct TailTests {
  private let harness = Harness(Harness.chain(12))
  private var folder: RunFolder { harness.home.folder(of: "run") }
  private var disk: SimulatedStorage { harness.world.storage }

  /// An engine that died some way into the run, with nothing in flight.
  ///
  /// - Returns: its last commit, which nothing was launched for.
  private func die(losingPower: Bool = false) throws -> [Event] {
    var last: [Event] = []
    var count = 0
    harness.recorder.onCommit = { [recorder = harness.recorder] in
      last = Array(recorder.events.dropFirst(count))
      count = recorder.events.count
    }
    do {
      var driver = try harness.create()
      func isEnough() -> Bool {
        count > 12 && !last.contains { $0.body.kind == .attemptScheduled }
      }
      while !isEnough() || !driver.commitInFlight.isEmpty { _ = try driver.step() }
    }
    harness.recorder.onCommit = {}
    harness.world.replaceEngine(losingPower: losingPower)
    return last
  }

  private func lastSegment() throws -> String {
    "\(folder.log)/\(try #require(disk.entries(of: folder.log).last))"
  }

  /// Turns a bit of the last frame.
  private func spoilTheLastCommit() throws {
    let path = try lastSegment()
    let bytes = try #require(disk.bytes(at: path))
    let end = try #require(bytes.lastIndex { $0 != 0 })
    let file = try disk.open(path, .update)
    _ = try disk.write([bytes[end - 12] ^ 4].span, to: file, at: Int64(end - 12))
    try disk.sync(file)
    try disk.close(file)
  }

  /// All that the log's folder holds, by name.
  private func log() throws -> [String: [UInt8]] {
    var bytes: [String: [UInt8]] = [:]
    for name in try disk.entries(of: folder.log) {
      bytes[name] = disk.bytes(at: "\(folder.log)/\(name)")
    }
    return bytes
  }

  @Test func anAmbiguousTailIsToldAndItsBytesStay() throws {
    // In the boot of its engine, the lock file would know better.
    let lost = try die(losingPower: true)
    try spoilTheLastCommit()
    let path = try lastSegment()
    let before = try #require(disk.bytes(at: path))
    let kept = Array(harness.recorder.events.dropLast(lost.count))
    #expect(harness.recorder.tails == [])
    #expect(try harness.drive(by: 2))
    let tail = try #require(harness.recorder.tails.first)
    #expect(harness.recorder.tails.count == 1)
    #expect(tail.verdict == .ambiguous)
    #expect(tail.path == path)
    #expect(tail.bytes > 0 && tail.offset > 0)
    #expect(tail.lastSequence == UInt64(kept.count))
    #expect(tail.lastAtStake >= UInt64(kept.count))
    #expect(disk.bytes(at: path) == before)
    let history = try harness.read()
    #expect(history.starts(with: kept))
    #expect(history[kept.count].body.kind == .engineStarted)
    #expect(history.last?.body == .runFinished(.succeeded))
  }

  @Test func whatWasSaidToBeDurableContradictsTheTail() throws {
    let lost = try die()
    let durable = Int64(harness.recorder.events.count)
    try spoilTheLastCommit()
    let before = try log()
    let lock = disk.bytes(at: folder.lock)
    // Once more: the engine that was refused has left the word of the one before. After a reboot
    // that word is as true.
    for (id, boot) in [(Int32(2), nil), (3, nil), (4, "another boot"), (5, "another boot")] {
      let error = #expect(throws: RunError.self) { _ = try harness.drive(by: id, boot: boot) }
      #expect(disk.bytes(at: folder.lock) == lock)
      #expect(
        error
          == .historyIsShort(
            path: folder.lock, durable: durable, lastSequence: durable - Int64(lost.count)))
    }
    #expect(try log() == before)
    #expect(harness.recorder.tails == [])
  }

  /// Its record names an intent that the history lacks.
  @Test func anAttemptThatWasLaunchedContradictsTheTail() throws {
    do {
      var driver = try harness.create()
      // The last commit holds an intent that was acted upon.
      while try lastIntent() < 20 { _ = try driver.step() }
      while !driver.commitInFlight.isEmpty { _ = try driver.step() }
    }
    harness.world.replaceEngine()
    let launched = try lastIntent()
    try cutAfter(launched - 1)
    let before = try log()
    let error = #expect(throws: RunError.self) { _ = try harness.drive(by: 2) }
    guard case .historyIsMissing(_, let intent, let last)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(intent == launched && last < intent)
    #expect(try log() == before)
    #expect(harness.recorder.tails == [])
  }

  /// The latest that a record names.
  private func lastIntent() throws -> Int64 {
    try disk.entries(of: folder.attempts).filter { $0.hasSuffix(".rec") }.compactMap { name in
      AttemptRecord.decode(try #require(disk.bytes(at: "\(folder.attempts)/\(name)"))).start?.intent
    }.max() ?? 0
  }

  /// Writes the log anew, with the wake-ups that end up to an event.
  private func cutAfter(_ sequence: Int64) throws {
    let events = try harness.read()
    let end = events.lastIndex { $0.sequence <= sequence + 1 && $0.startsWakeUp } ?? 0
    try rewrite(Array(events[..<end]))
  }

  private func rewrite(_ events: [Event]) throws {
    for name in try disk.entries(of: folder.log) { try disk.removeFile("\(folder.log)/\(name)") }
    var encoder = EventEncoder()
    for event in events { encoder.append(event) }
    let bytes = encoder.finish()
    var options = harness.process(1).logOptions
    options.largestCommitBytes = 1 << 20
    var writer = try LogWriter.create(
      in: folder.log, disk, salt: 9, engineLife: 1, options)
    try writer.append(bytes.span, events: events.count, from: 1)
    try writer.sync()
    try writer.close()
    // Its statement about the old log is no longer true.
    try disk.removeFile(folder.lock)
  }

  @Test func aTornTailIsTold() throws {
    _ = try die(losingPower: true)
    let path = try lastSegment()
    let bytes = try #require(disk.bytes(at: path))
    let end = try #require(bytes.lastIndex { $0 != 0 })
    let file = try disk.open(path, .update)
    _ = try disk.write([UInt8](repeating: 0, count: 9).span, to: file, at: Int64(end - 8))
    try disk.close(file)
    #expect(try harness.drive(by: 2))
    #expect(harness.recorder.tails.map(\.verdict) == [.torn])
  }

  @Test func anEndThatIsSealedIsTold() throws {
    var driver = try harness.create()
    while try driver.step() == nil {}
    try driver.finish()
    #expect(try !harness.drive(by: 2))
    #expect(harness.recorder.tails.map(\.verdict) == [.intact(isSealed: true)])
  }

  // MARK: Decisions

  @Test func decisionsThatTheRulesDoNotCallForAreRefused() throws {
    var driver = try harness.create()
    while try driver.step() == nil {}
    try driver.finish()
    let events = try harness.read()
    let index = try #require(events.lastIndex { $0.body.kind == .stepFinished })
    var forged = events
    forged[index].body = .stepFinished(step: 11, .failed)
    // The end that the facts call for then is not looked at: they part before.
    try rewrite(Array(forged[...index]))
    let before = try log()
    let error = #expect(throws: RunError.self) { _ = try harness.drive(by: 2) }
    guard case .decisionsDiffer(folder.log, let difference)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(difference.sequence == events[index].sequence)
    #expect(difference.expected == events[index].body)
    #expect(difference.recorded == forged[index].body)
    #expect(
      error?.description
        == "\(folder.log): the policy decides stepFinished as event \(events[index].sequence), but"
        + " the history has a different one")
    #expect(try log() == before)
  }

  @Test func aDecisionThatIsMissingAtTheEndIsRefused() throws {
    var driver = try harness.create()
    while try driver.step() == nil {}
    try driver.finish()
    let events = try harness.read()
    try rewrite(events.dropLast())
    let error = #expect(throws: RunError.self) { _ = try harness.drive(by: 2) }
    #expect(
      error?.description
        == "\(folder.log): the policy decides runFinished as event \(events.count), but the history"
        + " has nothing")
  }
}
