import FlowCommandLine
package import FlowCore
import FlowText

/// Prints `flow replay`.
package struct ReplayPrinter: Sendable {
  private let replay: RunReplay
  private let runID: String
  private let isHeld: Bool
  private let engineProcessID: Int32?
  private let events: EventPrinter

  /// - Parameters:
  ///   - isHeld: whether a process drives the run now.
  ///   - engineProcessID: which; nil where it has not said.
  package init(_ replay: RunReplay, runID: String, isHeld: Bool, engineProcessID: Int32?) {
    self.replay = replay
    self.runID = runID
    self.isHeld = isHeld
    self.engineProcessID = engineProcessID
    events = EventPrinter(runID: runID, definition: replay.history.state?.definition)
  }

  private var isAtEnd: Bool { replay.next == nil }

  /// In the middle of its history a run is shown as it was then: driven by an engine.
  private func status(now: WallTime) -> StatusPrinter {
    StatusPrinter(
      replay.history, runID: runID, isHeld: isAtEnd ? isHeld : true,
      engineProcessID: isAtEnd ? engineProcessID : nil, now: now)
  }

  // MARK: Text

  package func printText(to output: inout some TextOutputStream) {
    guard let last = replay.last, let now = replay.now else { return }
    let elapsed = DurationText.of(microseconds: replay.elapsed)
    output.write(
      "after event \(last.sequence) of \(replay.lastSequence), \(elapsed) after the start\n")
    output.write("last\(events.text(last))")
    if let next = replay.next { output.write("next\(events.text(next))") }
    output.write("\n")
    status(now: now).printText(to: &output)
    if let check = replay.check, check.difference == nil {
      let policy = replay.history.state.map { ", by policy \($0.created.policyVersion)" } ?? ""
      output.write(
        "\nchecked: all \(check.decisions) decisions follow from the \(check.facts) facts\(policy)\n"
      )
    }
  }

  /// `event 58: the policy decides "build succeeded", but the history has nothing`.
  package func text(_ difference: Redecision.Difference) -> String {
    func text(_ body: Event.Body?) -> String {
      body.map { "\"\(events.phrase($0))\"" } ?? "nothing"
    }
    return "event \(difference.sequence): the policy decides \(text(difference.expected)), but the"
      + " history has \(text(difference.recorded))"
  }

  // MARK: JSON

  /// One line: `{"runId","sequence","lastSequence","time","elapsedMs","event","next","status",
  /// "check":{"facts","decisions","difference":{"sequence","expected","recorded"}}}`. The events
  /// are as in `flow events`, `status` is as in `flow status`; `check` is null without `--verify`,
  /// and its difference where there is none.
  package func printJSON(to output: inout some TextOutputStream) {
    guard let last = replay.last, let now = replay.now else { return }
    var json = JSONWriter()
    json.object { json in
      json.member("runId", runID)
      json.member("sequence", last.sequence)
      json.member("lastSequence", replay.lastSequence)
      json.member("time", now)
      json.member("elapsedMs", replay.elapsed / 1_000)
      json.key("event")
      events.write(last, to: &json)
      json.key("next")
      if let next = replay.next { events.write(next, to: &json) } else { json.null() }
      json.key("status")
      status(now: now).write(to: &json, draining: &output)
      json.key("check")
      if let check = replay.check { write(check, to: &json) } else { json.null() }
    }
    json.endLine()
    json.drain(to: &output)
  }

  private func write(_ check: RunReplay.Check, to json: inout JSONWriter) {
    json.object { json in
      json.member("facts", check.facts)
      json.member("decisions", check.decisions)
      json.key("difference")
      guard let difference = check.difference else { return json.null() }
      json.object { json in
        json.member("sequence", difference.sequence)
        for (key, body) in [
          ("expected", difference.expected), ("recorded", difference.recorded),
        ] {
          json.key(key)
          if let body { json.object { events.write(kindOf: body, to: &$0) } } else { json.null() }
        }
      }
    }
  }
}
