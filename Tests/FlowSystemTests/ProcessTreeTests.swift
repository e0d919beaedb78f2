import FlowCore
import FlowRuntime
import FlowSystem
import Glibc
import TestSupport
import Testing

/// Everything that a command starts ends with the attempt, however it tries to escape.
struct ProcessTreeTests {
  /// Each writes its process id to a file, and keeps running.
  static let escapes = [
    "setsid sh -c 'echo $$ >> pids; exec sleep 600' &",
    "(setsid sh -c 'setsid sh -c \"echo \\$\\$ >> pids; exec sleep 600\" &' &)",
    "nohup sh -c 'echo $$ >> pids; exec sleep 600' > /dev/null 2>&1 &",
    "sh -c 'trap \"\" TERM HUP INT; echo $$ >> pids; sleep 600; sleep 600' &",
    "setsid sh -c 'trap \"\" TERM; echo $$ >> pids; sleep 600; sleep 600' &",
    "setsid sh -c 'echo $$ >> pids; kill -STOP $$; sleep 600' &",
    "env -i setsid sh -c 'echo $$ >> pids; sleep 600' &",
    // Processes that it starts when it gets SIGTERM.
    "setsid sh -c 'trap \"setsid sh -c \\\"echo \\\\\\$\\\\\\$ >> pids; sleep 600\\\" &\" TERM; echo $$ >> pids; sleep 600; sleep 600' &",
  ]

  private static let wait = "until test -s pids; do sleep 0.01; done;"

  private func pids(_ attempts: Attempts) -> [Int32] {
    attempts.folder.contents(of: "pids").split(separator: "\n").compactMap { Int32($0) }
  }

  /// The processes that still live: ids are reused by other processes.
  private func alive(_ attempts: Attempts) -> [Int32] {
    let own = attempts.folder.processes()
    return pids(attempts).filter { processID in
      guard isAlive(processID) else { return false }
      let line = TestFile.text("/proc/\(processID)/cmdline")
      let isBare = TestFile.bytes("/proc/\(processID)/environ").isEmpty
      return own.contains(processID) || isBare && line.contains("600")
    }
  }

  private func expectNobody(_ attempts: Attempts, of step: Int32 = 1) {
    let pids = pids(attempts)
    #expect(!pids.isEmpty && alive(attempts) == [])
    #expect(attempts.folder.processes().filter { !isOwn($0) } == [])
  }

  /// Launchers and monitors have the environment of the tests.
  private func isOwn(_ processID: Int32) -> Bool {
    TestFile.text("/proc/\(processID)/comm").hasPrefix("flow: ")
  }

  @Test(arguments: escapes)
  func aTimeoutEndsAllOfThem(escape: String) async throws {
    let attempts = try Attempts()
    let script = "\(escape)\n\(Self.wait) sleep 600"
    attempts.processes.send(attempts.request(1, .shell(script), timeout: 1_500, grace: 100))
    let end = try #require(try await attempts.end(of: 1))
    #expect(end.cause == .deadline && end.unkillable == 0)
    expectNobody(attempts)
  }

  @Test(arguments: escapes)
  func aStopEndsAllOfThem(escape: String) async throws {
    let attempts = try Attempts()
    let script = "\(escape)\n\(Self.wait) echo > begun; sleep 600"
    attempts.processes.send(attempts.request(1, .shell(script), grace: 100))
    try await stop(attempts, .stop)
    let end = try #require(try await attempts.end(of: 1))
    #expect(end.cause == .stop && end.result == .signalled(signal: UInt8(SIGTERM)))
    #expect(end.stragglers > 0 || !escape.hasPrefix("setsid"))
    expectNobody(attempts)
  }

  @Test(arguments: escapes)
  func aStopWithoutGraceEndsAllOfThem(escape: String) async throws {
    let attempts = try Attempts()
    let script = "\(escape)\n\(Self.wait) echo > begun; sleep 600"
    attempts.processes.send(attempts.request(1, .shell(script), grace: 3_600_000))
    try await stop(attempts, .force)
    let end = try #require(try await attempts.end(of: 1))
    #expect(end.cause == .force && end.result == .signalled(signal: UInt8(SIGKILL)))
    expectNobody(attempts)
  }

  @Test(arguments: escapes)
  func whatACommandLeavesIsEnded(escape: String) async throws {
    let attempts = try Attempts()
    let script = "\(escape)\n\(Self.wait) exit 3"
    attempts.processes.send(attempts.request(1, .shell(script), grace: 100))
    let end = try #require(try await attempts.end(of: 1))
    #expect(end.result == .exited(code: 3) && end.cause == .byItself && end.stragglers > 0)
    expectNobody(attempts)
  }

  @Test func whatACommandLeavesMayStay() async throws {
    let attempts = try Attempts()
    let script = "setsid sh -c 'echo $$ >> pids; exec sleep 600' & \(Self.wait)"
    attempts.processes.send(attempts.request(1, .shell(script), stragglers: .keep))
    let end = try #require(try await attempts.end(of: 1))
    #expect(end.result == .exited(code: 0) && end.stragglers == 0)
    #expect(pids(attempts).count == 1 && pids(attempts) == alive(attempts))
  }

  @Test func whatMayStayIsEndedByATimeout() async throws {
    let attempts = try Attempts()
    let script = "setsid sh -c 'echo $$ >> pids; exec sleep 600' & \(Self.wait) sleep 600"
    attempts.processes.send(
      attempts.request(1, .shell(script), timeout: 1_000, grace: 100, stragglers: .keep))
    #expect(try await attempts.end(of: 1)?.cause == .deadline)
    expectNobody(attempts)
  }

  /// A process that ends within the grace period gets no other signal.
  @Test func aCommandMayTidyUpInItsGrace() async throws {
    let attempts = try Attempts()
    let script = "trap 'echo tidied; exit 5' TERM; echo > begun; sleep 600 & wait"
    attempts.processes.send(attempts.request(1, .shell(script), grace: 3_600_000))
    try await stop(attempts, .stop)
    let end = try #require(try await attempts.end(of: 1))
    #expect(end.result == .exited(code: 5) && end.cause == .stop)
    #expect(attempts.folder.contents(of: "1.out") == "tidied\n")
  }

  /// Its signals wait until it is continued, which comes with them.
  @Test(arguments: [ProcessSignal.stop, .force])
  func aStoppedMonitorIsContinued(signal: ProcessSignal) async throws {
    let attempts = try Attempts()
    attempts.processes.send(attempts.request(1, .shell("echo > begun; exec sleep 600")))
    let launch = try #require(try await attempts.launch(of: 1))
    kill(launch.monitor, SIGSTOP)
    try await #require(
      eventually { TestFile.text("/proc/\(launch.monitor)/stat").contains(") T ") })
    let monitor = try #require(attempts.processes.open(launch.monitor))
    kill(launch.monitor, 41)
    #expect(attempts.processes.isPending(.force, in: monitor))
    #expect(!attempts.processes.isPending(.stop, in: monitor))
    try await stop(attempts, signal)
    #expect(try await attempts.end(of: 1)?.cause != .byItself)
    #expect(attempts.folder.processes().filter { !isOwn($0) } == [])
  }

  /// A process that is stopped, with its group, continues to handle the signal.
  @Test func aStoppedCommandMayTidyUpInItsGrace() async throws {
    let attempts = try Attempts()
    let script = "trap 'echo tidied; exit 5' TERM; echo > begun; kill -STOP 0; sleep 600 & wait"
    attempts.processes.send(attempts.request(1, .shell(script), grace: 3_600_000))
    let launch = try #require(try await attempts.launch(of: 1))
    try await #require(
      eventually { TestFile.text("/proc/\(launch.process)/stat").contains(") T ") })
    try await stop(attempts, .stop)
    let end = try #require(try await attempts.end(of: 1))
    #expect(end.result == .exited(code: 5) && end.cause == .stop)
    #expect(attempts.folder.contents(of: "1.out") == "tidied\n")
  }

  /// Tells of each SIGTERM, and ends a moment later: many programs clean up after the first, and take
  /// a second one for the order to quit at once.
  private static let counter =
    """
    trap "echo heard; heard=1" TERM; echo > begun; while test -z "$heard"; do sleep 0.1; done
    for i in 1 2 3; do sleep 0.1; done; echo out
    """

  /// In the command's group, in a group of its own, and under a parent that has one.
  @Test(arguments: [
    "exec sh counter", "sh counter; true", "sh counter & wait", "setsid sh counter & wait",
    "setsid sh -c 'sh counter; true' & wait", "(setsid sh -c 'sh counter; true' &) ; sleep 600",
  ])
  func aStopIsHeardOnce(script: String) async throws {
    let attempts = try Attempts()
    let all = "echo '\(Self.counter)' > counter; \(script)"
    attempts.processes.send(attempts.request(1, .shell(all), grace: 3_600_000))
    try await stop(attempts, .stop)
    #expect(try await attempts.end(of: 1)?.cause == .stop)
    // A shell also tells of the end of its "sleep", which got the signal with the group.
    let lines = attempts.folder.contents(of: "1.out").split(separator: "\n")
    #expect(lines.filter { $0 != "Terminated" } == ["heard", "out"])
  }

  /// A process that the command starts to clean up is left alone while the command lives.
  @Test func whatCleansUpIsLeftAlone() async throws {
    let attempts = try Attempts()
    let script =
      "trap 'setsid sleep 0.3 && sleep 0.3 && echo tidied; exit 5' TERM; echo > begun; sleep 600 & wait"
    attempts.processes.send(attempts.request(1, .shell(script), grace: 3_600_000))
    try await stop(attempts, .stop)
    #expect(try await attempts.end(of: 1)?.result == .exited(code: 5))
    #expect(attempts.folder.contents(of: "1.out") == "tidied\n")
  }

  private func stop(_ attempts: Attempts, _ signal: ProcessSignal) async throws {
    let launch = try #require(try await attempts.launch(of: 1))
    let monitor = try #require(attempts.processes.open(launch.monitor))
    // Only polling shows when a command has come this far.
    try await #require(eventually { attempts.folder.has("begun") })
    attempts.processes.signal(monitor, signal)
  }

  // MARK: Monitors that are killed

  @Test(arguments: escapes)
  func theLauncherEndsWhatAKilledMonitorLeaves(escape: String) async throws {
    let attempts = try Attempts()
    let script = "\(escape)\n\(Self.wait) echo > begun; sleep 600"
    attempts.processes.send(attempts.request(1, .shell(script)))
    try await stop(attempts, .kill)
    let gone = ProcessMessage.monitorGone(AttemptID(step: 1, number: 1))
    #expect(try await attempts.message { $0 == gone ? 0 : nil } == 0)
    // They are killed before the report, and counted.
    #expect(alive(attempts) == [])
    let (killed, unkillable) = attempts.processes.killOrphans(of: attempts.request(1, .shell("")))
    #expect(killed > 0 && unkillable == 0)
    expectNobody(attempts)
    #expect(attempts.record(1).end == nil)
  }

  /// Launcher and monitor at once: then orphans are found by their environment.
  @Test func whatIsLeftIsFoundByItsEnvironment() async throws {
    let attempts = try Attempts()
    let request = attempts.request(
      1,
      .shell("setsid sh -c 'echo $$ >> pids; sleep 600; env -i sleep 600' & \(Self.wait) sleep 600")
    )
    // Adopted orphans are left alone then: this process has children of other tests.
    let other = attempts.request(2, .program(["sleep", "600"]), stragglers: .keep)
    attempts.processes.send(request)
    attempts.processes.send(other)
    let launch = try #require(try await attempts.launch(of: 1))
    let bystander = try #require(try await attempts.launch(of: 2))
    try await #require(eventually { !pids(attempts).isEmpty })
    kill(attempts.launcher, SIGKILL)
    kill(launch.monitor, SIGKILL)
    #expect(try await attempts.message { $0 == .launcherGone ? 0 : nil } == 0)
    let (killed, unkillable) = attempts.processes.killOrphans(of: request)
    #expect(killed >= 3 && unkillable == 0)
    #expect(!isAlive(launch.process) && alive(attempts) == [])
    #expect(isAlive(bystander.process) && isAlive(bystander.monitor))
    #expect(attempts.processes.killOrphans(of: request) == (0, 0))
  }

  /// As if this process had been suspended between the signal and the next look.
  @Test func aLimitThatHasPassedMakesNothingUnkillable() async throws {
    let attempts = try Attempts()
    let request = attempts.request(1, .program(["sleep", "600"]))
    attempts.processes.send(request)
    let launch = try #require(try await attempts.launch(of: 1))
    kill(attempts.launcher, SIGKILL)
    kill(launch.monitor, SIGKILL)
    #expect(try await attempts.message { $0 == .launcherGone ? 0 : nil } == 0)
    var orphans = Orphans(limitMicroseconds: 0)
    let (killed, unkillable) = orphans.kill(request, sparing: nil)
    #expect(killed == 1 && unkillable == 0)
    #expect(!isAlive(launch.process))
  }
}
