import FlowJSON
import TestSupport
import Testing

/// How runs are named and found.
struct RunNameTests {
  private func home(with ids: String...) async throws -> Home {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "true"}"#)
    for id in ids {
      #expect(try await home.flow("run", "-q", file, "--run-id", id).ending == .exit(0))
    }
    return home
  }

  @Test func latestIsTheYoungest() async throws {
    let home = try await home(with: "b", "a")
    #expect(try await home.flow("status").output.hasPrefix("run a:"))
    #expect(try await home.status("latest")["runId"]?.string == "a")
    let list = try await home.flow("list", "--json")
    let ids = try JSON(list.output).elements.map { $0["runId"]?.string }
    #expect(ids == ["a", "b"])
  }

  @Test func aUniqueBeginningIsEnough() async throws {
    let home = try await home(with: "ab-1", "ab-2", "ab", "c")
    #expect(try await home.status("ab-2")["runId"]?.string == "ab-2")
    #expect(try await home.status("ab")["runId"]?.string == "ab", "a whole id is no beginning")
    let ambiguous = try await home.flow("status", "ab-")
    #expect(ambiguous.ending == .exit(2))
    #expect(ambiguous.output == "")
    #expect(
      ambiguous.errors
        == "flow: \"ab-\" matches several runs: ab-1, ab-2; give more of the id\n")
  }

  @Test func aTakenIdIsRefused() async throws {
    let home = try await home(with: "r")
    let before = try await home.events("r")
    let again = try await home.flow(
      "run", home.workflow(#"{"id": "b", "run": "touch ran"}"#), "--run-id", "r")
    #expect(again.ending == .exit(7))
    #expect(again.output == "" && again.errors.contains("run r already exists"))
    #expect(try await home.events("r") == before)
    #expect(home.runs == ["r"] && !home.folder.has("ran"))
  }

  @Test func runsOfOneHomeDoNotMeet() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "touch $FLOW_RUN_ID; until test -e r1 -a -e r2; do sleep 0.1; done"}"#)
    let first = try home.start(["run", file, "--run-id", "r1"])
    let second = try home.start(["run", file, "--run-id", "r2"])
    #expect(try await first.end().ending == .exit(0))
    #expect(try await second.end().ending == .exit(0))
    #expect(home.runs == ["r1", "r2"])
  }

  @Test(arguments: [
    "../r", "r/../r", "/etc", "r/", "", ".", "..", "-r", "r r", "é", "r\u{1b}[31m",
    String(repeating: "r", count: 10_000),
  ])
  func whatIsNoIdFindsNothing(name: String) async throws {
    let home = try await home(with: "r")
    for command in ["status", "events", "logs"] {
      let finished = try await home.flow(command, "--", name)
      #expect(finished.ending == .exit(2))
      #expect(finished.output == "")
      #expect(finished.errors.hasPrefix("flow"))
      #expect(!finished.errors.contains("\u{1b}"))
      #expect(finished.errors.utf8.count < 1_000)
    }
    let run = try await home.flow(
      "run", home.workflow(#"{"id": "a", "run": "true"}"#), "--run-id=\(name)")
    #expect(run.ending == .exit(2) && run.errors.utf8.count < 1_000)
    #expect(home.runs == ["r"])
  }

  @Test func latestIsNoIdForARun() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "true"}"#)
    let run = try await home.flow("run", file, "--run-id", "latest")
    #expect(run.ending == .exit(2))
    #expect(
      run.errors == "flow: \"latest\" is reserved for the most recent run; choose another run id\n")
    #expect(home.runs == [])
  }

  @Test func whatIsNotThereIsSaidToBe() async throws {
    let home = Home()
    let none = try await home.flow("status")
    #expect(none.ending == .exit(2))
    #expect(none.errors.contains("there are no runs in \(home.path) yet"))
    #expect(try await home.flow("list").ending == .exit(0))
    #expect(!TestFile.exists(home.path), "looking makes nothing")
    let one = try await self.home(with: "r")
    let other = try await one.flow("status", "x")
    #expect(other.ending == .exit(2) && other.errors.contains("matches \"x\""))
    let step = try await one.flow("logs", "r", "b")
    #expect(step.ending == .exit(2))
    #expect(step.output == "" && step.errors.contains("run r has no step \"b\""))
    let attempt = try await one.flow("logs", "r", "a", "--attempt", "2")
    #expect(attempt.ending == .exit(2))
    #expect(attempt.errors.contains("flow: no output of attempt 2 of step a"))
  }

  @Test(arguments: [
    ([], "no command given"),
    (["walk"], "unknown command \"walk\""),
    (["statsu"], "did you mean \"status\"?"),
    (["--wrong"], "unknown option \"--wrong\""),
    (["run"], "missing argument FILE"),
    (["run", "a", "b"], "unexpected argument \"b\""),
    (["run", "--jbos", "1", "x"], "unknown option \"--jbos\""),
    (["run", "--jobs"], "option --jobs needs a value"),
    (["run", "--jobs", "0", "x"], "invalid value \"0\" for --jobs"),
    (["run", "--jobs", "99999999999999999999", "x"], "expected a whole number from 1 to 4096"),
    (["logs"], "missing argument RUN"),
    (["status", "--json=yes"], "option --json takes no value"),
  ])
  func wrongCommandLinesSayWhatIsWrong(line: [String], text: String) async throws {
    let home = Home()
    let finished = try await home.start(line).end()
    #expect(finished.ending == .exit(2))
    #expect(finished.output == "" && finished.errors.contains(text), "\(finished.errors)")
    #expect(!TestFile.exists(home.path))
  }
}
