import FlowSystem
import FlowtortureCommands

/// A round without violations, which tests change: `a` fails once and is retried, then `b`, which needs it,
/// succeeds. Times are microseconds.
struct SampleRound {
  var record: RoundRecord

  static let a1 = AttemptName("a", 1)
  static let a2 = AttemptName("a", 2)
  static let b1 = AttemptName("b", 1)

  init() {
    var a = StepPlan(
      id: "a",
      behaviours: [
        Behaviour([.print(bytes: 10), .exit(code: 1)]), Behaviour([.exit(code: 0)]),
      ])
    a.timeout = 500
    a.killGrace = 100
    a.retry.maxAttempts = 2
    a.retry.initialDelay = 20
    a.retry.hasJitter = false
    var b = StepPlan(id: "b")
    b.needs = [0]
    b.killGrace = 100
    record = RoundRecord(plan: RoundPlan(seed: 1, mode: .engine, steps: [a, b]))
    set([
      (0, .other), (0, .engineStarted(life: 1, process: 10)), (0, .scheduled(Self.a1)),
      (1_000, .launched(Self.a1)),
      (9_000, .ended(Self.a1, AttemptResult("exited", exitCode: 1))),
      (9_000, .retryScheduled(Self.a1, delayMilliseconds: 20)), (29_000, .other),
      (29_000, .scheduled(Self.a2)),
      (39_000, .ended(Self.a2, AttemptResult("exited", exitCode: 0))),
      (39_000, .stepFinished("a", outcome: "succeeded")), (39_000, .scheduled(Self.b1)),
      (59_000, .ended(Self.b1, AttemptResult("exited", exitCode: 0))),
      (59_000, .stepFinished("b", outcome: "succeeded")),
      (59_000, .runFinished(outcome: "succeeded")),
    ])
    record.ledger = [
      LedgerLine(1_000, .start, Self.a1), LedgerLine(8_000, .exit(code: 1), Self.a1),
      LedgerLine(30_000, .start, Self.a2), LedgerLine(38_000, .exit(code: 0), Self.a2),
      LedgerLine(40_000, .start, Self.b1), LedgerLine(50_000, .beat, Self.b1),
      LedgerLine(58_000, .exit(code: 0), Self.b1),
    ]
    record.outputs = [
      OutputRecord(Self.a1, byteCount: 10), OutputRecord(Self.a2, byteCount: 0),
      OutputRecord(Self.b1, byteCount: 0),
    ]
    record.status = StatusReport(
      state: "succeeded",
      steps: [
        .init(
          "a", "succeeded", [.init(1, "exited", exitCode: 1), .init(2, "exited", exitCode: 0)]),
        .init("b", "succeeded", [.init(1, "exited", exitCode: 0)]),
      ])
    record.endedAt = 70_000
    var run = CommandRecord(.run, process: 10, startedAt: 0)
    run.endedAt = 60_000
    run.ending = .exit(0)
    record.commands = [run]
  }

  mutating func set(_ events: [(Int, HistoryEvent.Body)]) {
    record.history = events.enumerated().map { HistoryEvent($0 + 1, at: $1.0, $1.1) }
    record.lines = record.history.map { "\($0.sequence)" }
  }

  /// Inserts events before the one with this sequence number, and renumbers.
  mutating func insert(at sequence: Int, _ events: (at: Int, HistoryEvent.Body)...) {
    var all = record.history.map { ($0.microseconds, $0.body) }
    all.insert(contentsOf: events.map { ($0.at, $0.1) }, at: sequence - 1)
    set(all)
  }

  mutating func remove(_ range: ClosedRange<Int>) {
    var all = record.history.map { ($0.microseconds, $0.body) }
    all.removeSubrange((range.lowerBound - 1)...(range.upperBound - 1))
    set(all)
  }

  mutating func replace(_ sequence: Int, at microseconds: Int? = nil, _ body: HistoryEvent.Body) {
    var all = record.history.map { ($0.microseconds, $0.body) }
    all[sequence - 1] = (microseconds ?? all[sequence - 1].0, body)
    set(all)
  }

  var violations: [Violation] { Property.check(record) }

  /// The properties that are violated.
  var violated: Set<Property> { Set(violations.map(\.property)) }
}
