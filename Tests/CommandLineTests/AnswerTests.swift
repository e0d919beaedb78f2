import FlowJSON
import Glibc
import TestSupport
import Testing

/// Steps that ask, and answers from other processes, with and without an engine that lives.
struct AnswerTests {
  private static let ask =
    #"{"id": "q", "ask": {"text": "Release ${params.v}?\nReally?", "fields": {"tag": "string", "n": "int"}}}"#
  private static let after =
    #"{"id": "b", "needs": "q", "when": "steps.q.n > 1", "run": ["printf", "%s|", "${steps.q.tag}", "${steps.q.n}"]}, "#
    + #"{"id": "c", "needs": "q", "run": "cat \"$FLOW_INPUTS/q/tag\""}"#
  private static let plain =
    #"{"id": "q", "ask": {"text": "?"}}, {"id": "b", "needs": "q", "run": "true"}"#

  private func begin(
    _ home: Home, _ steps: String = plain, _ settings: String = "", options: [String] = []
  ) async throws -> Subprocess {
    let run = try home.start(
      ["run", home.workflow(steps, settings), "--run-id", "r"] + options)
    #expect(try await eventually { try await home.isAsking() })
    return run
  }

  private func check(_ home: Home) async throws {
    #expect(try await home.flow("replay", "r", "--verify").ending == .exit(0))
    #expect(try await home.flow("verify", "r").ending == .exit(0))
    #expect(home.folder.processes() == [])
  }

  private func answers(_ home: Home) async throws -> [JSON] {
    try await home.events("r").filter { $0["kind"]?.string == "answered" }
  }

  // MARK: With an engine

  @Test func anotherProcessAnswersAndFieldsAreOutputs() async throws {
    let home = Home()
    let run = try await begin(
      home, "\(Self.ask), \(Self.after)", #""params": {"v": {"default": "1.2"}}"#)
    let list = try await home.flow("list", "--waiting")
    #expect(list.output.contains("r: q waits for an answer since "))
    #expect(
      list.output.contains("  Release 1.2?\n  Really?\nanswer with: flow answer r q --approve"))
    let json = try JSON(try await home.flow("list", "--waiting", "--json").output)
    #expect(json.elements.map { $0["step"]?.string } == ["q"])
    #expect(json.elements.first?["ask"]?["text"]?.string == "Release 1.2?\nReally?")
    let status = try await home.flow("status", "r").output
    #expect(status.contains("running, waiting for an answer to q"), "\(status)")
    let answer = try await home.flow(
      "answer", "r", "q", "--approve", "--set", "tag=a=b $(x) ${run.id}", "--set", "n=3", "--note",
      "fine")
    #expect(answer.ending == .exit(0), "\(answer.errors)")
    #expect(answer.output == "q approved\n")
    #expect(try await run.end().ending == .exit(0))
    #expect(!(try await home.flow("logs", "r")).output.contains("==> q"))
    #expect(try await home.logs("b", of: "r") == "a=b $(x) ${run.id}|3|")
    #expect(try await home.logs("c", of: "r") == "a=b $(x) ${run.id}")
    let fact = try #require(try await answers(home).first)
    #expect(fact["userId"]?.integer == Int(getuid()))
    #expect(fact["note"]?.string == "fine")
    let late = try await home.flow("answer", "r", "q", "--reject")
    #expect(late.ending == .exit(2))
    #expect(
      late.errors.hasPrefix("flow: not answered: step q has its answer: approved by "),
      "\(late.errors)")
    #expect(late.errors.hasSuffix(": fine\n"))
    try await check(home)
  }

  @Test func aRejectionFailsTheRunAndAnotherRoundAsksAgain() async throws {
    let home = Home()
    let run = try await begin(home)
    #expect(try await home.flow("answer", "r", "q", "--reject", "--note", "no").ending == .exit(0))
    let end = try await run.end()
    #expect(end.ending == .exit(1))
    #expect(end.output.contains("q rejected by "))
    #expect(end.output.contains("\n✗ q failed: rejected by "), "\(end.output)")
    #expect(try await home.status("r").state(of: "b") == "skipped")
    // The old answer lies there still, and is none to what is asked now.
    #expect(TestFile.names(in: "\(home.path)/runs/r/requests").contains { $0.hasSuffix(".answer") })
    let again = try home.start(["restart", "r", "--failed"])
    #expect(try await eventually { try await home.isAsking() })
    #expect(try await home.flow("answer", "r", "q", "--approve").ending == .exit(0))
    #expect(try await again.end().ending == .exit(0))
    // What was approved stands.
    #expect(try await home.flow("restart", "r", "--only", "b").ending == .exit(0))
    #expect(try await answers(home).map { $0["verdict"]?.string } == ["rejected", "approved"])
    try await check(home)
  }

  /// It was given for what was there before.
  @Test func anApprovalFallsWithWhatIsRerunAlone() async throws {
    let home = Home()
    let run = try await begin(
      home,
      #"{"id": "a", "run": "true"}, {"id": "q", "needs": "a", "ask": {"text": "?"}}, "#
        + #"{"id": "b", "needs": "q", "run": "test -e ok"}"#)
    #expect(try await home.flow("answer", "r", "q", "--approve").ending == .exit(0))
    #expect(try await run.end().ending == .exit(1))
    #expect(try await home.flow("restart", "r", "--only", "a").ending == .exit(1))
    for words in [["status", "r"], ["why", "r", "q"]] {
      let shown = try await home.start(words).end().output
      #expect(shown.contains("(no longer stands: what it needs has run again)"), "\(shown)")
    }
    let status = try await home.flow("status", "r", "--json").output
    #expect(status.contains(#""stale":true"#))
    home.folder.write("", to: "ok")
    let alone = try await home.flow("restart", "r", "--only", "b")
    #expect(alone.ending == .exit(2))
    #expect(
      alone.errors
        == "flow: not approved as things stand in run r, and would not run again: q, which b needs;"
        + " name q too, or use --failed\n", "\(alone.errors)")
    let again = try home.start(["restart", "r", "--failed"])
    #expect(try await eventually { try await home.isAsking() })
    #expect(try await home.flow("answer", "r", "q", "--approve").ending == .exit(0))
    #expect(try await again.end().ending == .exit(0))
    try await check(home)
  }

  @Test func ofTwoAtOnceOneCounts() async throws {
    let home = Home()
    let run = try await begin(home)
    let both = try [["--approve"], ["--reject"], ["--approve"]].map {
      try home.start(["answer", "r", "q"] + $0)
    }
    var codes: [Finished.Ending] = []
    for one in both { codes.append(try await one.end().ending) }
    #expect(codes.count { $0 == .exit(0) } == 1, "\(codes)")
    #expect(codes.count { $0 == .exit(2) } == 2, "\(codes)")
    _ = try await run.end()
    #expect(try await answers(home).count == 1)
    try await check(home)
  }

  @Test(arguments: [("approve", 0), ("reject", 1), ("fail", 1)] as [(String, Int32)])
  func timePasses(otherwise: String, code: Int32) async throws {
    let home = Home()
    let steps =
      #"{"id": "q", "ask": {"text": "?", "timeout": "50ms", "otherwise": "\#(otherwise)"}}, "#
      + #"{"id": "b", "needs": "q", "run": "true"}"#
    let run = try await home.flow("run", home.workflow(steps), "--run-id", "r")
    #expect(run.ending == .exit(code))
    #expect(run.output.contains("q not answered within 50ms: "), "\(run.output)")
    let late = try await home.flow("answer", "r", "q", "--approve")
    #expect(late.ending == .exit(2))
    #expect(late.errors.contains("step q has its answer: not answered within 50ms"))
    try await check(home)
  }

  @Test func aCancelEndsTheWait() async throws {
    let home = Home()
    let run = try await begin(home)
    #expect(try await home.flow("cancel", "r", "--wait").ending == .exit(0))
    let end = try await run.end()
    #expect(end.ending == .exit(3))
    // Nobody has pressed Ctrl-C here.
    #expect(end.output.contains("cancel requested\n"), "\(end.output)")
    #expect(try await home.status("r").state(of: "q") == "cancelled")
    let late = try await home.flow("answer", "r", "q", "--approve")
    #expect(late.ending == .exit(2))
    #expect(late.errors == "flow: not answered: run r has already ended: cancelled\n")
    try await check(home)
  }

  // MARK: Without one

  @Test func anAnswerIsKeptUntilAnEngineResumesTheRun() async throws {
    let home = Home()
    let run = try await begin(home)
    run.signal(SIGKILL)
    _ = try await run.end()
    #expect(
      try await home.flow("list", "--waiting").output.contains("r (no engine drives it): q waits"))
    let answer = try await home.flow("answer", "r", "q", "--approve", "--note", "first")
    #expect(answer.ending == .exit(4))
    #expect(answer.output.contains("the answer is kept"), "\(answer.output)")
    for words in [["list", "--waiting"], ["status", "r"], ["why", "r"]] {
      let shown = try await home.start(words).end().output
      #expect(shown.contains(": first; waits for an engine: flow restart r"), "\(shown)")
    }
    let second = try await home.flow("answer", "r", "q", "--reject")
    #expect(second.ending == .exit(2))
    #expect(second.errors.contains("was already approved by "), "\(second.errors)")
    let resumed = try await home.flow("restart", "r")
    #expect(resumed.ending == .exit(0), "\(resumed.errors)")
    #expect(try await answers(home).map { $0["note"]?.string } == ["first"])
    try await check(home)
  }

  /// A run of a question with little time, whose engine dies while it asks. Where the machine is so slow that
  /// the time passes first, another one asks for longer.
  private func killWhileItAsks(_ home: Home) async throws -> String {
    for seconds in [1, 8, 64] {
      let id = "r\(seconds)"
      let file = home.workflow(
        #"{"id": "q", "ask": {"text": "?", "timeout": "\#(seconds)s", "otherwise": "reject"}}"#)
      let run = try home.start(["run", file, "--run-id", id])
      func state() async throws -> String? {
        let status = try await home.flow("status", id, "--json")
        return status.ending == .exit(0) ? try JSON(status.output).state(of: "q") : nil
      }
      #expect(try await eventually { ["asking", "failed"].contains(try await state()) })
      run.signal(SIGKILL)
      _ = try await run.end()
      if try await state() == "asking" { return id }
    }
    Issue.record("no engine was killed while it asked")
    return "r64"
  }

  /// An approval must not count because nobody was there to see that it came too late.
  @Test func anAnswerAfterItsTimeIsRefused() async throws {
    let home = Home()
    let id = try await killWhileItAsks(home)
    #expect(
      try await eventually {
        try await home.flow("list", "--waiting").output.contains(
          "\nthe time for an answer has passed: it counts as rejected; waits for an engine: flow restart \(id)\n"
        )
      })
    let answer = try await home.flow("answer", id, "q", "--approve")
    #expect(answer.ending == .exit(2))
    #expect(
      answer.errors.hasPrefix(
        "flow: not answered: the time for an answer to step q had passed at 2"),
      "\(answer.errors)")
    #expect(TestFile.names(in: "\(home.path)/runs/\(id)/requests") == [])
    let resumed = try await home.flow("restart", id, "--quiet")
    #expect(resumed.ending == .exit(1))
    #expect(
      resumed.errors.contains("\n✗ q failed: not answered within "), "\(resumed.errors)")
    #expect(resumed.errors.contains("s: counts as rejected\n"), "\(resumed.errors)")
    #expect(try await home.flow("replay", id, "--verify").ending == .exit(0))
  }

  /// It dies between the request and the fact.
  @Test func anEngineThatDiesWithTheAnswerUnread() async throws {
    let home = Home()
    let run = try await begin(home)
    run.signal(SIGSTOP)
    let answer = try await home.flow("answer", "r", "q", "--approve")
    #expect(answer.ending == .exit(4))
    #expect(answer.errors.contains("does not respond; the answer is kept"), "\(answer.errors)")
    run.signal(SIGKILL)
    _ = try await run.end()
    #expect(try await answers(home).isEmpty)
    #expect(try await home.flow("restart", "r").ending == .exit(0))
    #expect(try await answers(home).count == 1)
    try await check(home)
  }

  @Test func aCancelThatWasLeftTooComesFirst() async throws {
    let home = Home()
    let run = try await begin(home)
    run.signal(SIGKILL)
    _ = try await run.end()
    #expect(try await home.flow("answer", "r", "q", "--approve").ending == .exit(4))
    // It becomes the engine.
    #expect(try await home.flow("cancel", "r").output == "run r cancelled\n")
    #expect(try await answers(home).isEmpty)
    try await check(home)
  }

  @Test func aDetachedEngineStaysAndHearsOfIt() async throws {
    let home = Home()
    #expect(
      try await home.flow("run", "--detach", home.workflow(Self.plain), "--run-id", "r").ending
        == .exit(0))
    #expect(try await eventually { try await home.isAsking() })
    let wait = try home.start(["wait", "r"])
    #expect(try await home.flow("answer", "r", "q", "--approve").ending == .exit(0))
    #expect(try await wait.end().ending == .exit(0))
    try await check(home)
  }

  // MARK: What is refused

  @Test(arguments: [
    (
      ["q", "--approve"],
      "field n has no value: add --set n=INT; field tag has no value: add --set tag=STRING"
    ),
    (["q", "--approve", "--set", "n=1"], "field tag has no value: add --set tag=STRING"),
    (["q", "--approve", "--set", "n=x", "--set", "tag=1"], "the value of n is no int"),
    (
      ["q", "--approve", "--set", "m=1", "--set", "n=x", "--set", "tag=1", "--set", "tag=2"],
      #"step q has no field "m": it has n, tag; field tag is given more than once; the value of n is no int"#
    ),
    (["q", "--reject", "--set", "n=1"], "a rejection gives no field a value: leave out --set"),
    (["b", "--approve"], "step b asks nothing: it runs a command"),
    (
      ["later", "--approve"],
      "step later asks nothing yet: it waits for its needs; flow why says for which"
    ),
    (
      ["q", "--reject", "--note", "the password is correct horse"],
      "the answer holds the secret PW, and the history would keep it"
    ),
    (
      ["q", "--reject", "--note", String(repeating: "n", count: 65_537)],
      "the note is larger than 64 KiB"
    ),
    (
      ["q", "--approve", "--set", "n=1", "--set", "tag=" + String(repeating: "é", count: 32_769)],
      "the value of tag is larger than 64 KiB"
    ),
  ])
  func badAnswersAreRefusedAndLeaveNothing(words: [String], why: String) async throws {
    let home = Home()
    home.folder.write("correct horse\n", to: "pw")
    let steps =
      #"\#(Self.ask), {"id": "b", "needs": "q", "run": "true", "secrets": ["PW"]}, "#
      + #"{"id": "later", "needs": "b", "ask": {"text": "?"}}"#
    let run = try await begin(
      home, steps, #""params": {"v": {"default": "1"}}, "secrets": {"PW": {"file": "pw"}}"#)
    let answer = try await home.start(["answer", "r"] + words).end()
    #expect(answer.ending == .exit(2))
    #expect(answer.errors == "flow: not answered: \(why)\n")
    #expect(TestFile.names(in: "\(home.path)/runs/r/requests") == [])
    #expect(try await home.flow("cancel", "r", "--wait", "--force").ending == .exit(0))
    _ = try await run.end()
  }

  @Test func bytesThatAreNoTextAreRefused() async throws {
    let home = Home()
    let run = try await begin(home)
    let answer = try await home.start(
      ["answer", "r", "q", "--reject", "--note", "x"],
      by: ["/bin/sh", "-c", #"exec "$@" --note="$(printf '\377')""#, "sh"]
    ).end()
    #expect(answer.ending == .exit(2))
    run.signal(SIGINT)
    #expect(try await run.end().ending == .exit(3))
  }

  @Test func whatFinallyIsToldOfARejection() async throws {
    let home = Home()
    let run = try await begin(
      home, Self.plain,
      #""finally": [{"id": "end", "run": "echo \"$FLOW_FAILED_STEPS\" > told; cat \"$FLOW_FAILURE\" > failure"}]"#
    )
    #expect(
      try await home.flow("answer", "r", "q", "--reject", "--note", "too late").ending == .exit(0))
    #expect(try await run.end().ending == .exit(1))
    #expect(home.folder.contents(of: "told") == "q\n")
    let failure = home.folder.contents(of: "failure")
    let ask = try await home.status("r").step("q")?["ask"]
    let user = try #require(ask?["answer"]?["user"]?.string)
    #expect(failure.contains("q rejected by \(user): \"too late\"\n"), "\(failure)")
    try await check(home)
  }
}

extension Home {
  fileprivate func isAsking() async throws -> Bool {
    let status = try await flow("status", "r", "--json")
    guard status.ending == .exit(0) else { return false }
    return try JSON(status.output).state(of: "q") == "asking"
  }
}
