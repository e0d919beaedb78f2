import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowSimulation

/// Two engines never both drive a run, even where a cleaner removes the file by whose lock they
/// keep each other out.
struct OwnershipTests {
  private let harness = Harness(Harness.chain(12))
  private var folder: RunFolder { harness.home.folder(of: "run") }
  private var disk: SimulatedStorage { harness.world.storage }

  private func acquire(by id: Int32) throws(RunError) -> RunLock<SimulatedStorage> {
    try RunLock.acquire(
      folder, id: "run", processID: id, boot: BootMark(harness.world.host.bootID), in: disk)
  }

  private func isLock(_ error: RunError?) -> Bool { error == .runWasTaken(path: folder.lock) }

  @Test func withoutItsLockFileAnEngineWritesNothing() throws {
    var driver = try harness.create()
    for _ in 0..<3 { _ = try driver.step() }
    while !driver.commitInFlight.isEmpty { _ = try driver.step() }
    let durable = harness.recorder.events
    let intents = durable.map(\.body).filter { $0.kind == .attemptScheduled }
    try disk.removeFile(folder.lock)
    var writes = 0
    disk.decide = { [disk] operation, _ in
      if operation == .write, disk.user == SimulatedStorage.engine { writes += 1 }
      return .done
    }
    let error = #expect(throws: RunError.self) { while try driver.step() == nil {} }
    #expect(isLock(error), "\(String(describing: error))")
    #expect(writes == 0)
    #expect(harness.recorder.events == durable)
    // What was durably intended before may be launched; the launcher's lock is what another awaits.
    let launched = harness.world.ledger.entries.map { Event.Body.attemptScheduled($0.attempt) }
    #expect(launched.allSatisfy(intents.contains))
  }

  /// The sync was under way when another took the run: it may not have counted this commit.
  /// Another engine may have launched it meanwhile, and may have ended the run.
  @Test func whatWaitedToBeLaunchedIsNotLaunchedWhenTheRunWasTaken() throws {
    var driver = try harness.create()
    disk.decide = { [disk] _, needsSpace in
      needsSpace && disk.user == SimulatedStorage.engine ? .refused(.noSpace) : .done
    }
    for _ in 0..<10 { _ = try driver.step() }
    #expect(harness.world.runner.lacking == .space && driver.commitInFlight.isEmpty)
    try disk.removeFile(folder.lock)
    disk.decide = { _, _ in .done }
    let error = #expect(throws: RunError.self) {
      for _ in 0..<10 { _ = try driver.step() }
    }
    #expect(isLock(error))
    #expect(harness.world.ledger.entries.isEmpty)
  }

  @Test func aCommitIsNotToldDurableWhenTheRunWasTakenMeanwhile() throws {
    var driver = try harness.create()
    disk.decide = { [disk, folder] operation, _ in
      if operation == .startSync { try? disk.removeFile(folder.lock) }
      return .done
    }
    harness.recorder.onCommit = { Issue.record("a commit was told to be durable") }
    let error = #expect(throws: RunError.self) { while try driver.step() == nil {} }
    #expect(isLock(error), "\(String(describing: error))")
    let isInFlight = !driver.commitInFlight.isEmpty
    #expect(isInFlight)
  }

  @Test func anEngineStopsWhereAnotherTookTheRun() throws {
    var driver = try harness.create(by: 1)
    for _ in 0..<3 { _ = try driver.step() }
    try disk.removeFile(folder.lock)
    // It makes the file anew, and nothing holds it back.
    let runner = harness.world.runner
    harness.world.runner = harness.world.newRunner()
    let isTaken = try harness.resume(by: 2) != nil
    #expect(isTaken)
    harness.world.runner = runner
    let error = #expect(throws: RunError.self) { while try driver.step() == nil {} }
    #expect(isLock(error), "\(String(describing: error))")
  }

  @Test func aSegmentThatAnotherChangedStopsTheEngine() throws {
    var driver = try harness.create()
    _ = try driver.step()
    let name = try #require(try disk.entries(of: folder.log).last)
    let segment = try disk.open("\(folder.log)/\(name)", .update)
    try disk.reserve(segment, upTo: 100_000)
    let error = #expect(throws: RunError.self) { while try driver.step() == nil {} }
    #expect(error == .runWasTaken(path: "\(folder.log)/\(name)"))
  }

  @Test func aSegmentThatIsGoneStopsTheEngine() throws {
    var driver = try harness.create()
    _ = try driver.step()
    let name = try #require(try disk.entries(of: folder.log).last)
    try disk.removeFile("\(folder.log)/\(name)")
    let error = #expect(throws: RunError.self) { while try driver.step() == nil {} }
    #expect(error == .runWasTaken(path: "\(folder.log)/\(name)"))
  }

  // MARK: The lock

  @Test func aMissingLockFileIsMadeAnew() throws {
    do { _ = try harness.create() }
    harness.world.replaceEngine()
    try disk.removeFile(folder.lock)
    #expect(try HolderRecord.holder(of: folder, in: disk) == .free(last: nil))
    #expect(try harness.read() == harness.recorder.events)
    let lock = try acquire(by: 7)
    #expect(try HolderRecord.holder(of: folder, in: disk) == .engine(nil))
    let error = #expect(throws: RunError.self) { _ = try acquire(by: 8) }
    #expect(error == .runIsHeld("run", processID: nil))
    try lock.release()
    #expect(try harness.drive(by: 9))
  }

  /// The last commit of a dead engine may never have been synced, and no record says so any more.
  @Test func aReaderBesideANewLockFileSyncsWhatItReads() throws {
    do {
      var driver = try harness.create()
      // A commit that is written, and never synced.
      disk.decide = { operation, _ in operation == .startSync ? .refused(.inputOutput) : .done }
      #expect(throws: RunError.self) { while try driver.step() == nil {} }
      disk.decide = { _, _ in .done }
    }
    harness.world.replaceEngine()
    try disk.removeFile(folder.lock)
    let lock = try acquire(by: 7)
    let seen = try harness.read()
    var least = try HistoryReader(folder, in: disk.leastRemains(), .recovering)
    var count = 0
    while try least.next() != nil { count += 1 }
    #expect(seen.count == count)
    try lock.release()
  }

  /// Between opening and locking, a cleaner removes the file: a lock on it excludes no process.
  @Test(arguments: [1, 2, 5])
  func aFileThatIsRemovedBeforeItIsLockedIsLeft(times: Int) throws {
    do { _ = try harness.create() }
    harness.world.replaceEngine()
    var left = times
    disk.onLock = { [disk, folder] in
      guard left > 0 else { return }
      left -= 1
      try? disk.removeFile(folder.lock)
    }
    let lock = try acquire(by: 7)
    #expect(left == 0)
    let error = #expect(throws: RunError.self) { _ = try acquire(by: 8) }
    #expect(error == .runIsHeld("run", processID: nil))
    try lock.release()
  }
}
