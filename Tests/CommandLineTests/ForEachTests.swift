import FlowJSON
import Glibc
import TestSupport
import Testing

/// Steps that run once per item, with real processes.
struct ForEachTests {
  @Test func eachItemIsAStepWithItsOwnOutputAndEnd() async throws {
    let home = Home()
    home.folder.write("a.csv\nd/e $(x).csv\n--bad\n", to: "list")
    let workflow = home.workflow(
      #"""
      \#(Home.scan),
      {"id": "convert", "needs": "scan", "forEach": {"over": "steps.scan.files", "jobs": 2, "tolerate": 1},
       "outputs": {"size": "int"}, "env": {"SECOND": "${item}"},
       "run": ["sh", "-c", "test \"$1\" = \"$FLOW_ITEM\" && test \"$1\" = \"$SECOND\" && echo \"<$1> $FLOW_STEP_ID\"; test \"$1\" != --bad && printf %s \"$1\" | wc -c > $FLOW_OUTPUTS/size", "x", "${item}"]},
      {"id": "report", "needs": "convert", "env": {"SIZES": "${steps.convert.size}"},
       "run": "cat $FLOW_INPUTS/convert/size; echo \" $SIZES\""}
      """#)
    let run = try await home.flow("run", workflow, "--run-id", "r")
    #expect(run.ending == .exit(0), "\(run.output)\(run.errors)")
    #expect(run.output.contains("convert succeeded: 3 items, 1 failed"), "\(run.output)")
    let id = "convert/d%2Fe $(x).csv"
    #expect(try await home.logs(id, of: "r") == "<d/e $(x).csv> \(id)\n")
    #expect(
      try await home.logs("report", of: "r") == "[5, 12, null] [5, 12, null]\n")
    #expect(try await home.flow("logs", "r", id, "--value", "size").output == "12")
    #expect(
      try await home.flow("logs", "r", "convert", "--value", "size").output
        == "[5, 12, null]")
    let why = try await home.flow("why", "r", "convert/--bad")
    #expect(why.output.contains("convert/--bad failed: exit code 1"), "\(why.output)")
    let status = try await home.flow("status", "r")
    #expect(status.output.contains("3 items, 1 failed (tolerated)"), "\(status.output)")
    #expect(!status.output.contains("convert/a.csv"), "\(status.output)")
    #expect(try await home.flow("status", "r", "--all").output.contains("convert/a.csv"))
    let completed = try await home.flow("complete", "--", "logs", "r", "convert/a")
    #expect(completed.ending != .exit(0) || completed.output.contains("convert/a.csv"))
    let report = try await home.flow("report", "r", "-o", "-")
    #expect(report.ending == .exit(0) && report.output.contains("convert/a.csv"))
    try await home.checkItems()
  }

  @Test(arguments: [(options: [], isVerbose: false), (["--verbose"], true)])
  func itemsHaveLinesOfTheirOwnOnDemand(options: [String], isVerbose: Bool) async throws {
    let home = Home()
    let workflow = home.workflow(
      #"{"id": "n", "forEach": {"over": ["a", "b", "c"], "tolerate": 1}, "run": ["test", "${item}", "!=", "b"]}"#
    )
    let run = try await home.start(
      ["run", workflow, "--run-id", "r", "--jobs", "1"] + options
    ).end()
    let lines = run.output.split(separator: "\n").filter { $0.hasPrefix("n") }
    func has(_ start: String) -> Bool { lines.contains { $0.hasPrefix(start) } }
    #expect(run.ending == .exit(0) && has("n/b failed: exit code 1"), "\(lines)")
    #expect(["n/a started", "n/b started", "n/c succeeded"].allSatisfy { has($0) == isVerbose })
    #expect(["n: 1 of 3 items", "n: 2 of 3 items, 1 failed"].allSatisfy { has($0) != isVerbose })
    #expect(lines.last == "n succeeded: 3 items, 1 failed", "\(lines)")
    try await home.checkItems()
  }

  /// In the history and as they happen.
  @Test func eventsNameItems() async throws {
    let home = Home()
    home.folder.write("a\nb\n", to: "list")
    let workflow = home.workflow(
      #"\#(Home.scan), {"id": "n", "needs": "scan", "forEach": {"over": "steps.scan.files"}, "run": "true"}"#
    )
    let run = try await home.flow("run", workflow, "--run-id", "r", "--json")
    let events = try await home.flow("events", "r", "--json")
    #expect(run.ending == .exit(0) && run.output == events.output)
    let named = try events.output.split(separator: "\n").compactMap { line in
      try JSON(String(line))["step"]?.string
    }
    #expect(Set(named) == ["scan", "n", "n/a", "n/b"])
    #expect(try await home.flow("events", "r").output.contains("n/b#1 scheduled"))
    try await home.checkItems()
  }

  @Test func badListsRunNothing() async throws {
    for (list, message) in [
      ("a\na\n", #"item 2 of its forEach has the key "a" of item 1"#),
      ("a\n\n", "the key of item 2 of its forEach is empty"),
      ("a\nb\nc\n", "its forEach has 3 items, and its max is 2"),
    ] {
      let home = Home()
      home.folder.write(list, to: "list")
      let workflow = home.workflow(
        #"""
        \#(Home.scan), {"id": "n", "needs": "scan", "forEach": {"over": "steps.scan.files", "max": 2},
         "run": ["sh", "-c", "echo $1 >> ran", "x", "${item}"]}
        """#, #""finally": [{"id": "f", "run": "cat $FLOW_FAILURE"}]"#)
      let run = try await home.flow("run", workflow, "--run-id", "r")
      #expect(run.ending == .exit(1) && run.output.contains(message), "\(run.output)")
      #expect(home.ran == [])
      // Also where only failures are told, and to who is told of them.
      #expect(try await home.logs("f", of: "r").contains("n failed: \(message)"))
      let again = try await home.flow("restart", "r", "-q", "--failed")
      #expect(again.errors.contains("✗ n failed: \(message)"), "\(again.errors)")
      try await home.checkItems()
    }
  }

  @Test func anItemIsKnownByItsKeyInLaterRounds() async throws {
    let home = Home()
    home.folder.write("a\nb\nc\n", to: "list")
    home.folder.write("", to: "broken-b")
    let workflow = home.workflow(
      #"""
      \#(Home.scan), {"id": "n", "needs": "scan", "forEach": {"over": "steps.scan.files"},
       "run": ["sh", "-c", "echo $1 >> ran; test ! -e broken-$1", "x", "${item}"]}
      """#)
    let run = try await home.flow("run", workflow, "--run-id", "r")
    #expect(run.ending == .exit(1) && Set(home.ran) == ["a", "b", "c"])
    unsafe _ = unlink("\(home.folder.path)/broken-b")
    home.folder.write("", to: "ran")
    #expect(try await home.flow("restart", "r", "--failed").ending == .exit(0))
    #expect(home.ran == ["b"])
    // Another list: c stays, a is gone, and d is new.
    home.folder.write("d\nb\nc\n", to: "list")
    home.folder.write("", to: "ran")
    #expect(try await home.flow("restart", "r", "--from", "scan").ending == .exit(0))
    #expect(home.ran == ["d"])
    let why = try await home.flow("why", "r", "n/a")
    #expect(why.output.contains("its item is no longer in the list"), "\(why.output)")
    home.folder.write("", to: "ran")
    #expect(try await home.flow("restart", "r", "--from", "n/c").ending == .exit(0))
    #expect(home.ran == ["c"])
    try await home.checkItems()
  }

  @Test(.timeLimit(.minutes(2)))
  func whateverIsKilledEachItemIsDoneOnce() async throws {
    let home = Home()
    let items = (0..<40).map { "i\($0)" }
    home.folder.write(items.map { "\($0)\n" }.joined(), to: "list")
    let workflow = home.workflow(
      #"""
      \#(Home.scan), {"id": "n", "needs": "scan", "forEach": {"over": "steps.scan.files", "jobs": 3},
       "run": ["sh", "-c", "test -e started || touch started; until test -e go; do sleep 0.02; done; echo $1 >> ran", "x", "${item}"]}
      """#)
    let run = try home.start(["run", workflow, "--run-id", "r", "--jobs", "4"])
    #expect(try await eventually { home.folder.has("started") })
    run.signal(SIGKILL)
    _ = try await run.end()
    // What ran is found again, and its engine killed once more amid the others.
    let second = try home.start(["restart", "r"])
    home.folder.write("", to: "go")
    #expect(try await eventually { home.folder.has("ran") })
    second.signal(SIGKILL)
    _ = try await second.end()
    let last = try await home.flow("restart", "r")
    let status = try await home.status("r")
    #expect([.exit(0), .exit(2)].contains(last.ending), "\(last.output)\(last.errors)")
    #expect(status["state"]?.string == "succeeded")
    #expect(home.ran.sorted() == items.sorted())
    try await home.checkItems()
  }

  @Test func aCancelStopsAllItems() async throws {
    let home = Home()
    let workflow = home.workflow(
      #"""
      {"id": "n", "forEach": {"over": ["a", "b", "c"], "jobs": 2},
       "run": ["sh", "-c", "touch started-$1; exec sleep 600", "x", "${item}"]}
      """#)
    let run = try home.start(["run", workflow, "--run-id", "r"])
    #expect(try await eventually { home.folder.has("started-a") })
    #expect(try await eventually { home.folder.has("started-b") })
    #expect(try await home.flow("cancel", "r").ending == .exit(0))
    #expect(try await run.end().ending == .exit(3))
    let status = try await home.status("r")
    #expect(
      ["n", "n/a", "n/b", "n/c"].map { status.state(of: $0) } == [
        "cancelled", "cancelled", "cancelled", "skipped",
      ])
    try await home.checkItems()
  }
}
