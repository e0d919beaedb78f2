import CMonitor
import FlowCore
import FlowStorage
import Testing

@testable import FlowRuntime

/// A new engine takes over the attempts of a dead one.
struct TakeOverTests {
  let one = SupervisorHarness.request(1)
  let two = SupervisorHarness.request(2)
  let otherBoot = HostContext(bootID: "another boot", mountID: 3, processNamespace: 4)
  let otherMount = HostContext(bootID: "boot", mountID: 33, processNamespace: 4)
  let otherNamespace = HostContext(bootID: "boot", mountID: 3, processNamespace: 44)

  private func takeOver(
    _ open: [LaunchRequest], on machine: FakeMachine, from host: HostContext = FakeMachine.here,
    through lastSequence: Int64 = 10, withdrawn: [LaunchRequest] = []
  ) throws -> (SupervisorHarness, [FoundAttempt.State]) {
    let harness = try SupervisorHarness(machine)
    let found = try harness.supervisor.takeOver(
      open, from: host, through: lastSequence
    ) { file in
      withdrawn.contains { $0.recordPath.hasSuffix("/\(file.text)") }
    }
    #expect(found.map(\.attempt) == open.map(\.attempt))
    #expect(machine.storage.openCount == 0)
    return (harness, found.map(\.state))
  }

  /// Power loss can undo the removal of a record.
  @Test func theRecordOfAWithdrawnAttemptIsRemoved() throws {
    let machine = FakeMachine()
    machine.begin(one)
    machine.release(one)
    machine.begin(two)
    let (harness, _) = try takeOver([], on: machine, from: otherBoot, withdrawn: [one, two])
    // The monitor of the other lives, and removes it.
    #expect(try harness.supervisor.records.look(at: one).record == nil)
    #expect(try harness.supervisor.records.look(at: two).record != nil)
    #expect(machine.storage.openCount == 0)
  }

  /// A launcher of an engine that is gone, which holds its lock.
  private func orphanedLauncher(on machine: FakeMachine) throws -> Int32 {
    try SupervisorHarness(machine).supervisor.launch(one)
    return try #require(machine.launchers.last)
  }

  // MARK: What is found

  @Test func eachAttemptIsFoundAsItsRecordSays() throws {
    let machine = FakeMachine()
    let requests = (1...7).map { SupervisorHarness.request($0) }
    machine.remains = (killed: 2, unkillable: 0)
    // The first has no record. These ran to their end, and died.
    machine.noteEnd(requests[1], code: 3)
    machine.begin(requests[2])
    machine.release(requests[2])
    machine.spoil(requests[3])
    // These live.
    machine.begin(requests[4])
    machine.begin(requests[5], command: nil)
    machine.begin(requests[6])
    machine.spoil(requests[6])
    machine.pass(microseconds: 70)
    let begin = machine.clock
    let (harness, found) = try takeOver(requests, on: machine)
    // One that is about to start its command is waited for.
    let waited = machine.clock - begin
    #expect(waited >= 1_000_000)
    #expect(
      found == [
        .neverLaunched, .ended(.exited(3)), .ended(.lost(killed: 2)), .ended(.lost(killed: 2)),
        .running(processID: 900, forMicroseconds: 70 + waited),
        .running(processID: 0, forMicroseconds: 70 + waited),
        .running(processID: 0, forMicroseconds: 0),
      ])
    #expect(machine.swept == [requests[2].attempt, requests[3].attempt])
    #expect(machine.watches.map(\.attempt) == [requests[4].attempt, requests[5].attempt])
    #expect(machine.launchers.isEmpty)
    // A start that is noted now is no news to the engine, which took it for running.
    machine.note(requests[5], command: 901)
    #expect(harness.reportsWhenDue() == [])
  }

  /// Its monitor found no process for the command, and left nothing.
  @Test func aSurvivorThatNeverBeganIsLaunchedAgain() throws {
    let machine = FakeMachine()
    let monitor = machine.begin(one, command: nil)
    let (harness, found) = try takeOver([one], on: machine)
    #expect(found == [.running(processID: 0, forMicroseconds: 1_000_000)])
    machine.storage.remove(one.recordPath)
    machine.endMonitor(monitor, of: one)
    #expect(harness.reports() == [])
    let latest = machine.clock + 2_000_000
    while machine.sent.isEmpty, machine.clock < latest { #expect(harness.reportsWhenDue() == []) }
    #expect(machine.sent.map(\.attempt) == [one.attempt])
  }

  @Test func inAnotherHostContextAnAttemptWithoutARecordIsLost() throws {
    for host in [otherBoot, otherMount, otherNamespace] {
      let machine = FakeMachine()
      let (_, found) = try takeOver([one], on: machine, from: host)
      #expect(found == [.ended(.lost())])
      #expect(machine.swept == [one.attempt])
    }
  }

  @Test func anEndCountsWhereverItWasNoted() throws {
    let machine = FakeMachine()
    machine.begin(one, at: otherBoot)
    machine.noteEnd(one, code: 9)
    machine.release(one)
    #expect(try takeOver([one], on: machine, from: otherBoot).1 == [.ended(.exited(9))])
  }

  @Test func aRecordOfAnotherAttemptIsNotBelieved() throws {
    let machine = FakeMachine()
    var other = one
    other.attempt = two.attempt
    machine.begin(other)
    machine.noteEnd(other)
    machine.release(other)
    #expect(try takeOver([one], on: machine).1 == [.ended(.lost())])
  }

  // MARK: Refusals

  @Test func whatRunsElsewhereIsNotTouched() throws {
    for host in [otherBoot, otherMount, otherNamespace] {
      let machine = FakeMachine()
      machine.begin(one)
      machine.release(one)
      machine.begin(two, at: host)
      #expect(throws: RunError.runsElsewhere(recordPath: two.recordPath)) {
        _ = try takeOver([one, two], on: machine)
      }
      #expect(machine.swept.isEmpty)
      #expect(machine.watches.isEmpty)
    }
  }

  @Test(arguments: [true, false])
  func aRecordOfALaterVersionIsLeftToIt(isLocked: Bool) throws {
    let machine = FakeMachine()
    machine.begin(one)
    machine.makeNewer(one)
    if !isLocked { machine.release(one) }
    #expect(throws: RunError.recordIsNewer(path: one.recordPath)) {
      _ = try takeOver([one, two], on: machine)
    }
    #expect(machine.swept.isEmpty && machine.signals.isEmpty)
  }

  /// Of an attempt that the history calls open, or knows nothing of.
  @Test(arguments: [true, false])
  func aRecordThatKnowsMoreThanTheHistoryIsDamage(isOpen: Bool) throws {
    let machine = FakeMachine()
    machine.begin(one)
    machine.release(one)
    machine.begin(two, intent: 11)
    machine.noteEnd(two)
    machine.release(two)
    let error = RunError.historyIsMissing(
      recordPath: two.recordPath, intent: 11, lastSequence: 10)
    #expect(throws: error) { _ = try takeOver(isOpen ? [one, two] : [one], on: machine) }
    #expect(machine.swept.isEmpty)
    #expect(try takeOver([one], on: machine, through: 11).1 == [.ended(.lost())])
  }

  /// Whatever else the record holds, and whether its monitor lives or not.
  @Test(arguments: ["started", "ended", "unreadable"], [true, false])
  func anIntentThatTheHistoryLacksIsDamage(content: String, isLocked: Bool) throws {
    let machine = FakeMachine()
    machine.begin(one, intent: 11)
    if content == "ended" { machine.noteEnd(one) }
    if content == "unreadable" {
      let part = [UInt8](repeating: 0xff, count: 64)
      machine.storage.put(part, in: one.recordPath, at: Int(FLOW_RECORD_COMMAND_OFFSET))
    }
    if !isLocked { machine.release(one) }
    let error = RunError.historyIsMissing(
      recordPath: one.recordPath, intent: 11, lastSequence: 10)
    #expect(throws: error) { _ = try takeOver([one], on: machine) }
    #expect(machine.swept.isEmpty)
    #expect(machine.watches.isEmpty)
  }

  /// Only the record tells whether it still runs and how it ended: a guess might run it twice.
  @Test(arguments: [true, false])
  func withoutARecordThatCanBeReadTheRunIsNotTakenOver(isOpen: Bool) throws {
    let machine = FakeMachine()
    machine.begin(one)
    machine.noteEnd(one)
    machine.release(one)
    machine.storage.failures[one.recordPath] = (1_000, .tooManyOpenFiles)
    let begin = machine.clock
    let error = RunError.recordIsUnreadable(
      StorageError(.open, one.recordPath, .tooManyOpenFiles))
    #expect(throws: error) { _ = try takeOver(isOpen ? [one] : [], on: machine) }
    #expect(machine.clock - begin >= 1_000_000)
    #expect(machine.swept.isEmpty)
    #expect(error.storageFailure?.errno == .tooManyOpenFiles)
    #expect("\(error)".contains("truncate it to zero bytes"))
    machine.storage.failures[one.recordPath] = (90, .tooManyOpenFiles)
    #expect(try takeOver([one], on: machine).1 == [.ended(.exited(0))])
  }

  /// The way out that the error names.
  @Test func anEmptyRecordIsOfALostAttempt() throws {
    let machine = FakeMachine()
    machine.storage.put([], in: one.recordPath)
    #expect(try takeOver([one], on: machine).1 == [.ended(.lost())])
    #expect(machine.swept == [one.attempt])
  }

  @Test func otherFilesAmongTheRecordsSayNothing() throws {
    let machine = FakeMachine()
    machine.storage.put([1, 2, 3], in: one.outputPath)
    machine.storage.put([1, 2, 3], in: "\(SupervisorHarness.folder.attempts)/x.rec")
    machine.storage.put([], in: "\(SupervisorHarness.folder.attempts)/rec")
    #expect(try takeOver([one], on: machine).1 == [.neverLaunched])
  }

  // MARK: The earlier launcher

  @Test func aForkThatIsInFlightIsWaitedFor() throws {
    let machine = FakeMachine()
    let launcher = try orphanedLauncher(on: machine)
    var monitor: Int32?
    machine.onWait = {
      guard machine.waits == 3 else { return }
      monitor = machine.begin(one)
      machine.engineGone()
    }
    let (_, found) = try takeOver([one], on: machine)
    #expect(found == [.running(processID: 900, forMicroseconds: 10_000)])
    #expect(machine.watches.map(\.process.id) == [try #require(monitor)])
    #expect(machine.waits == 3)
    // It stays to reap.
    #expect(machine.processes[launcher] != nil)
  }

  @Test func anOrphanedLauncherIsKilled() throws {
    let machine = FakeMachine()
    let launcher = try orphanedLauncher(on: machine)
    let begin = machine.clock
    let (_, found) = try takeOver([one], on: machine)
    #expect(machine.signals == [FakeMachine.Signal(processID: launcher, signal: .kill)])
    #expect((5_000_000..<5_100_000).contains(machine.clock - begin))
    #expect(found == [.neverLaunched])
  }

  /// Its id belongs to another process, it lives in another context, or the file does not name it.
  @Test(arguments: ["reused", "elsewhere", "unknown"])
  func whatMayBeAnotherProcessIsNotKilled(why: String) throws {
    let machine = FakeMachine()
    let launcher = try orphanedLauncher(on: machine)
    let path = SupervisorHarness.folder.launcher
    let host = why == "elsewhere" ? otherNamespace : FakeMachine.here
    let start = try #require(machine.processes[launcher])
    let record = LauncherRecord(
      processID: launcher, processStart: why == "reused" ? start - 1 : start,
      host: HostMark(host))
    machine.storage.put(record.encoded(), in: path)
    if why == "unknown" { machine.storage.put([0], in: path) }
    let begin = machine.clock
    #expect(throws: RunError.orphanedLauncher(path: path)) { _ = try takeOver([one], on: machine) }
    #expect(machine.signals == [])
    #expect((35_000_000..<35_100_000).contains(machine.clock - begin))
  }

  /// The launcher before may still live to reap what it forked; it does not hold the lock.
  @Test func theLauncherFileNeverNamesTheLauncherBefore() throws {
    let machine = FakeMachine()
    let first = try orphanedLauncher(on: machine)
    machine.engineGone()
    // The next engine dies when it has taken the lock, and its launcher is about to start.
    let harness = try SupervisorHarness(machine)
    machine.launcherErrors = [.noMemory, .noMemory, .noMemory]
    harness.supervisor.launch(two)
    let lock = machine.storage.lock(SupervisorHarness.folder.launcher)
    machine.onWait = { if machine.waits > 1_000 { lock.close() } }
    #expect(throws: Never.self) { _ = try takeOver([], on: machine) }
    #expect(machine.signals == [])
    #expect(machine.processes[first] != nil)
  }

  // MARK: Survivors

  @Test func aSurvivorEndsAsItsRecordSays() throws {
    let machine = FakeMachine()
    let monitors = [machine.begin(one), machine.begin(two)]
    let (harness, _) = try takeOver([one, two], on: machine)
    machine.noteEnd(one, code: 7)
    machine.endMonitor(monitors[0], of: one)
    machine.endMonitor(monitors[1], of: two)
    #expect(
      harness.reports() == [
        .attemptEnded(one.attempt, .exited(7)), .attemptEnded(two.attempt, .lost()),
      ])
    #expect(machine.swept == [two.attempt])
    #expect(harness.supervisor.nextDeadline == nil)
  }

  @Test func aSurvivorCanBeStopped() throws {
    let machine = FakeMachine()
    let monitor = machine.begin(one)
    let (harness, _) = try takeOver([one], on: machine)
    harness.supervisor.stop(one.attempt, force: false)
    #expect(machine.signals == [FakeMachine.Signal(processID: monitor, signal: .stop)])
  }

  @Test(arguments: [true, false])
  func aSurvivorThatCannotBeReadEndsWhenItsLockIsFree(isEndNoted: Bool) throws {
    let machine = FakeMachine()
    let monitor = machine.begin(one)
    machine.spoil(one)
    let (harness, _) = try takeOver([one], on: machine)
    for _ in 0..<5 { #expect(harness.reportsWhenDue() == []) }
    if isEndNoted { machine.noteEnd(one, code: 8) }
    machine.endMonitor(monitor, of: one)
    #expect(
      harness.reportsWhenDue() == [
        .attemptEnded(one.attempt, isEndNoted ? .exited(8) : .lost())
      ])
    #expect(machine.swept == (isEndNoted ? [] : [one.attempt]))
  }

  /// Its record cannot be read when it was found and its monitor is looked for.
  @Test func aSurvivorThatCanBeReadAgainCanBeStopped() throws {
    let machine = FakeMachine()
    let monitor = machine.begin(one)
    var reads = 0
    machine.storage.onRead = { [one, storage = machine.storage] in
      reads += 1
      if reads == 3 { storage.failures[one.recordPath] = (1, .inputOutput) }
    }
    let (harness, found) = try takeOver([one], on: machine)
    #expect(found == [.running(processID: 900, forMicroseconds: 0)])
    #expect(machine.watches.isEmpty)
    harness.supervisor.stop(one.attempt, force: false)
    #expect(machine.signals == [])
    #expect(harness.reportsWhenDue() == [])
    #expect(machine.signals == [FakeMachine.Signal(processID: monitor, signal: .stop)])
    #expect(machine.watches.map(\.attempt) == [one.attempt])
  }

  @Test func aMonitorThatIsAboutToExitIsWaitedFor() throws {
    let machine = FakeMachine()
    let monitor = machine.begin(one)
    machine.noteEnd(one, code: 1)
    machine.onWait = { if machine.waits == 2 { machine.endMonitor(monitor, of: one) } }
    #expect(try takeOver([one], on: machine).1 == [.ended(.exited(1))])
  }

  @Test func aMonitorThatDoesNotExitHoldsNobodyUp() throws {
    let machine = FakeMachine()
    let monitor = machine.begin(one)
    machine.noteEnd(one, code: 1)
    let begin = machine.clock
    let (harness, found) = try takeOver([one], on: machine)
    #expect(found == [.running(processID: 900, forMicroseconds: machine.clock - begin)])
    #expect(machine.clock - begin < 1_100_000)
    machine.endMonitor(monitor, of: one)
    #expect(harness.reportsWhenDue() == [.attemptEnded(one.attempt, .exited(1))])
  }

  @Test func aNumberThatWasGivenOutAgainIsNoSurvivor() throws {
    let machine = FakeMachine()
    let monitor = machine.begin(one)
    machine.end(monitor)
    machine.start(monitor)
    // The holder of its lock is unknown.
    let (harness, _) = try takeOver([one], on: machine)
    #expect(machine.watches.isEmpty)
    harness.supervisor.stop(one.attempt, force: true)
    #expect(harness.reportsWhenDue() == [])
    #expect(machine.signals == [])
    machine.release(one)
    #expect(harness.reportsWhenDue() == [.attemptEnded(one.attempt, .lost())])
  }

  @Test func survivorsAndWhatIsLaunchedAnewGoSideBySide() throws {
    let machine = FakeMachine()
    let monitor = machine.begin(one)
    let (harness, found) = try takeOver([one, two], on: machine)
    #expect(found[1] == .neverLaunched)
    harness.supervisor.launch(two)
    #expect(machine.sent == [two])
    machine.endLauncher()
    #expect(harness.reports() == [])
    machine.noteEnd(one)
    machine.endMonitor(monitor, of: one)
    #expect(harness.reports() == [.attemptEnded(one.attempt, .exited(0))])
    #expect(harness.reportsWhenDue() == [])
    #expect(machine.sent == [two, two])
  }

  // MARK: Secrets

  private func secret(_ request: LaunchRequest) -> LaunchRequest {
    var request = request
    request.secrets.values = [.init(name: "PW", form: .variable, bytes: Array("password".utf8))]
    return request
  }

  /// Before anybody is told of its end, and after all that could print is killed.
  @Test func theOutputOfALostAttemptIsScrubbed() throws {
    for (scrubs, unkillable, isLeft) in [(true, 0, false), (false, 0, true), (true, 1, true)] {
      let machine = FakeMachine()
      machine.scrubs = scrubs
      machine.remains = (killed: 0, unkillable: Int32(unkillable))
      machine.begin(one)
      machine.release(one)
      let (_, found) = try takeOver([secret(one)], on: machine)
      var end = AttemptEnd.lost(unkillable: Int32(unkillable))
      end.output.isUnscrubbed = isLeft
      #expect(found == [.ended(end)])
      #expect(machine.scrubbed == [one.attempt])
    }
  }

  @Test func withoutTheValueItIsMarked() throws {
    let machine = FakeMachine()
    machine.begin(one)
    machine.release(one)
    var request = one
    request.secrets.failure = LaunchFailure(operation: .readSecret, errno: 2, secret: "PW")
    let (_, found) = try takeOver([request], on: machine)
    var end = AttemptEnd.lost()
    end.output.isUnscrubbed = true
    #expect(found == [.ended(end)])
  }

  /// Its monitor has scrubbed it, or has none.
  @Test func noOtherOutputIsTouched() throws {
    let machine = FakeMachine()
    machine.noteEnd(one)
    machine.begin(two)
    machine.release(two)
    _ = try takeOver([secret(one), two], on: machine)
    #expect(machine.scrubbed.isEmpty)
  }

  /// The engine cannot give the command what it lists.
  @Test func anAttemptWithoutItsSecretsIsNotLaunched() throws {
    let harness = try SupervisorHarness()
    let failure = LaunchFailure(operation: .readSecret, errno: 2, secret: "PW")
    var request = one
    request.secrets.failure = failure
    harness.supervisor.launch(request)
    #expect(
      harness.reports() == [
        .attemptEnded(
          one.attempt,
          AttemptEnd(result: .launchFailed(failure), cause: .byItself, durationMicroseconds: 0))
      ])
    #expect(harness.machine.sent.isEmpty && harness.machine.launchers.isEmpty)
  }
}
