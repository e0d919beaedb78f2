import FlowCore
import FlowJSON

/// A line of `flow events --json`, as far as checkers need it.
package struct HistoryEvent: Equatable, Sendable {
  package enum Body: Equatable, Sendable {
    case engineStarted(life: Int, process: Int32)
    case scheduled(AttemptName)
    case launched(AttemptName)
    case deadlinePassed(AttemptName)
    case ended(AttemptName, AttemptResult)
    case withdrawn(AttemptName)
    case found(AttemptName, isRunning: Bool)
    /// The step had succeeded, and the machine went down before its work was synced.
    case unsynced(AttemptName)
    case retryScheduled(AttemptName, delayMilliseconds: Int)
    case rerunScheduled(AttemptName)
    case probeScheduled(AttemptName)
    case stopRequested(AttemptName, force: Bool)
    /// The items of a node are known.
    case expanded(String, items: Int)
    /// The list of a node is none of items.
    case refusedItems(String, fault: String)
    case asked(String)
    case answered(String, RecordedAnswer)
    /// The time of a question or of a slow notice has passed.
    case timePassed(String, timer: String)
    case stepFinished(String, outcome: String)
    case stepSkipped(String, reason: String = "need")
    case cancelRequested(id: String, force: Bool)
    case runStopping(reason: String)
    case runConcluding
    case runConcluded(outcome: String)
    case runFinished(outcome: String)
    /// Whether what came after the steps that run again does so too, and which they are where a round was given
    /// up; nil for those that did not succeed.
    case runReopened(withDependents: Bool, named: Set<String>? = nil)
    /// No checker needs it.
    case other
  }

  package let sequence: Int
  /// CLOCK_MONOTONIC at the beginning of the wake-up that recorded the event.
  package let microseconds: Int
  package let body: Body

  package init(_ sequence: Int, at microseconds: Int, _ body: Body) {
    self.sequence = sequence
    self.microseconds = microseconds
    self.body = body
  }

  package init(_ line: String) throws(Unreadable) {
    guard let json = try? JSON(line) else { throw Unreadable(text: line) }
    var fields = Fields(json: json)
    sequence = fields.integer("sequence")
    microseconds = fields.integer("monotonicUs")
    body = fields.body()
    if fields.isIncomplete { throw Unreadable(text: line) }
  }
}

/// An answer that counted.
package struct RecordedAnswer: Equatable, Sendable {
  package var verdict: String
  package var note: String
  package var value: String?

  package init(_ verdict: String, note: String, value: String? = nil) {
    self.verdict = verdict
    self.note = note
    self.value = value
  }
}

/// Output of `flow` in an unexpected form.
package struct Unreadable: Error, Equatable {
  package let text: String

  package init(text: String) {
    self.text = text
  }
}

/// The end of an attempt according to the history.
package struct AttemptResult: Equatable, Sendable {
  /// Spelled as in `status --json`.
  package var outcome: String
  package var cause: String
  package var exitCode: Int?
  package var signal: Int?
  /// The signal that a shell reports with its exit code.
  package var shellSignal: Int?
  package var durationMicroseconds: Int
  package var unkillable: Int

  package init(
    _ outcome: String, cause: String = "byItself", exitCode: Int? = nil, signal: Int? = nil,
    shellSignal: Int? = nil, durationMicroseconds: Int = 0, unkillable: Int = 0
  ) {
    self.outcome = outcome
    self.cause = cause
    self.exitCode = exitCode
    self.signal = signal
    self.shellSignal = shellSignal
    self.durationMicroseconds = durationMicroseconds
    self.unkillable = unkillable
  }

  package var hasSucceeded: Bool { outcome == "exited" && exitCode == 0 && unkillable == 0 }
}

/// Reads the fields of an event, and notes whether one is missing.
private struct Fields {
  let json: JSON
  var isIncomplete = false

  mutating func integer(_ key: String) -> Int {
    guard let value = json[key]?.integer else {
      isIncomplete = true
      return 0
    }
    return value
  }

  mutating func text(_ key: String) -> String {
    guard let value = json[key]?.string else {
      isIncomplete = true
      return ""
    }
    return value
  }

  private var force: Bool { json["force"] == .bool(true) }

  private mutating func attempt() -> AttemptName {
    AttemptName(text("step"), integer("attempt"))
  }

  private mutating func result() -> AttemptResult {
    AttemptResult(
      text("outcome"), cause: text("cause"), exitCode: json["exitCode"]?.integer,
      signal: json["signal"]?.integer, shellSignal: json["shellSignal"]?.integer,
      durationMicroseconds: integer("durationUs"),
      unkillable: integer("unkillable"))
  }

  mutating func body() -> HistoryEvent.Body {
    guard let kind = EventKind(name: text("kind")) else {
      isIncomplete = true
      return .other
    }
    switch kind {
    case .engineStarted:
      return .engineStarted(life: integer("life"), process: Int32(clamping: integer("processId")))
    case .attemptLaunched: return .launched(attempt())
    case .deadlinePassed: return .deadlinePassed(attempt())
    case .attemptEnded: return .ended(attempt(), result())
    case .attemptWithdrawn: return .withdrawn(attempt())
    case .cancelRequested: return .cancelRequested(id: text("requestId"), force: force)
    case .attemptFound where json["found"] == .string("unsynced"): return .unsynced(attempt())
    case .attemptFound: return .found(attempt(), isRunning: text("found") == "running")
    case .runReopened:
      let named = json["steps"]?.elements.compactMap(\.string)
      return .runReopened(
        withDependents: json["scope"] == .string("withDependents"), named: named.map { Set($0) })
    case .attemptScheduled: return .scheduled(attempt())
    case .retryScheduled:
      return .retryScheduled(attempt(), delayMilliseconds: integer("delayMs"))
    case .rerunScheduled: return .rerunScheduled(attempt())
    case .stopRequested: return .stopRequested(attempt(), force: force)
    case .asked: return .asked(text("step"))
    case .answered:
      return .answered(
        text("step"),
        RecordedAnswer(
          text("verdict"), note: json["note"]?.string ?? "",
          value: json["outputs"]?.elements.first?["value"]?.string))
    case .timerFired:
      let timer = text("timer")
      return ["question", "slow"].contains(timer) ? .timePassed(text("step"), timer: timer) : .other
    case .stepFinished: return .stepFinished(text("step"), outcome: text("outcome"))
    case .stepSkipped: return .stepSkipped(text("step"), reason: text("reason"))
    case .stepExpanded:
      if let fault = json["fault"]?.string { return .refusedItems(text("step"), fault: fault) }
      return .expanded(text("step"), items: integer("items"))
    case .runConcluding: return .runConcluding
    case .runConcluded: return .runConcluded(outcome: text("outcome"))
    case .runStopping: return .runStopping(reason: text("reason"))
    case .runFinished: return .runFinished(outcome: text("outcome"))
    case .probeScheduled: return .probeScheduled(attempt())
    default: return .other
    }
  }
}
