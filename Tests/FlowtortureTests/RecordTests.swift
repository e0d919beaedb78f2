import FlowtortureCommands
import Testing

/// Reading the ledger and the output of `flow`.
struct RecordTests {
  @Test(arguments: [
    ("5 start r s0 1 77", LedgerLine.What.start), ("5 probe r s0 1 77", .probe),
    ("5 beat r s0 1 77", .beat), ("5 end r s0 1 77 exit 3", .exit(code: 3)),
    ("5 end r s0 1 77 signal 9", .die(signal: 9)), ("5 child r s0 1 77 sd", .child(flags: "sd")),
    ("5 child r s0 1 77", .child(flags: "")), ("5 childbeat r s0 1 77", .childBeat),
    ("5 childend r s0 1 77", .childEnd), ("5 put r s0 1 77", .put),
    ("5 list r s0 1 77", .list),
    ("5 took r s0 1 77 a a@2", .took(step: "a", value: "a@2")),
  ])
  func linesOfTheLedger(text: String, what: LedgerLine.What) {
    #expect(LedgerLine(text) == LedgerLine(5, what, AttemptName("s0", 1), process: 77))
  }

  @Test func aCommandForAnItemSaysWhatItWasTold() {
    #expect(
      LedgerLine("5 start r n/d%2Fe 1 77 d/e d/e")
        == LedgerLine(5, .start, AttemptName("n/d%2Fe", 1), process: 77, items: ["d/e", "d/e"]))
  }

  @Test(arguments: [
    "", "5", "5 start r s0 1", "x start r s0 1 77", "5 end r s0 1 77", "5 end r s0 1 77 exit",
    "5 end r s0 1 77 stop 3", "5 begin r s0 1 77", "5 start r s0 one 77",
    "5 took r s0 1 77 a",
  ])
  func whatIsNoLine(text: String) {
    #expect(LedgerLine(text) == nil)
  }

  private func event(_ rest: String) throws -> HistoryEvent.Body {
    try HistoryEvent(#"{"sequence":7,"monotonicUs":9,"kind":\#(rest)}"#).body
  }

  @Test func events() throws {
    let attempt = AttemptName("a", 2)
    let named = #""step":"a","attempt":2"#
    #expect(try event(#""attemptScheduled",\#(named)"#) == .scheduled(attempt))
    #expect(
      try event(#""attemptFound",\#(named),"found":"running""#) == .found(attempt, isRunning: true))
    #expect(
      try event(#""retryScheduled",\#(named),"delayMs":5"#)
        == .retryScheduled(attempt, delayMilliseconds: 5))
    #expect(
      try event(
        #""attemptEnded",\#(named),"outcome":"signalled","cause":"force","exitCode":null,"signal":9,"durationUs":4,"unkillable":0"#
      )
        == .ended(
          attempt, AttemptResult("signalled", cause: "force", signal: 9, durationMicroseconds: 4)))
    #expect(
      try event(#""stepFinished","step":"a","outcome":"failed""#)
        == .stepFinished("a", outcome: "failed"))
    #expect(
      try event(#""cancelRequested","requestId":"7","force":true"#)
        == .cancelRequested(id: "7", force: true))
    #expect(
      try event(#""stepSkipped","step":"a","reason":"removed","need":null"#)
        == .stepSkipped("a", reason: "removed"))
    #expect(
      try event(#""stepExpanded","step":"n","items":3,"added":1"#) == .expanded("n", items: 3))
    #expect(
      try event(#""stepExpanded","step":"n","fault":"repeated","place":1,"error":"x""#)
        == .refusedItems("n", fault: "repeated"))
    #expect(try event(#""asked","step":"q""#) == .asked("q"))
    #expect(
      try event(
        #""answered","step":"q","requestId":"7","asked":3,"verdict":"approved","note":"n1","outputs":[{"name":"value","value":"v"}]"#
      ) == .answered("q", RecordedAnswer("approved", note: "n1", value: "v")))
    #expect(
      try event(#""timerFired","step":"q","timer":"question""#)
        == .timePassed("q", timer: "question"))
    #expect(try event(#""timerFired","step":"a","timer":"retry""#) == .other)
    #expect(try event(#""clockJumped","byUs":3"#) == .other)
  }

  @Test(arguments: [
    "", "{}", #"{"sequence":1,"monotonicUs":1,"kind":"unheardOf"}"#,
    #"{"sequence":1,"monotonicUs":1,"kind":"attemptScheduled","step":"a"}"#,
    #"{"sequence":1,"kind":"runReopened"}"#,
  ])
  func whatIsNoEvent(line: String) {
    #expect(throws: Unreadable(text: line)) { try HistoryEvent(line) }
  }

  @Test func statuses() throws {
    let text =
      #"{"state":"running","enginePid":5,"steps":[{"id":"a","state":"failed","attempts":[{"attempt":1,"outcome":"exited","exitCode":3,"signal":null}]}]}"#
    let step = StatusReport.Step("a", "failed", [.init(1, "exited", exitCode: 3)])
    #expect(
      try StatusReport(text) == StatusReport(state: "running", engineProcess: 5, steps: [step]))
    #expect(throws: Unreadable.self) { try StatusReport("{}") }
  }

  @Test func totalsOfARound() {
    var totals = RoundTotals()
    totals.engineKills = 3
    totals.lost = 4
    #expect(RoundTotals(line: totals.line) == totals)
    #expect(RoundTotals(line: "rounds=1") == nil)
    var sum = totals
    sum += totals
    #expect(sum.engineKills == 6)
  }
}
