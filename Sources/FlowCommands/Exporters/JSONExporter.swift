import FlowCommandLine
import FlowCore

/// `flow export --format json`: the whole run as one document, on one line. Times are RFC 3339 UTC;
/// what is not known, or has not happened, is null. Values of environment variables are left out:
/// they may be secrets.
struct JSONExporter {
  let explainer: Explainer
  /// Hands over every event; nil where they are not asked for.
  let forEachEvent: (((Event) -> Void) -> Void)?

  /// Grows when a reader of the version before could misunderstand.
  static let formatVersion = 1

  private var view: RunView { explainer.view }
  private var state: RunState { explainer.state }
  private var chronicle: RunChronicle { explainer.view.chronicle }

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
        for step in state.steps.indices {
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
    let summary = chronicle.summary
    json.member("runId", view.runID)
    json.member("name", state.definition.name)
    json.member("state", view.status.rawValue)
    json.member("enginePid", view.engineProcessID)
    json.member("programVersion", state.created.programVersion)
    json.member("startedAt", summary.startedAt)
    json.member("finishedAt", summary.finishedAt)
    json.member("lastEventAt", summary.lastEventAt)
    json.member("lastSequence", chronicle.lastSequence)
    json.member("durationMs", view.now.elapsed / 1_000)
    json.member("jobs", state.created.jobs)
    json.member("seed", String(state.created.seed))
    json.key("stopReason")
    guard let reason = summary.stopReason else { return json.null() }
    json.object { json in EventPrinter.write(reason, EventWording(state.definition), to: &json) }
  }

  private func writeDefinition(to json: inout JSONWriter) {
    let definition = state.definition
    json.key("definition")
    json.object { json in
      json.member("folder", state.created.definitionFolder)
      json.member("stepCount", definition.steps.count)
      json.member("jobs", definition.jobs)
      json.member("timeoutMs", definition.timeoutMilliseconds)
      json.member("failFast", definition.failFast)
      Self.write(names: definition.environment, to: &json)
    }
  }

  private static func write(names: [EnvironmentVariable], to json: inout JSONWriter) {
    json.key("environment")
    json.array { json in for variable in names { json.string(variable.name) } }
  }

  private func writeLives(to json: inout JSONWriter) {
    json.key("engines")
    json.array { json in
      for life in chronicle.lives {
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
      for round in chronicle.rounds {
        json.object { json in
          json.member("startedAt", round.from.wall)
          json.member("finishedAt", round.endedAt?.wall)
          json.member("outcome", round.outcome.map { "\($0)" })
        }
      }
    }
  }

  /// What concerned the whole run, each with its `time` and `kind`.
  private func writeMarks(to json: inout JSONWriter) {
    json.key("marks")
    json.array { json in
      for mark in chronicle.marks {
        json.object { json in
          json.member("time", mark.point.wall)
          write(mark.kind, to: &json)
        }
      }
    }
  }

  private func write(_ kind: RunChronicle.Mark.Kind, to json: inout JSONWriter) {
    switch kind {
    case .cancelRequested(let force):
      json.member("kind", "cancelRequested")
      json.member("force", force)
    case .stopping(let reason):
      json.member("kind", "stopping")
      EventPrinter.write(reason, EventWording(state.definition), to: &json)
    case .clockJumped(let microseconds):
      json.member("kind", "clockJumped")
      json.member("byMs", microseconds / 1_000)
    case .roomReturned(let waited):
      json.member("kind", "roomReturned")
      json.member("waitedMs", waited / 1_000)
    }
  }

  // MARK: Steps

  private func write(step: Int, to json: inout JSONWriter) {
    let definition = state.definition.steps[step]
    json.object { json in
      json.member("id", definition.id)
      json.key("needs")
      json.array { json in for need in definition.needs { json.string(explainer.id(Int(need))) } }
      Self.write("command", definition.command, to: &json)
      write(explainer.settings(step), to: &json)
      json.member("state", explainer.status(step).rawValue)
      json.member("settledAt", chronicle.settledAt(step: step)?.wall)
      json.member(
        "skippedFor", chronicle.summary.skippedNeed(ofStep: step).map { explainer.id($0) })
      explainer.writeAttempts(ofStep: step, to: &json)
      explainer.writeTimes(ofStep: step, to: &json)
    }
  }

  /// A line for the shell is a string, a program with its arguments is an array: as in the
  /// definition file.
  private static func write(_ key: String, _ command: Command?, to json: inout JSONWriter) {
    json.key(key)
    switch command {
    case nil: json.null()
    case .shell(let line): json.string(line)
    case .program(let arguments):
      json.array { json in for argument in arguments { json.string(argument) } }
    }
  }

  private func write(_ settings: StepSettings, to json: inout JSONWriter) {
    Self.write(names: settings.environment, to: &json)
    json.member("workingDirectory", settings.workingDirectory)
    json.member("timeoutMs", settings.timeoutMilliseconds)
    json.member("killGraceMs", settings.killGraceMilliseconds)
    json.member("allowFailure", settings.allowFailure)
    json.member("onLost", "\(settings.onLost)")
    Self.write("probe", settings.probe, to: &json)
    json.member("stragglers", "\(settings.stragglers)")
    json.key("retry")
    json.object { json in
      let policy = settings.retry
      json.member("maxAttempts", policy.maxAttempts)
      json.member("initialDelayMs", policy.initialDelayMilliseconds)
      json.member("multiplierThousandths", policy.multiplierThousandths)
      json.member("maxDelayMs", policy.maxDelayMilliseconds)
      json.member("jitter", "\(policy.jitter)")
      json.key("on")
      json.array { json in for name in Explainer.names(policy.on) { json.string(name) } }
      json.key("exitCodes")
      if let codes = policy.exitCodes {
        json.array { json in for code in codes { json.integer(code) } }
      } else {
        json.null()
      }
    }
  }
}
