import FlowCommandLine
import FlowCore

/// `flow export --format chrome-trace`: the JSON object form of the Trace Event Format ("Trace
/// Event Format", Google, 2016). Times are microseconds since the run was created.
///
/// Process 1 has a lane for each slot, with the attempts as complete events (`X`) and the choice to
/// try again as an instant (`i`). Waits for a slot and backoff are asynchronous spans (`b`, `e`),
/// since many steps wait at a time. Process 2 has the engines, and the events that concern the
/// whole run.
struct ChromeTraceExporter {
  private let explainer: Explainer
  private let lanes: SlotLanes

  private var view: RunView { explainer.view }
  private var history: RunHistory { explainer.view.history }

  private static let slots = 1
  private static let engine = 2

  init(_ explainer: Explainer) {
    self.explainer = explainer
    lanes = SlotLanes(explainer.view.history, now: explainer.view.now.elapsed)
  }

  func write(to output: inout some TextOutputStream) {
    var json = JSONWriter()
    json.object { json in
      json.member("displayTimeUnit", "ms")
      json.key("otherData")
      json.object { json in
        json.member("runId", view.runID)
        json.member("workflow", explainer.state.definition.name)
        json.member("state", view.status.rawValue)
        json.member("startedAt", history.startedAt)
      }
      json.key("traceEvents")
      json.array { json in
        writeNames(to: &json)
        writeEngines(to: &json)
        for entry in lanes.entries {
          write(entry, to: &json)
          json.drain(to: &output)
        }
        for step in explainer.state.definition.livingSteps {
          writeWaits(ofStep: step, to: &json)
          json.drain(to: &output)
        }
        for mark in history.marks { write(mark, to: &json) }
      }
    }
    json.endLine()
    json.drain(to: &output)
  }

  // MARK: Lanes

  private func writeNames(to json: inout JSONWriter) {
    write(name: "process_name", "\(view.runID): slots", Self.slots, 0, to: &json)
    write(name: "process_name", "\(view.runID): engine", Self.engine, 0, to: &json)
    for lane in 0..<lanes.count {
      write(name: "thread_name", "slot \(lane + 1)", Self.slots, lane + 1, to: &json)
    }
    write(name: "thread_name", "engine", Self.engine, 1, to: &json)
  }

  private func write(
    name: String, _ value: String, _ process: Int, _ thread: Int, to json: inout JSONWriter
  ) {
    json.object { json in
      json.member("ph", "M")
      json.member("pid", process)
      json.member("tid", thread)
      json.member("name", name)
      json.key("args")
      json.object { $0.member("name", value) }
    }
  }

  private func writeEngines(to json: inout JSONWriter) {
    for life in history.lives {
      let isLast = life.engine.life == history.lives.last?.engine.life
      let until = isLast ? view.now.elapsed : life.until.elapsed
      json.object { json in
        begin("X", "engine \(life.engine.life)", "engine", life.from.elapsed, to: &json)
        json.member("dur", max(0, until - life.from.elapsed))
        place(Self.engine, 1, to: &json)
        json.key("args")
        json.object { $0.member("processId", life.engine.processID) }
      }
    }
  }

  private func begin(
    _ phase: String, _ name: String, _ category: String, _ time: Int64, to json: inout JSONWriter
  ) {
    json.member("ph", phase)
    json.member("name", name)
    json.member("cat", category)
    json.member("ts", time)
  }

  private func place(_ process: Int, _ thread: Int, to json: inout JSONWriter) {
    json.member("pid", process)
    json.member("tid", thread)
  }

  // MARK: Attempts

  private func write(_ entry: SlotLanes.Entry, to json: inout JSONWriter) {
    let attempt = entry.attempt
    let id = explainer.id(Int(attempt.id.step))
    json.object { json in
      let category = attempt.task.mark ?? "attempt"
      begin("X", id, category, entry.from, to: &json)
      json.member("dur", entry.until - entry.from)
      place(Self.slots, entry.lane + 1, to: &json)
      if let colour = Self.colour(attempt) { json.member("cname", colour) }
      json.key("args")
      json.object { json in
        json.member("attempt", attempt.id.number)
        json.member("result", explainer.result(attempt))
        json.member("outcome", attempt.outcome?.rawValue)
        json.member("exitCode", attempt.end?.exitCode)
        json.member("signal", attempt.end?.signal)
        json.member("cpuMs", attempt.end.map { $0.cpuMicroseconds / 1_000 })
        json.member("peakMemoryKiB", attempt.end?.peakMemoryKibibytes)
        json.member("stragglers", attempt.end?.stragglers)
        json.member("unkillable", attempt.end?.unkillable)
        json.member("command", explainer.state.definition.steps[Int(attempt.id.step)].command.line)
      }
    }
    if attempt.next != .none, let ended = attempt.endedAt {
      json.object { json in
        begin("i", "\(id): \(explainer.consequence(attempt))", "again", ended.elapsed, to: &json)
        place(Self.slots, entry.lane + 1, to: &json)
        json.member("s", "t")
      }
    }
  }

  /// Names that the viewer reserves.
  private static func colour(_ attempt: AttemptHistory) -> String? {
    guard let end = attempt.end else { return nil }
    switch AttemptConclusion(end, of: attempt.task) {
    case .succeeded, .reused: return "good"
    case .failed, .unkillable: return "terrible"
    case .lost, .interrupted, .workGone: return "bad"
    case .cancelled: return "grey"
    }
  }

  // MARK: Waits

  private func writeWaits(ofStep step: Int, to json: inout JSONWriter) {
    for span in history.spans(ofStep: step, now: view.now.elapsed) {
      let what: String
      switch span.kind {
      case .queued: what = "waits for a slot"
      case .backingOff: what = "backs off"
      case .asking: what = "waits for an answer"
      case .waiting, .lackingSpace, .lackingProcesses, .running, .resting, .undriven: continue
      }
      for (phase, time) in [("b", span.from), ("e", span.until)] {
        json.object { json in
          begin(phase, "\(explainer.id(step)) \(what)", "wait", time, to: &json)
          json.member("id", step)
          place(Self.slots, 0, to: &json)
        }
      }
    }
  }

  private func write(_ mark: RunHistory.Mark, to json: inout JSONWriter) {
    json.object { json in
      begin("i", RunMarkText.text(mark, view), "run", mark.point.elapsed, to: &json)
      place(Self.engine, 1, to: &json)
      json.member("s", "g")
    }
  }
}
