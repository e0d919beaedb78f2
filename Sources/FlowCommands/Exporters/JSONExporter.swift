import FlowCommandLine
import FlowCore

/// `flow export --format json`: the whole run as one document, on one line. Times are RFC 3339 UTC;
/// values that are unknown, or have not happened, are null. Values of environment variables are
/// left out: they may be secrets.
struct JSONExporter {
  let explainer: Explainer
  /// Hands over every event; nil where they are not asked for.
  let forEachEvent: (((Event) -> Void) -> Void)?

  /// Incremented when a reader of the version before could misread the document.
  static let formatVersion = 1

  private var view: RunView { explainer.view }
  private var state: RunState { explainer.state }
  private var history: RunHistory { explainer.view.history }

  func write(to output: inout some TextOutputStream) {
    var json = JSONWriter()
    json.object { json in
      json.member("format", "flow-run")
      json.member("formatVersion", Self.formatVersion)
      writeRun(to: &json)
      writeDefinition(to: &json)
      writeLives(to: &json)
      writeMarks(to: &json)
      json.key("steps")
      json.array { json in
        for step in state.definition.livingSteps {
          write(step: step, to: &json)
          json.drain(to: &output)
        }
      }
      if let forEachEvent {
        let printer = EventPrinter(runID: view.runID, definition: state.definition)
        json.key("events")
        json.array { json in
          forEachEvent { event in
            printer.write(event, to: &json)
            json.drain(to: &output)
          }
        }
      }
    }
    json.endLine()
    json.drain(to: &output)
  }

  private func writeRun(to json: inout JSONWriter) {
    json.member("runId", view.runID)
    json.member("name", state.definition.name)
    if !state.created.parameters.isEmpty {
      json.key("parameters")
      ParameterPrinter.write(state.created.parameters, of: state.definition, to: &json)
    }
    json.member("state", view.status.rawValue)
    json.member("enginePid", view.engineProcessID)
    json.member("programVersion", state.created.programVersion)
    json.member("startedAt", history.startedAt)
    json.member("finishedAt", history.finishedAt)
    json.member("lastEventAt", history.lastEventAt)
    json.member("lastSequence", history.lastSequence)
    json.member("durationMs", view.now.elapsed / 1_000)
    json.member("jobs", state.created.jobs)
    json.member("seed", String(state.created.seed))
    json.key("stopReason")
    guard let reason = history.stopReason else { return json.null() }
    json.object { json in EventPrinter.write(reason, EventWording(state.definition), to: &json) }
  }

  private func writeDefinition(to json: inout JSONWriter) {
    let definition = state.definition
    json.key("definition")
    json.object { json in
      json.member("folder", state.created.definitionFolder)
      if let file = state.created.definitionFile { json.member("file", file) }
      json.member("stepCount", definition.declaredCount)
      json.members(WorkflowDefinition.keys, of: definition)
    }
  }

  private func writeLives(to json: inout JSONWriter) {
    json.key("engines")
    json.array { json in
      for life in history.lives {
        json.object { json in
          json.member("life", life.engine.life)
          json.member("processId", life.engine.processID)
          json.member("bootId", life.engine.host.bootID)
          json.member("startedAt", life.from.wall)
          json.member("lastEventAt", life.until.wall)
        }
      }
    }
    json.key("rounds")
    json.array { json in
      for round in history.rounds {
        json.object { json in
          json.member("startedAt", round.from.wall)
          json.member("finishedAt", round.endedAt?.wall)
          json.member("outcome", round.outcome.map { "\($0)" })
        }
      }
    }
  }

  /// Events that concern the whole run, each with its `time` and `kind`.
  private func writeMarks(to json: inout JSONWriter) {
    json.key("marks")
    json.array { json in
      for mark in history.marks {
        json.object { json in
          json.member("time", mark.point.wall)
          write(mark.body, to: &json)
        }
      }
    }
  }

  private func write(_ body: Event.Body, to json: inout JSONWriter) {
    switch body {
    case .cancelRequested(let request):
      json.member("kind", "cancelRequested")
      json.member("force", request.force)
    case .runStopping(let reason):
      json.member("kind", "stopping")
      EventPrinter.write(reason, EventWording(state.definition), to: &json)
    case .runConcluding(let outcome):
      json.member("kind", "concluding")
      json.member("outcome", "\(outcome)")
    case .runConcluded(let outcome):
      json.member("kind", "concluded")
      json.member("outcome", "\(outcome)")
    case .clockJumped(let microseconds):
      json.member("kind", "clockJumped")
      json.member("byMs", microseconds / 1_000)
    case .workSynced(_, let failure):
      json.member("kind", "workSynced")
      json.member("error", failure.map(EventWording(state.definition).systemError))
    case .roomReturned(let waited, let shortage):
      json.member("kind", "roomReturned")
      json.member("of", "\(shortage)")
      json.member("waitedMs", waited / 1_000)
    default: json.member("kind", body.kind.name)
    }
  }

  // MARK: Steps

  private func write(step: Int, to json: inout JSONWriter) {
    let definition = state.definition.steps[step]
    json.object { json in
      json.member("id", definition.id)
      json.finally(ofStep: step, state.definition)
      json.key("needs")
      json.array { json in for need in definition.needs { json.string(explainer.id(Int(need))) } }
      json.edges(ofStep: step, state.definition)
      json.condition(ofStep: step, state.definition)
      if state.definition.question(ofStep: step) == nil {
        json.key("command")
        json.command(definition.command)
      }
      json.question(ofStep: step, state, explainer.kept)
      json.members(StepDefinition.keys, of: state.definition.extras(ofStep: step))
      json.members(StepSettings.keys, of: explainer.settings(step))
      json.member("state", explainer.status(step).rawValue)
      if !state.isSelected(step) { json.member("selected", false) }
      json.member("settledAt", history.settledAt(step: step)?.wall)
      json.member(
        "skippedFor", history.skippedNeed(ofStep: step).map { explainer.id($0) })
      if let inputs = history.refusal(ofStep: step) { json.values(inputs) }
      json.outputValues(ofStep: step, state)
      explainer.writeAttempts(ofStep: step, to: &json)
      explainer.writeTimes(ofStep: step, to: &json)
    }
  }
}
