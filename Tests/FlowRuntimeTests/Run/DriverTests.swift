import FlowCore
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowSimulation

struct DriverTests {
  /// Append means append: seen by a reader, and in the bytes.
  @Test func theLogHoldsTheWholeEarlierHistoryAfterEachCommit() throws {
    let harness = Harness(Harness.chain(20))
    let folder = harness.home.folder(of: "run")
    var commits = 0
    var earlier: [String: [UInt8]] = [:]
    harness.recorder.onCommit = {
      commits += 1
      #expect((try? harness.read()) == harness.recorder.events)
      for (path, bytes) in earlier {
        #expect(harness.world.storage.bytes(at: path)?.starts(with: bytes) == true, "\(path)")
      }
      for name in (try? harness.world.storage.entries(of: folder.log)) ?? [] {
        let bytes = harness.world.storage.bytes(at: "\(folder.log)/\(name)") ?? []
        earlier["\(folder.log)/\(name)"] = Array(
          bytes[..<((bytes.lastIndex { $0 != 0 } ?? -1) + 1)])
      }
    }
    var driver = try harness.create()
    while try driver.step() == nil {}
    #expect(commits > 20)
    #expect(earlier.count > 2, "the log must rotate")
  }

  @Test func theSecondOfTwoEnginesIsRefused() throws {
    let harness = Harness()
    var driver = try harness.create(by: 41)
    #expect(throws: RunError.runIsHeld("run", processID: 41)) { _ = try harness.resume(by: 42) }
    while try driver.step() == nil {}
    try driver.finish()
    // The run has ended, and no process holds it.
    #expect(try !harness.drive(by: 42))
  }

  /// Its last number makes it whole; nothing that this program writes is that large.
  @Test func aLockFileThatSaysTheImpossibleSaysNothing() throws {
    let harness = Harness()
    do { _ = try harness.create() }
    harness.world.replaceEngine()
    let path = harness.home.folder(of: "run").lock
    var numbers = stride(from: 0, to: 56, by: 8).map { start in
      (harness.world.storage.bytes(at: path) ?? [])[start..<start + 8]
        .reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    numbers[4] = .max
    numbers.append(SplitMix64.hash(numbers))
    let bytes = numbers.flatMap { number in
      (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
    }
    let file = try File(path, .update, in: harness.world.storage)
    try file.write(bytes.span, at: 0)
    try file.close()
    #expect(
      try HolderRecord.holder(of: harness.home.folder(of: "run"), in: harness.world.storage)
        == .free(last: nil))
    #expect(try harness.drive(by: 2))
  }

  /// An engine that dies while its first attempt runs.
  private func dieWhileAnAttemptRuns(_ harness: Harness) throws {
    var driver = try harness.create()
    while harness.world.ledger.entries.isEmpty { _ = try driver.step() }
  }

  @Test func whatWasRunningSurvivesItsEngine() throws {
    // 900 ms: longer than it takes to see that no launcher is left.
    let takesLong = ChoiceSchedule([ChoiceSchedule.Entry(.commandDuration, 0, 3)])
    let harness = Harness(Harness.chain(1), choices: ReplayedChoices(takesLong))
    try dieWhileAnAttemptRuns(harness)
    harness.world.replaceEngine()
    #expect(try harness.drive(by: 2))
    #expect(harness.world.ledger.entries.count == 1)
    let bodies = harness.recorder.events.map(\.body)
    let found = bodies.first { $0.kind == .attemptFound }
    guard case .attemptFound(AttemptID(step: 0, number: 1), .running) = found else {
      Issue.record("\(String(describing: found))")
      return
    }
    #expect(bodies.last == .runFinished(.succeeded))
    #expect(try harness.read() == harness.recorder.events)
  }

  /// Nothing in the history calls ready what was running when the machine lost power.
  @Test func whatWasRunningIsLostWithThePowerAndNotForgotten() throws {
    let harness = Harness(Harness.chain(1))
    try dieWhileAnAttemptRuns(harness)
    harness.world.replaceEngine(losingPower: true)
    #expect(try harness.drive(by: 2))
    let attempt = AttemptID(step: 0, number: 1)
    let bodies = harness.recorder.events.map(\.body)
    let intents = bodies.filter { $0.kind == .attemptScheduled }
    #expect(
      intents == [.attemptScheduled(attempt), .attemptScheduled(AttemptID(step: 0, number: 2))])
    #expect(bodies.contains(.attemptEnded(attempt, .lost())))
    #expect(bodies.contains(.rerunScheduled(attempt)))
    #expect(try harness.read() == harness.recorder.events)
  }

  /// Waiting costs nothing: no operation of the storage, no launch, one wait to the first deadline.
  @Test func aThousandStepsInBackoffMakeOneWait() throws {
    var settings = StepSettings()
    settings.retry.maxAttempts = 2
    settings.retry.initialDelayMilliseconds = 60_000
    settings.retry.maxDelayMilliseconds = 60_000
    settings.retry.jitter = .none
    let steps = (0..<1_000).map {
      StepDefinition(id: "s\($0)", command: .program(["w"]), needs: [], settingsIndex: 0)
    }
    let workflow = WorkflowDefinition(name: "wide", steps: steps, settings: [settings])
    let harness = Harness(workflow, jobs: 1_000, failurePercent: 100)
    var driver = try harness.create()
    var waiting = 0
    while waiting < 1_000 {
      _ = try driver.step()
      waiting = harness.recorder.events.count { $0.body.kind == .retryScheduled }
    }
    let first = try #require(
      harness.recorder.events.first { $0.body.kind == .retryScheduled }?.moment.monotonic)
    var operations = 0
    harness.world.storage.decide = { _, _ in
      operations += 1
      return .done
    }
    let launches = harness.world.ledger.entries.count
    _ = try driver.step()
    #expect(operations == 0)
    #expect(harness.world.ledger.entries.count == launches)
    #expect(harness.world.time.now().monotonic == first.advanced(byMilliseconds: 60_000))
  }

  /// The engine died between the end of the run and the seal: an end that a power loss can take back
  /// is not reported.
  @Test func anEndIsDurableBeforeItIsTold() throws {
    let harness = Harness(Harness.chain(1))
    do {
      var driver = try harness.create()
      // The commit of the end is begun, and never done.
      harness.world.storage.onSyncStarted = {}
      for _ in 0..<3 { _ = try driver.step() }
      #expect(driver.commitInFlight.last?.body == .runFinished(.succeeded))
    }
    harness.world.storage.decide = { _, _ in .done }
    harness.world.replaceEngine()
    #expect(try !harness.drive(by: 2))
    harness.world.replaceEngine(losingPower: true)
    #expect(try !harness.drive(by: 3))
    #expect(try harness.read().last?.body == .runFinished(.succeeded))
  }

  /// After a sync that failed, a second sync of the same bytes succeeds, and they are not durable.
  @Test func aReaderDoesNotBelieveWhatASyncFailedFor() throws {
    let harness = Harness(Harness.chain(2))
    do {
      var driver = try harness.create()
      harness.world.storage.decide = { operation, _ in
        operation == .startSync
          ? .dropped(.inputOutput, landedPerMille: 0, reverting: false) : .done
      }
      #expect(throws: RunError.self) { while try driver.step() == nil {} }
    }
    harness.world.storage.closeAll()
    harness.world.storage.decide = { _, _ in .done }
    #expect(try harness.read() == harness.recorder.events)
  }
}
