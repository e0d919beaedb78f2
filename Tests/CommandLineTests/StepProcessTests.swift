import FlowJSON
import Glibc
import TestSupport
import Testing

/// What the command of a step finds, and what is left of it.
struct StepProcessTests {
  /// Runs one step, which must succeed, and gives what it printed.
  private func output(
    of step: String, _ home: Home = Home(), environment: [String: String?] = [:],
    by launcher: [String] = []
  ) async throws -> String {
    let file = home.workflow("{\"id\": \"a\", \(step)}")
    let run = try await home.flow("run", file, environment: environment, by: launcher)
    let output = try await home.logs("a")
    #expect(run.ending == .exit(0), "\(output)\(run.output)\(run.errors)")
    return output
  }

  @Test func itHasNoDescriptorsButThree() async throws {
    // The fourth is the listing's own.
    let listing = try await output(of: #""run": ["ls", "-l", "/proc/self/fd"]"#)
    let targets = listing.split(separator: "\n").compactMap { $0.split(separator: " ").last }
    #expect(targets.count == 5)
    #expect(targets[1] == "/dev/null")
    #expect(targets[2].hasSuffix("/attempts/a@1.out") && targets[3] == targets[2])
    #expect(targets[4].hasSuffix("/fd"))
  }

  @Test func outputAndErrorsAreInOneOrder() async throws {
    let text = try await output(of: #""run": "echo 1; echo 2 >&2; echo 3; echo 4 >&2""#)
    #expect(text == "1\n2\n3\n4\n")
  }

  @Test func itReadsNothing() async throws {
    #expect(try await output(of: #""run": ["cat"]"#) == "")
  }

  @Test func itLeadsASessionAndAGroup() async throws {
    let text = try await output(of: #""run": "echo $$; cut -d' ' -f5,6 /proc/$$/stat""#)
    let numbers = text.split { " \n".contains($0) }
    #expect(numbers.count == 3 && Set(numbers).count == 1)
  }

  /// The two numbers that the C library keeps to itself are its own affair.
  @Test func noSignalIsBlockedOrIgnored() async throws {
    let launcher = ["/usr/bin/env", "--ignore-signal=HUP", "--ignore-signal=USR1"]
    let text = try await output(
      of: #""run": ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]"#, by: launcher)
    let masks = text.split(separator: "\n").compactMap { $0.split(separator: "\t").last }
    #expect(masks.count == 2)
    for mask in masks {
      let bits = try #require(UInt64(mask, radix: 16))
      #expect(bits & ~(UInt64(3) << 31) == 0, "\(text)")
    }
  }

  @Test(
    arguments: [
      (nil, ""), ("sub", "/sub"), ("sub/../sub", "/sub"), ("/", nil),
    ] as [(String?, String?)])
  func itStartsInItsFolder(cwd: String?, expected: String?) async throws {
    let home = Home()
    unsafe _ = mkdir("\(home.folder.path)/sub", 0o700)
    let member = cwd.map { "\"cwd\": \"\($0)\", " } ?? ""
    let text = try await output(of: "\(member)\"run\": [\"/bin/pwd\"]", home)
    #expect(text == (expected.map { "\(home.folder.path)\($0)" } ?? "/") + "\n")
  }

  @Test func itsEnvironmentIsTheEnginesWithItsOwnOnTop() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "env": {"B": "step", "C": "step"}, "run": "echo $A $B $C $D"}"#,
      #""env": {"B": "run", "D": "run"}"#)
    let more = ["A": "engine", "B": "engine", "C": "engine", "D": "engine"]
    _ = try await home.flow("run", file, environment: more)
    #expect(try await home.logs("a") == "engine step step run\n")
  }

  @Test func itsEnvironmentIsPassedOnByteForByte() async throws {
    let text = try await output(
      of: #""run": "printf %s \"$ODD\" | od -An -tx1""#,
      by: ["/bin/sh", "-c", #"ODD=$(printf 'a\377b'); export ODD; exec "$@""#, "sh"])
    #expect(text == " 61 ff 62\n")
  }

  @Test func itKnowsWhatItBelongsTo() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "echo $FLOW_RUN_ID $FLOW_STEP_ID $FLOW_ATTEMPT"#
        + #" $FLOW_IDEMPOTENCY_KEY; echo kept > $FLOW_RUN_DIR/file; echo $FLOW_RUN_DIR"},"#
        + #" {"id": "b", "needs": ["a"], "run": "cat $FLOW_RUN_DIR/file"}"#)
    let run = try await home.flow("run", file, "--run-id", "r")
    #expect(run.ending == .exit(0))
    #expect(try await home.logs("a") == "r a 1 r/a\n\(home.path)/runs/r/work\n")
    #expect(try await home.logs("b") == "kept\n")
  }

  @Test func aListOfArgumentsGoesThroughNoShell() async throws {
    let text = try await output(of: #""run": ["printf", "%s|", "$HOME", "a b", "", "*", "é"]"#)
    #expect(text == "$HOME|a b||*|é|")
  }

  @Test func programsAreFoundAlongThePathOfTheStep() async throws {
    let home = Home()
    unsafe _ = mkdir("\(home.folder.path)/bin", 0o700)
    home.folder.write("#!/bin/sh\necho mine", to: "bin/mine", mode: 0o755)
    let path = "\(home.folder.path)/bin:/usr/bin:/bin"
    let text = try await output(of: "\"env\": {\"PATH\": \"\(path)\"}, \"run\": [\"mine\"]", home)
    #expect(text == "mine\n")
    let relative = try await output(of: #""env": {"PATH": "bin:/bin"}, "run": ["mine"]"#, home)
    #expect(relative == "mine\n")
    #expect(try await output(of: #""run": ["./bin/mine"]"#, home) == "mine\n")
  }

  @Test(arguments: [
    (#""run": ["no-such-program"]"#, "execute", ENOENT),
    (#""run": ["./missing"]"#, "execute", ENOENT),
    (#""run": ["./plain"]"#, "execute", EACCES),
    (#""run": ["plain"], "env": {"PATH": "."}"#, "execute", EACCES),
    (#""run": ["./noformat"]"#, "execute", ENOEXEC),
    (#""run": ["./"]"#, "execute", EACCES),
    (#""run": "true", "cwd": "missing""#, "changeDirectory", ENOENT),
    (#""run": "true", "cwd": "plain""#, "changeDirectory", ENOTDIR),
  ])
  func whatCannotBeStartedSaysWhy(step: String, operation: String, errno: Int32) async throws {
    let home = Home()
    home.folder.write("", to: "plain")
    home.folder.write("no format that is known", to: "noformat", mode: 0o755)
    let run = try await home.flow("run", home.workflow("{\"id\": \"a\", \(step)}"))
    #expect(run.ending == .exit(1))
    let end = try #require(
      try await home.events().first { $0["kind"]?.string == "attemptEnded" })
    #expect(end["outcome"]?.string == "launchFailed")
    #expect(end["failedOperation"]?.string == operation)
    #expect(end["errno"]?.integer == Int(errno))
  }

  @Test func aProgramThatIsBeingWrittenCannotBeStarted() async throws {
    let home = Home()
    let program = home.folder.write("#!/bin/sh\n", to: "busy", mode: 0o755)
    let descriptor = unsafe open(program, O_WRONLY | O_CLOEXEC)
    defer { close(descriptor) }
    let run = try await home.flow("run", home.workflow(#"{"id": "a", "run": ["./busy"]}"#))
    #expect(run.ending == .exit(1))
    let end = try await home.events().first { $0["kind"]?.string == "attemptEnded" }
    #expect(end?["errno"]?.integer == Int(ETXTBSY))
  }

  @Test(arguments: [
    // Children and grandchildren, in the foreground and not.
    #""timeout": "100ms", "run": "sleep 600 & sh -c 'sleep 600; true'; true""#,
    // Deaf to SIGTERM.
    #""timeout": "100ms", "killGrace": "50ms", "run": "trap '' TERM; sleep 600; sleep 600""#,
    #""timeout": "100ms", "killGrace": "50ms", "run": "(trap '' TERM; sleep 600) & wait""#,
    // Stopped: hears SIGTERM only when it is continued.
    #""timeout": "300ms", "run": "sleep 600 & kill -STOP 0""#,
    #""timeout": "300ms", "killGrace": "50ms", "run": "trap '' TERM; sleep 600 & kill -STOP 0""#,
  ])
  func theDeadlineEndsAllOfThem(step: String) async throws {
    let home = Home()
    let run = try await home.flow("run", home.workflow("{\"id\": \"a\", \(step)}"))
    #expect(run.ending == .exit(1))
    #expect(home.folder.processes() == [])
    #expect(try await home.status().outcomes(of: "a") == ["timedOut"])
  }

  @Test(arguments: [
    #""run": "sleep 600 & exit 0""#,
    #""run": "(trap '' TERM; sleep 600) & exit 0", "killGrace": "50ms""#,
    #""run": "sh -c 'sleep 600 & sleep 600 & exit 0'""#,
  ])
  func stragglersAreKilledBeforeTheEnd(step: String) async throws {
    let home = Home()
    let run = try await home.flow("run", home.workflow("{\"id\": \"a\", \(step)}"))
    #expect(run.ending == .exit(0))
    #expect(home.folder.processes() == [])
  }

  @Test func stragglersMayBeKept() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "stragglers": "keep", "run": "sleep 600 & echo $!"}"#)
    #expect(try await home.flow("run", file).ending == .exit(0))
    let pid = try await home.logs("a")
    #expect(home.folder.processes().map { "\($0)\n" } == [pid])
  }

  @Test func whatIsKeptKeepsItsOutputAndItsFolderForWork() async throws {
    let home = Home()
    let late = "while ! test -e go; do sleep 0.1; done; echo late; touch $FLOW_RUN_DIR/late"
    let file = home.workflow(
      #"{"id": "a", "stragglers": "keep", "run": "(\#(late)) & true"}"#)
    #expect(try await home.flow("run", file, "--run-id", "r").ending == .exit(0))
    home.folder.write("", to: "go")
    #expect(try await eventually { home.folder.processes() == [] })
    #expect(home.folder.contents(of: "home/runs/r/attempts/a@1.out") == "late\n")
    #expect(home.folder.has("home/runs/r/work/late"))
  }

  @Test(.enabled(if: TestFile.exists("/usr/bin/flock")))
  func manyEndsAtOnceAreAllSeen() async throws {
    let home = Home()
    let gate = unsafe open(home.folder.write("", to: "gate"), O_RDWR | O_CLOEXEC)
    #expect(flock(gate, LOCK_EX) == 0)
    let steps = (0..<200).map {
      #"{"id": "s\#($0)", "run": "touch begun-$FLOW_STEP_ID; exec flock -s gate true"}"#
    }
    let run = try home.start(["run", home.workflow(steps.joined(separator: ","), #""jobs": 200"#)])
    #expect(
      try await eventually {
        TestFile.names(in: home.folder.path).count { $0.hasPrefix("begun-") } == 200
      })
    close(gate)
    #expect(try await run.end().ending == .exit(0))
    let states = try await home.status()["steps"]?.elements.map { $0["state"]?.string }
    #expect(states == Array(repeating: "succeeded", count: 200))
  }

  @Test func muchOutputIsAllThere() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "head -c 5000000 /dev/zero"}"#)
    #expect(try await home.flow("run", file).ending == .exit(0))
    #expect(try await home.logs("a").utf8.count == 5_000_000)
  }

  @Test func noMoreRunAtOnceThanJobs() async throws {
    let home = Home()
    let steps = (0..<12).map {
      #"{"id": "s\#($0)", "run": "echo + >> ledger; sleep 0.02; echo - >> ledger"}"#
    }
    let file = home.workflow(steps.joined(separator: ","), #""jobs": 12"#)
    #expect(try await home.flow("run", file, "--jobs", "3").ending == .exit(0))
    var running = 0
    var most = 0
    for line in home.folder.contents(of: "ledger").split(separator: "\n") {
      running += line == "+" ? 1 : -1
      most = max(most, running)
    }
    #expect(running == 0 && most <= 3)
  }
}
