import FlowCore
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowSimulation

/// A commit for which the disk has no space waits, with nothing written, and the run continues by
/// itself when there is some.
struct SpaceTests {
  private let harness = Harness(Harness.chain(12))
  private var folder: RunFolder { harness.home.folder(of: "run") }
  private var disk: SimulatedStorage { harness.world.storage }

  /// Refuses what takes more space to the engine, with an error of its own for each.
  private func fill(_ errno: Errno = .noSpace) {
    disk.decide = { [disk] _, needsSpace in
      needsSpace && disk.user == SimulatedStorage.engine ? .refused(errno) : .done
    }
  }

  /// Refuses one kind of operation to the engine.
  private func refuse(_ operation: SimulatedStorage.Operation, _ errno: Errno) {
    disk.decide = { [disk] asked, _ in
      asked == operation && disk.user == SimulatedStorage.engine ? .refused(errno) : .done
    }
  }

  /// The run's engine, with an attempt that runs: without a launcher it would want space for that
  /// first.
  private func begin() throws -> Driver<World> {
    var driver = try harness.create()
    while harness.world.ledger.running == 0 { _ = try driver.step() }
    return driver
  }

  private func makeSpace() { disk.decide = { _, _ in .done } }

  /// All that the log's folder holds, by name.
  private func bytes() throws -> [String: [UInt8]] {
    var bytes: [String: [UInt8]] = [:]
    for name in try disk.entries(of: folder.log) {
      bytes[name] = disk.bytes(at: "\(folder.log)/\(name)")
    }
    return bytes
  }

  private func record() throws -> HolderRecord {
    guard case .engine(let record?) = try HolderRecord.holder(of: folder, in: disk) else {
      throw RunError.noSuchRun("run", home: harness.home.path)
    }
    return record
  }

  /// Steps until the engine waits for space.
  private func stepUntilItWaits(_ driver: inout Driver<World>) throws {
    for _ in 0..<1_000 {
      if try record().lacking == .space { return }
      let outcome = try driver.step()
      try #require(outcome == nil, "the run ended without need of space")
    }
    Issue.record("the engine never waits")
  }

  @Test(arguments: [Errno.noSpace, .quotaExceeded])
  func theRunWaitsAndGoesOnByItself(errno: Errno) throws {
    var driver = try begin()
    fill(errno)
    try stepUntilItWaits(&driver)
    #expect(!driver.commitInFlight.isEmpty)
    let durable = harness.recorder.events
    let before = try bytes()
    let since = harness.world.time.now().monotonic
    for _ in 0..<5 { _ = try driver.step() }
    #expect(try bytes() == before, "something was written without space")
    #expect(harness.recorder.events == durable)
    makeSpace()
    while try driver.step() == nil {}
    try driver.finish()
    let waits = harness.recorder.events.compactMap { event -> Int64? in
      if case .roomReturned(let waited, .space) = event.body { waited } else { nil }
    }
    #expect(waits.count == 1)
    #expect(waits.allSatisfy { $0 > 4_000_000 && $0 % 1_000_000 == 0 }, "\(waits)")
    #expect(since < harness.world.time.now().monotonic)
    #expect(try harness.read() == harness.recorder.events)
    #expect(harness.recorder.events.last?.body == .runFinished(.succeeded))
  }

  /// Whenever the disk fills up, and whether its engine waits or another one comes.
  @Test(arguments: [false, true]) func theStepsOfFinallyRunOnce(engineDies: Bool) throws {
    var workflow = Harness.chain(3)
    workflow.steps[2].needs = []
    workflow.finallyCount = 1
    for turns in 0..<40 {
      let harness = Harness(workflow)
      let disk = harness.world.storage
      func play(_ driver: inout Driver<World>, _ most: Int) throws -> Bool {
        for _ in 0..<most where try driver.step() != nil { return true }
        return false
      }
      /// - Returns: whether the run has ended.
      func begin() throws -> Bool {
        var driver = try harness.create()
        var hasEnded = try play(&driver, turns)
        disk.decide = { [disk] _, needsSpace in
          needsSpace && disk.user == SimulatedStorage.engine ? .refused(.noSpace) : .done
        }
        if !hasEnded { hasEnded = try play(&driver, 20) }
        disk.decide = { _, _ in .done }
        if !hasEnded, !engineDies { hasEnded = try play(&driver, 10_000) }
        if hasEnded { try driver.finish() }
        return hasEnded
      }
      if try !begin() {
        harness.world.replaceEngine()
        #expect(try harness.drive(by: 2))
      }
      let events = try harness.read()
      #expect(events.last?.body == .runFinished(.succeeded))
      #expect(events.count { $0.body.kind == .runConcluding } == 1)
      #expect(events.count { $0.body == .stepFinished(step: 2, .succeeded) } == 1)
      let starts = harness.world.ledger.entries.filter { $0.attempt.step == 2 && $0.isStarted }
      #expect(starts.count == 1, "after \(turns) turns")
    }
  }

  /// A wait costs one look a second, and no turn in between.
  @Test func itLooksForSpaceEachSecond() throws {
    var driver = try begin()
    fill()
    try stepUntilItWaits(&driver)
    // What still runs ends first.
    for _ in 0..<50 where harness.world.ledger.running > 0 { _ = try driver.step() }
    _ = try driver.step()
    for _ in 0..<10 {
      let before = harness.world.time.now().monotonic
      _ = try driver.step()
      #expect(harness.world.time.now().monotonic == before.advanced(byMilliseconds: 1_000))
    }
  }

  @Test func readersAreToldThatItWaits() throws {
    func isWaiting() throws -> Bool {
      try RunReader(folder, in: disk, bootID: harness.world.host.bootID).lacking == .space
    }
    var driver = try begin()
    #expect(try !isWaiting())
    fill()
    try stepUntilItWaits(&driver)
    #expect(try isWaiting())
    #expect(try harness.read() == harness.recorder.events)
    makeSpace()
    while try driver.step() == nil {}
    #expect(try !isWaiting())
  }

  /// And no longer than it does, though no commit has to wait.
  @Test func readersAreToldThatLaunchesWait() throws {
    disk.decide = { [disk] operation, _ in
      operation == .reserve && disk.user != SimulatedStorage.engine ? .refused(.noSpace) : .done
    }
    var driver = try harness.create()
    try stepUntilItWaits(&driver)
    #expect(driver.commitInFlight.isEmpty)
    makeSpace()
    while harness.world.ledger.running == 0 { _ = try driver.step() }
    while !driver.state.steps.contains(where: { $0.phase == .running }) { _ = try driver.step() }
    #expect(try record().lacking == [])
    #expect(harness.recorder.events.allSatisfy { $0.body.kind != .roomReturned })
  }

  /// The record of a dead engine says nothing about the engine that follows.
  @Test func nobodyWaitsWhereNobodyDrives() throws {
    do {
      var driver = try begin()
      fill()
      try stepUntilItWaits(&driver)
    }
    harness.world.replaceEngine()
    #expect(try RunReader(folder, in: disk, bootID: harness.world.host.bootID).lacking == [])
    makeSpace()
    let lock = try RunLock.acquire(
      folder, id: "run", processID: 7, boot: BootMark(harness.world.host.bootID), in: disk)
    #expect(try record().lacking == [])
    try lock.release()
    #expect(try harness.drive(by: 2))
    #expect(try harness.read().last?.body == .runFinished(.succeeded))
  }

  /// Nothing is launched for an intent without space, whatever becomes of it.
  @Test func whatHasNoIntentIsNotLaunched() throws {
    var driver = try begin()
    fill()
    try stepUntilItWaits(&driver)
    let durable = Set(
      harness.recorder.events.compactMap { event -> AttemptID? in
        if case .attemptScheduled(let attempt) = event.body { attempt } else { nil }
      })
    for _ in 0..<5 { _ = try driver.step() }
    #expect(Set(harness.world.ledger.entries.map(\.attempt)).isSubset(of: durable))
  }

  /// Before the intent is durable, there is space for the end.
  @Test func theEndOfWhatRunsFindsSpace() throws {
    let harness = Harness(Harness.chain(1))
    var driver = try harness.create()
    while harness.world.ledger.running == 0 { _ = try driver.step() }
    harness.world.storage.decide = { _, needsSpace in needsSpace ? .refused(.noSpace) : .done }
    while try driver.step() == nil {}
    try driver.finish()
    #expect(try harness.read().last?.body == .runFinished(.succeeded))
  }

  @Test(arguments: [SimulatedStorage.Operation.reserve, .create])
  func anotherErrorThanWantOfSpaceStopsTheEngine(operation: SimulatedStorage.Operation) throws {
    var driver = try begin()
    refuse(operation, .inputOutput)
    #expect(throws: RunError.self) { while try driver.step() == nil {} }
  }

  /// The space was reserved, and is not there: nothing is known of the file any more.
  @Test func wantOfSpaceInAWriteStopsTheEngine() throws {
    var driver = try begin()
    refuse(.write, .noSpace)
    let error = #expect(throws: RunError.self) { while try driver.step() == nil {} }
    #expect(error?.storageFailure?.operation == .write)
  }

  /// An engine that has no space dies: the next one finds what was durable.
  @Test func whatWaitsIsNotWritten() throws {
    var waiting: [Event] = []
    do {
      var driver = try begin()
      fill()
      try stepUntilItWaits(&driver)
      waiting = driver.commitInFlight
    }
    harness.world.replaceEngine()
    makeSpace()
    #expect(!waiting.isEmpty)
    #expect(try harness.read() == harness.recorder.events)
    #expect(try harness.drive(by: 2))
  }
}
