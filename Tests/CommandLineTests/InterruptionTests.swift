import FlowJSON
import FlowSystem
import Glibc
import TestSupport
import Testing

/// Signals, readers that are slow or gone, and engines that are killed.
struct InterruptionTests {
  /// A step that goes on until it is stopped, and says when it has begun.
  private static let endless = #"{"id": "a", "run": "touch begun; sleep 600", "killGrace": "1h"}"#
  /// The same, deaf to SIGTERM.
  private static let deaf =
    #"{"id": "a", "run": "trap '' TERM; touch begun; sleep 600; sleep 600", "killGrace": "1h"}"#

  private func begin(_ steps: String, in home: Home) async throws -> Subprocess {
    let run = try home.start(["run", home.workflow(steps), "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    return run
  }

  @Test(arguments: [SIGINT])
  func oneSignalCancels(signal: Int32) async throws {
    let home = Home()
    let run = try await begin(Self.endless, in: home)
    run.signal(signal)
    #expect(try await run.end().ending == .exit(3))
    #expect(home.folder.processes() == [])
    let status = try await home.status()
    #expect(status["state"]?.string == "cancelled")
    #expect(status.outcomes(of: "a") == ["cancelled"])
  }

  @Test func aSecondInterruptKillsAtOnce() async throws {
    let home = Home()
    let run = try await begin(Self.deaf, in: home)
    run.signal(SIGINT)
    #expect(try await eventually { run.output.contains("cancel requested; press Ctrl-C again") })
    #expect(try await home.status()["state"]?.string == "stopping")
    #expect(home.folder.has("begun") && !home.folder.processes().isEmpty)
    run.signal(SIGINT)
    #expect(try await run.end().ending == .exit(3))
    #expect(home.folder.processes() == [])
  }

  /// `flow cancel` does so where its request finds no room on the disk.
  @Test func anotherFlowThatAsksTwiceDoesNotKill() async throws {
    let home = Home()
    let run = try await begin(
      #"""
      {"id": "a", "killGrace": "1h",
       "run": "trap 'touch told' TERM; touch begun; while ! test -e go; do sleep 0.1 || :; done; touch tidied"}
      """#, in: home)
    let engine = try #require(ProcessDescriptor(run.processID))
    #expect(engine.askToCancel(force: false))
    #expect(try await eventually { home.folder.has("told") })
    #expect(engine.askToCancel(force: false))
    #expect(try await eventually { !engine.hasPending(SIGINT) })
    home.folder.write("", to: "go")
    #expect(try await run.end().ending == .exit(3))
    #expect(home.folder.has("tidied"))
  }

  @Test func aQuitKillsAtOnce() async throws {
    let home = Home()
    let run = try await begin(Self.deaf, in: home)
    run.signal(SIGQUIT)
    #expect(try await run.end().ending == .exit(3))
    #expect(home.folder.processes() == [])
  }

  @Test func aHangUpIsIgnored() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "touch begun; while ! test -e go; do sleep 0.1; done"}"#)
    let run = try home.start(["run", file])
    #expect(try await eventually { home.folder.has("begun") })
    run.signal(SIGHUP)
    home.folder.write("", to: "go")
    #expect(try await run.end().ending == .exit(0))
  }

  @Test(.enabled(if: TestFile.exists("/usr/bin/perl")))
  func aParentThatIgnoresItsChildrenChangesNothing() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "exit 4"}"#)
    let run = try await home.flow(
      "run", file, by: ["/usr/bin/perl", "-e", #"$SIG{CHLD} = "IGNORE"; exec @ARGV"#])
    #expect(run.ending == .exit(1))
    #expect(try await home.status().step("a")?["attempts"]?[0]?["exitCode"]?.integer == 4)
  }

  // MARK: Readers

  @Test func aReaderThatGoesAwayEndsNothing() async throws {
    let home = Home()
    let (read, write) = pipeEnds()
    let file = home.workflow(
      #"{"id": "a", "run": "while ! test -e go; do sleep 0.1; done"},"#
        + #" {"id": "b", "run": "true", "needs": ["a"]}"#)
    let run = try home.start(["run", file], output: .descriptor(write))
    close(write)
    var byte: UInt8 = 0
    #expect(unsafe Glibc.read(read, &byte, 1) == 1)
    close(read)
    home.folder.write("", to: "go")
    let finished = try await run.end()
    #expect(finished.ending == .exit(0) && finished.errors == "")
    #expect(try await home.status()["state"]?.string == "succeeded")
  }

  enum Reader: CaseIterable {
    case pipe
    case terminal
  }

  @Test(arguments: Reader.allCases)
  func aReaderThatPausesHoldsUpNoStep(reader: Reader) async throws {
    let home = Home()
    let (read, write) = reader == .pipe ? pipeEnds() : terminalEnds()
    // More than a pipe takes.
    let steps = (0..<400).map { #"{"id": "s\#($0)", "run": ["true"]}"# }
    let file = home.workflow(
      steps.joined(separator: ",") + #", {"id": "last", "run": "touch done", "needs": ["s399"]}"#,
      #""jobs": 4"#)
    let run = try home.start(["run", "--json", file], output: .descriptor(write))
    close(write)
    #expect(try await eventually { home.folder.has("done") })
    #expect(
      try await eventually { try await home.status()["state"]?.string == "succeeded" })
    // Nothing is lost of what it reads later.
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe Glibc.read(read, &buffer, buffer.count)
      if count <= 0 { break }
      // A terminal ends lines with two characters.
      text += buffer[..<count].filter { $0 != UInt8(ascii: "\r") }
    }
    close(read)
    #expect(try await run.end().ending == .exit(0))
    #expect(
      String(decoding: text, as: UTF8.self)
        == (try await home.flow("events", "latest", "--json").output))
  }

  @Test func standardStreamsThatAreClosedAreNoFilesOfTheRun() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "echo $PPID; while ! test -e go; do sleep 0.1; done"}"#)
    let run = try home.start(
      ["run", file, "--run-id", "r"],
      by: ["/bin/sh", "-c", #"exec "$@" <&- >&- 2>&-"#, "sh"])
    let output = "\(home.path)/runs/r/attempts/a@1.out"
    #expect(try await eventually { TestFile.text(output).hasSuffix("\n") })
    let engine = TestFile.text(output).dropLast()
    for descriptor in 0...2 {
      #expect(link("/proc/\(engine)/fd/\(descriptor)") == "/dev/null")
    }
    home.folder.write("", to: "go")
    #expect(try await run.end().ending == .exit(0))
  }

  @Test func dataThatNobodyGetsIsAFailure() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "true"}"#)
    let run = try await home.flow("run", file, output: .file("/dev/full"))
    #expect(run.ending == .exit(0), "a run counts without what it prints")
    let status = try await home.flow("status", "--json", output: .file("/dev/full"))
    #expect(status.ending == .exit(6))
    #expect(
      status.errors == "flow: cannot write to standard output: no space left on device (ENOSPC)\n")
  }

  // MARK: Engines that are killed

  @Test func othersSeeARunThatGoesOn() async throws {
    let home = Home()
    let run = try await begin(
      #"{"id": "a", "run": "echo hello; touch begun; sleep 600"},"#
        + #" {"id": "b", "run": "true", "needs": ["a"]}"#, in: home)
    #expect(
      try await eventually { try await home.status().state(of: "a") == "running" })
    let status = try await home.status()
    #expect(status["state"]?.string == "running")
    #expect(status["enginePid"]?.integer == Int(run.processID))
    #expect(status["finishedAt"] == .null)
    #expect(status.outcomes(of: "a") == ["-"])
    #expect(status.state(of: "b") == "waiting")
    #expect(try await home.flow("list").output.contains("running"))
    #expect(try await home.logs("a") == "hello\n")
    #expect(try await home.events().last?["kind"]?.string == "attemptLaunched")
    run.signal(SIGTERM)
    _ = try await run.end()
  }

  @Test func aKilledEnginesRunIsInterrupted() async throws {
    let home = Home()
    let run = try await begin(Self.endless, in: home)
    run.signal(SIGKILL)
    #expect(try await run.end().ending == .signal(SIGKILL))
    let status = try await home.status("r")
    #expect(status["state"]?.string == "interrupted")
    #expect(status["enginePid"] == .null)
    #expect(status.state(of: "a") == "interrupted")
    #expect(try await home.flow("list").output.contains("interrupted"))
    #expect(try await home.flow("events", "r").ending == .exit(0))
  }

  /// However early it dies: a run that can be seen is whole.
  @Test(
    .enabled(if: TestFile.exists("/usr/bin/timeout")),
    arguments: [
      "0.0001", "0.001", "0.002", "0.003", "0.004", "0.006", "0.008", "0.012", "0.016", "0.024",
    ])
  func anEngineMayBeKilledAtAnyMoment(seconds: String) async throws {
    let home = Home()
    let steps = (0..<40).map { #"{"id": "s\#($0)", "run": ["true"]}"# }
    let file = home.workflow(steps.joined(separator: ","), #""jobs": 1"#)
    // The kernel's timer kills it, so that the moment does not depend on how busy the tests are.
    let killer = ["/usr/bin/timeout", "--foreground", "--signal=KILL", seconds]
    let ending = try await home.flow("run", file, "--run-id", "r", by: killer).ending
    let status = try await home.flow("status", "r", "--json")
    guard home.runs.contains("r") else {
      #expect(status.ending == .exit(2))
      #expect(try await home.flow("list").ending == .exit(0))
      return
    }
    #expect(status.ending == .exit(0), "\(status.errors)")
    let state = try JSON(status.output)["state"]?.string
    #expect(state == (ending == .exit(0) ? "succeeded" : "interrupted"))
    let events = try await home.events("r")
    #expect(events.map { $0["sequence"]?.integer ?? 0 } == Array(1...events.count))
  }

  private func pipeEnds() -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    let result = unsafe pipe(&ends)
    precondition(result == 0, "no pipe: error \(errno)")
    // Else processes of other tests would hold it open; theirs close all but three all the same.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// A terminal, as programs get it, and the end that a person would sit at.
  private func terminalEnds() -> (read: Int32, write: Int32) {
    var person: Int32 = 0
    var program: Int32 = 0
    let result = unsafe openpty(&person, &program, nil, nil, nil)
    precondition(result == 0, "no terminal: error \(errno)")
    for end in [person, program] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (person, program)
  }

  /// What a link points to.
  private func link(_ path: String) -> String {
    guard let target = unsafe realpath(path, nil) else { return "error \(errno)" }
    defer { unsafe free(target) }
    return unsafe String(cString: target)
  }
}
