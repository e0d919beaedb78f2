import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import Glibc
import TestSupport
import Testing

/// Launchers and monitors as processes of this machine.
struct LinuxProcessesTests {
  private let success = Command.program(["true"])

  // MARK: One attempt

  @Test func anAttemptIsToldAndNotedFromItsLaunchToItsEnd() async throws {
    let attempts = try Attempts()
    attempts.processes.send(attempts.request(3, .shell("echo out; echo err >&2; exit 7")))
    let launch = try #require(try await attempts.launch(of: 3))
    let end = try #require(try await attempts.end(of: 3))
    #expect(end.result == .exited(code: 7) && end.cause == .byItself)
    #expect(end.durationMicroseconds > 0 && end.peakMemoryKibibytes > 0)
    #expect(attempts.folder.contents(of: "3.out") == "out\nerr\n")

    let record = attempts.record(3)
    let host = try ProcessFacts.hostContext(of: attempts.folder.path)
    #expect(record.start?.id == AttemptID(step: 3, number: 1) && record.start?.intent == 43)
    #expect(record.start?.host == HostMark(host))
    #expect(record.start?.monitorID == launch.monitor)
    #expect(record.command?.processID == launch.process)
    #expect(record.end == end && !record.isUnreadable)
  }

  @Test func whatARecordSaysOfProcessesIsWhatTheKernelSays() async throws {
    let attempts = try Attempts()
    attempts.processes.send(attempts.request(1, .program(["sleep", "600"])))
    let launch = try #require(try await attempts.launch(of: 1))
    let monitor = try #require(attempts.processes.open(launch.monitor))
    let command = try #require(attempts.processes.open(launch.process))
    #expect(attempts.record(1).start?.monitorStart == attempts.processes.startTime(of: monitor))
    #expect(attempts.record(1).command?.processStart == attempts.processes.startTime(of: command))
    #expect(command.status?.parent == launch.monitor)
    #expect(try attempts.isLocked("1.rec"))
    attempts.processes.signal(monitor, .force)
    #expect(try await attempts.end(of: 1)?.cause == .force)
    #expect(monitor.awaitEnd(milliseconds: 60_000))
    #expect(attempts.processes.startTime(of: monitor) == nil)
    #expect(try !attempts.isLocked("1.rec"))
  }

  @Test func aProcessThatWasKilledIsLeavingBeforeItHasEnded() async throws {
    let attempts = try Attempts()
    for step: Int32 in 1...10 {
      attempts.processes.send(attempts.request(step, .program(["sleep", "600"])))
      let launch = try #require(try await attempts.launch(of: step))
      let command = try #require(attempts.processes.open(launch.process))
      #expect(!command.isLeaving)
      command.signal(SIGKILL)
      #expect(command.isLeaving)
      #expect(try await attempts.end(of: step) != nil)
      #expect(command.isLeaving)
    }
  }

  @Test func manyAttemptsAreServedAtOnce() async throws {
    let attempts = try Attempts()
    for step in 0..<100 {
      attempts.processes.send(attempts.request(Int32(step), .shell("exit $FLOW_STEP_ID")))
    }
    for step in 0..<100 {
      #expect(try await attempts.end(of: Int32(step))?.result == .exited(code: UInt8(step)))
    }
  }

  /// Many children end at once, and each signal stands for several: none stays as a zombie, and the
  /// launcher knows that it has nothing left to do.
  @Test func everyEndIsCollected() async throws {
    let attempts = try Attempts()
    for step in 0..<300 { attempts.processes.send(attempts.request(Int32(step), success)) }
    for step in 0..<300 {
      #expect(try await attempts.end(of: Int32(step))?.result == .exited(code: 0))
    }
    attempts.processes.finish()
    #expect(try await eventually { !isAlive(attempts.launcher) })
    #expect(try !attempts.isLocked("launcher"))
  }

  /// A launcher that does not read for a while: the channel is full, and the rest is sent later.
  @Test func requestsWaitForAFullChannel() async throws {
    let attempts = try Attempts()
    kill(attempts.launcher, SIGSTOP)
    let word = String(repeating: "x", count: 30_000)
    for step: Int32 in 1...60 {
      attempts.processes.send(attempts.request(step, .program(["test", word])))
    }
    attempts.processes.flush()
    // The second descriptor wants to be written to: not everything was taken.
    #expect(attempts.processes.prepareWait()[2].fd >= 0)
    kill(attempts.launcher, SIGCONT)
    for step: Int32 in 1...60 {
      #expect(try await attempts.end(of: step)?.result == .exited(code: 0))
    }
  }

  /// Processes that open their output again add to it, and overwrite nothing.
  @Test func anOutputHasManyWriters() async throws {
    let attempts = try Attempts()
    attempts.processes.send(
      attempts.request(2, .shell("echo one; echo two >> /dev/stdout; echo three")))
    #expect(try await attempts.end(of: 2)?.result == .exited(code: 0))
    #expect(attempts.folder.contents(of: "2.out") == "one\ntwo\nthree\n")
  }

  /// A script whose interpreter is missing, and a program that is.
  @Test func aMissingInterpreterIsToldFromAMissingProgram() async throws {
    let attempts = try Attempts()
    attempts.folder.write("#!/nowhere/interpreter\n", to: "script")
    unsafe _ = chmod("\(attempts.folder.path)/script", 0o700)
    for (step, program, error) in [
      (1, "./script", Errno.noInterpreter), (2, "./none", .noSuchFile), (3, "none", .noSuchFile),
    ] as [(Int32, String, Errno)] {
      attempts.processes.send(attempts.request(step, .program([program])))
      let failure = LaunchFailure(operation: .execute, errno: error.rawValue)
      #expect(try await attempts.end(of: step)?.result == .launchFailed(failure))
    }
  }

  /// More than the channel holds, and more than the launcher reads at once.
  @Test func aCommandMayBeLong() async throws {
    let attempts = try Attempts()
    let word = String(repeating: "x", count: 100_000)
    let words = Array(repeating: word, count: 10)
    for step: Int32 in [1, 2] {
      attempts.processes.send(attempts.request(step, .program(["/bin/echo"] + words)))
    }
    attempts.processes.send(attempts.request(3, success))
    for step: Int32 in [1, 2, 3] {
      #expect(try await attempts.end(of: step)?.result == .exited(code: 0))
    }
    #expect(attempts.folder.contents(of: "2.out") == words.joined(separator: " ") + "\n")
  }

  @Test func aRecordThatExistsKeepsTheCommandFromStarting() async throws {
    let attempts = try Attempts()
    attempts.folder.write("", to: "1.rec")
    attempts.processes.send(attempts.request(1, .shell("echo > ran")))
    let failure = try await attempts.message { message in
      if case .refused(_, let failure) = message { failure } else { nil }
    }
    #expect(
      failure == LaunchFailure(operation: .createRecord, errno: Errno.fileExists.rawValue))
    // The end of its monitor is reported, too.
    let gone = ProcessMessage.monitorGone(AttemptID(step: 1, number: 1))
    #expect(try await attempts.message { $0 == gone ? 0 : nil } == 0)
    #expect(!attempts.folder.has("ran") && attempts.folder.contents(of: "1.rec") == "")
  }

  @Test func anOutputThatExistsIsAFailedLaunch() async throws {
    let attempts = try Attempts()
    attempts.folder.write("mine", to: "1.out")
    attempts.processes.send(attempts.request(1, success))
    let expected = LaunchFailure(operation: .createOutput, errno: Errno.fileExists.rawValue)
    #expect(try await attempts.end(of: 1)?.result == .launchFailed(expected))
    #expect(attempts.record(1).end?.result == .launchFailed(expected))
    #expect(attempts.folder.contents(of: "1.out") == "mine")
  }

  @Test func whatAnAttemptHasUsedIsMeasured() async throws {
    let attempts = try Attempts()
    let work = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"
    attempts.processes.send(attempts.request(1, .shell("(\(work)); \(work)")))
    let end = try #require(try await attempts.end(of: 1))
    #expect(end.cpuMicroseconds > 1_000 && end.cpuMicroseconds < 60_000_000)
  }

  // MARK: Endless output

  /// Its middle is discarded, and its beginning and end stay.
  @Test func anOutputKeepsToItsLimit() async throws {
    let attempts = try Attempts()
    let script = "echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo last"
    attempts.processes.send(attempts.request(1, .shell(script), maxOutput: 400_000))
    #expect(try await attempts.end(of: 1)?.result == .exited(code: 0))
    var status = stat()
    unsafe stat("\(attempts.folder.path)/1.out", &status)
    #expect(status.st_size == 3_000_011)
    #expect(status.st_blocks * 512 <= 400_000)
    let output = TestFile.bytes("\(attempts.folder.path)/1.out")
    #expect(
      output.starts(with: "first\nxxx".utf8) && output.suffix(8).elementsEqual("xxxlast\n".utf8))
    let dropped = output.count { $0 == 0 }
    #expect(dropped > 2_500_000)
    #expect(droppedBytes(of: TestFile.bytes("\(attempts.folder.path)/1.rec")) == dropped)
  }

  /// Its offset in `record.c` of CMonitor.
  private func droppedBytes(of record: [UInt8]) -> Int {
    record[280..<288].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  // MARK: The launcher

  @Test func theLockIsTheLaunchersUntilTheEngineIsGone() async throws {
    let attempts = try Attempts()
    #expect(try attempts.isLocked("launcher"))
    attempts.processes.send(attempts.request(1, .program(["sleep", "600"])))
    _ = try #require(try await attempts.launch(of: 1))
    attempts.processes.finish()
    // It stays for its monitor, and releases the lock.
    #expect(isAlive(attempts.launcher))
    #expect(try !attempts.isLocked("launcher"))
    #expect(try attempts.isLocked("1.rec"))
  }

  @Test func aLauncherWithNothingToDoIsGoneWithItsEngine() async throws {
    let attempts = try Attempts()
    attempts.processes.send(attempts.request(1, success))
    _ = try #require(try await attempts.end(of: 1))
    attempts.processes.finish()
    #expect(!isAlive(attempts.launcher))
    #expect(try !attempts.isLocked("launcher"))
  }

  @Test func aLauncherThatIsKilledIsTold() async throws {
    let attempts = try Attempts()
    attempts.processes.send(attempts.request(1, .shell("while ! test -e go; do sleep 0.1; done")))
    let launch = try #require(try await attempts.launch(of: 1))
    kill(attempts.launcher, SIGKILL)
    #expect(try await attempts.message { $0 == .launcherGone ? 0 : nil } == 0)
    // The attempt continues, and reports its end to the engine that launched it.
    #expect(isAlive(launch.monitor))
    #expect(try !attempts.isLocked("launcher"))
    try attempts.startLauncher()
    attempts.processes.send(attempts.request(2, success))
    #expect(try await attempts.end(of: 2)?.result == .exited(code: 0))
    attempts.folder.write("", to: "go")
    #expect(try await attempts.end(of: 1)?.result == .exited(code: 0))
  }

  @Test func nothingOfTheCallersIsHeldByALauncher() async throws {
    let attempts = try Attempts()
    attempts.processes.send(attempts.request(1, .program(["sleep", "600"])))
    let launch = try #require(try await attempts.launch(of: 1))
    // The monitor has no lock, and its output took the next number before it closed that.
    for (process, last) in [(attempts.launcher, "5"), (launch.monitor, "6")] {
      let open = TestFile.names(in: "/proc/\(process)/fd").sorted()
      #expect(open == ["0", "1", "2", "3", "4", last])
      for number in 0...2 { #expect(link("/proc/\(process)/fd/\(number)") == "/dev/null") }
      #expect(link("/proc/\(process)/cwd") == "/")
      #expect(getsid(process) == process)
    }
    // The monitor has neither the lock nor the channel.
    #expect(link("/proc/\(launch.monitor)/fd/3") == "\(attempts.folder.path)/1.rec")
    #expect(link("/proc/\(launch.monitor)/fd/6") == "\(attempts.folder.path)/1.out")
  }

  /// There is one for each running attempt; they share memory with their launcher.
  @Test func monitorsHaveLittleMemory() async throws {
    let attempts = try Attempts()
    func privateKibibytes() -> Int {
      let lines = TestFile.text("/proc/\(attempts.launcher)/smaps_rollup").split(separator: "\n")
      let own = lines.filter { $0.hasPrefix("Private_Dirty") }
      return own.compactMap { Int($0.split(separator: " ")[1]) }.reduce(0, +)
    }
    attempts.processes.send(attempts.request(0, success))
    _ = try #require(try await attempts.end(of: 0))
    let before = privateKibibytes()
    for step in 1...40 as ClosedRange<Int32> {
      attempts.processes.send(attempts.request(step, .program(["sleep", "600"])))
    }
    for step in 1...40 as ClosedRange<Int32> {
      _ = try #require(try await attempts.launch(of: step))
    }
    let each = (privateKibibytes() - before) / 40
    #expect(before > 0 && each > 0 && each <= 48)
  }

  /// They share memory and nothing else: a killed monitor leaves the others working.
  @Test func aMonitorThatIsKilledIsNoHarmToOthers() async throws {
    let attempts = try Attempts()
    func send(_ steps: ClosedRange<Int32>, _ command: Command) {
      for step in steps { attempts.processes.send(attempts.request(step, command)) }
    }
    send(1...10, .shell("while ! test -e go; do sleep 0.1; done; echo $FLOW_STEP_ID"))
    for step in 1...10 as ClosedRange<Int32> {
      let monitor = try #require(try await attempts.launch(of: step)).monitor
      if step % 2 == 0 { kill(monitor, SIGKILL) }
    }
    send(11...30, .shell("echo $FLOW_STEP_ID"))
    for step in 11...30 as ClosedRange<Int32> {
      #expect(try await attempts.end(of: step)?.result == .exited(code: 0))
      #expect(attempts.folder.contents(of: "\(step).out") == "\(step)\n")
    }
    attempts.folder.write("", to: "go")
    for step in stride(from: 1 as Int32, to: 10, by: 2) {
      #expect(try await attempts.end(of: step)?.result == .exited(code: 0))
      #expect(attempts.folder.contents(of: "\(step).out") == "\(step)\n")
    }
  }

  @Test func processesSayWhatTheyAre() async throws {
    let attempts = try Attempts()
    attempts.processes.send(attempts.request(1, .program(["sleep", "600"])))
    let launch = try #require(try await attempts.launch(of: 1))
    let processes = [attempts.launcher, launch.monitor]
    let names = processes.map { TestFile.text("/proc/\($0)/comm") }
    #expect(names == ["flow: launcher\n", "flow: monitor\n"])
    // A monitor shows the same as its launcher: its run.
    let titles = processes.map { TestFile.text("/proc/\($0)/cmdline") }
    for title in titles {
      #expect(title.hasPrefix("flow: launcher\0") && title.contains("/launcher\0"))
    }
  }

  /// Without SIGKILL and SIGSTOP, the C library's own (32, 33), and those by which engines stop
  /// attempts (`launcher_process.h`).
  private static let signals: [Int32] = (1...64).filter { ![9, 19, 32, 33, 40, 41].contains($0) }

  /// Users and other programs send many signals; stopping is one of their effects.
  @Test func onlySIGKILLEndsALauncherOrAMonitor() async throws {
    let attempts = try Attempts()
    attempts.processes.send(attempts.request(1, .shell("while ! test -e go; do sleep 0.1; done")))
    let launch = try #require(try await attempts.launch(of: 1))
    for signal in Self.signals {
      for process in [attempts.launcher, launch.monitor] { kill(process, signal) }
    }
    attempts.processes.send(attempts.request(2, success))
    #expect(try await attempts.end(of: 2)?.result == .exited(code: 0))
    attempts.folder.write("", to: "go")
    #expect(try await attempts.end(of: 1)?.result == .exited(code: 0))
  }

  /// The launcher blocks all signals, and has a handler for one.
  @Test func aCommandHasTheUsualSignals() async throws {
    let attempts = try Attempts()
    attempts.processes.send(attempts.request(1, .program(["cat", "/proc/self/status"])))
    #expect(try await attempts.end(of: 1)?.result == .exited(code: 0))
    let lines = attempts.folder.contents(of: "1.out").split(separator: "\n")
    let masks = lines.filter { $0.hasPrefix("Sig") && !$0.hasPrefix("SigQ") }
    #expect(masks.count == 4)
    for mask in masks {
      let signals = mask.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
      // The C library keeps 32 and 33 to itself.
      #expect((signals ?? .max) & ~0x1_8000_0000 == 0, "\(mask)")
    }
  }

  private func link(_ path: String) -> String {
    var target = [CChar](repeating: 0, count: 4_096)
    let count = unsafe readlink(path, &target, target.count)
    return String(
      decoding: target.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
