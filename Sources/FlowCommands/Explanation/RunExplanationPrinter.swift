import FlowCommandLine
import FlowCore
import FlowText

/// Prints `flow why RUN`: why the run is in its state, and which steps caused that.
package struct RunExplanationPrinter: Sendable {
  private let explainer: Explainer

  private var view: RunView { explainer.view }
  private var state: RunState { explainer.state }
  private var history: RunHistory { explainer.view.history }

  /// The run that keeps this one out of its group; nil if none does.
  private let holder: String?

  package init(_ explainer: Explainer, heldBy holder: String? = nil) {
    self.explainer = explainer
    self.holder = holder
  }

  /// For more, `flow status` is the better view.
  private static let mostSteps = 10
  private static let mostPath = 12

  // MARK: What to say

  /// Of the run as a whole.
  private var sentences: [String] {
    let time = explainer.roundTime
    var sentences: [String]
    switch view.status {
    case .succeeded: sentences = ["The run succeeded in \(time)."]
    case .failed: sentences = ["The run failed after \(time)."]
    case .cancelled: sentences = ["The run was cancelled after \(time)."]
    case .running: sentences = ["The run has been running for \(time)."]
    case .stopping: sentences = ["The run is being stopped, after \(time)."]
    case .interrupted, .newer, .unreadable:
      sentences = [
        "No engine drives the run, which was interrupted after \(time); resume it with flow restart."
      ]
    }
    if let holder, let group = state.created.group {
      sentences.append(
        "Its group, \(TerminalText.quoted(group)), is held by run \(holder), so it cannot be resumed."
      )
    }
    if history.rounds.count > 1 {
      let goesOn = view.status == .running || view.status == .stopping
      let (this, took) = goesOn ? ("This is", "have taken") : ("That was", "took")
      sentences.append(
        "\(this) round \(history.rounds.count); all rounds together \(took) \(explainer.totalTime)."
      )
    }
    if !state.hasAllSteps {
      let counted = state.countedSteps
      sentences.append(
        "\(counted.selected) of \(counted.selected + counted.unselected) steps are selected.")
    }
    if state.isFinished, state.leftBehind != nil {
      sentences.append(
        "This round has left steps as they were that had not succeeded; flow restart --failed runs"
          + " them again.")
    }
    if case .concluding(let outcome) = state.phase {
      let verb = state.isConclusionForced ? "are being stopped" : "run"
      sentences.append(
        "All other steps have ended (run \(outcome)), and its finally steps \(verb).")
    }
    if case .concluded(let outcome) = state.phase {
      let verb = state.areNoticesEnded ? "are being stopped" : "run"
      sentences.append(
        view.status == .interrupted
          ? "All its steps have ended (run \(outcome)), but not all of its notify commands."
          : "All its steps have ended, and its notify commands \(verb).")
    }
    if view.status == .failed, let step = state.finallyFailure, state.firstFailure == nil,
      history.stopReason == nil
    {
      sentences.append("Its other steps succeeded; \(explainer.id(Int(step))) of finally failed.")
    }
    if view.status == .failed, let step = state.rollbacks.failure, state.firstFailure == nil,
      history.stopReason == nil
    {
      sentences.append(
        "Its steps succeeded, or may fail; what \(explainer.id(Int(step))) ran failed.")
    }
    if view.status == .running, let wait = explainer.wait {
      sentences.append("It waits for \(wait.object).")
    } else if view.status == .running, let answers = state.answersAwaited {
      sentences.append("It waits for \(answers).")
    }
    // A stop that came too late changed nothing, and explains nothing.
    if history.stopping != nil && view.status != .succeeded {
      sentences.append(explainer.whyStopping())
    }
    let again = state.definition.livingSteps.filter {
      explainer.status($0) == .succeeded
        && history.attempts(ofStep: $0).count > Int(state.steps[$0].attemptBefore) + 1
    }
    if let first = again.first {
      let what = again.count == 1 ? "1 step" : "\(again.count) steps"
      let names = again.count == 1 ? explainer.id(first) : named(again)
      sentences.append("\(what) succeeded after more than one attempt: \(names).")
    }
    return sentences
  }

  private func named(_ steps: [Int]) -> String {
    let shown = steps.prefix(Explainer.mostNames).map { explainer.id($0) }
    return Explainer.list(Array(shown), more: steps.count - shown.count)
  }

  /// Steps that keep the run from its end, or kept it from success; the most important first.
  private var steps: [Int] {
    let ranked = state.definition.livingSteps.compactMap { step in
      rank(step).map { (rank: $0, step: step) }
    }
    return ranked.sorted { ($0.rank, $0.step) < ($1.rank, $1.step) }.map(\.step)
  }

  /// Nil for steps that wait for, or were skipped for, one of the others.
  private func rank(_ step: Int) -> Int? {
    switch explainer.status(step) {
    case .failed: explainer.settings(step).allowFailure ? 5 : 0
    case .interrupted: 1
    case .stopping: 2
    case .running: 3
    case .backingOff, .asking: 4
    case .cancelled: 6
    case .starting, .ready: 7
    case .waiting, .succeeded, .skipped: nil
    }
  }

  /// By the step at the root: the steps that were skipped for it.
  private var skipped: [Int: [Int]] {
    var roots = Array(repeating: -1, count: state.steps.count)
    var skipped: [Int: [Int]] = [:]
    for step in state.definition.livingSteps {
      var chain: [Int] = []
      var next = step
      while roots[next] < 0, let need = history.skippedNeed(ofStep: next) {
        chain.append(next)
        next = need
      }
      let root = roots[next] < 0 ? next : roots[next]
      // So each chain is followed once.
      for link in chain { roots[link] = root }
      if explainer.status(step) == .skipped && root != step {
        skipped[root, default: []].append(step)
      }
    }
    return skipped
  }

  // MARK: Text

  package func printText(to output: inout some TextOutputStream) {
    output.write("run \(view.runID): \(view.status.glyph) \(view.status.rawValue)\n")
    if let description = state.definition.description {
      output.write("\(TerminalText.escaped(description))\n")
    }
    for sentence in sentences { output.write("\(TerminalText.escaped(sentence))\n") }
    let steps = steps
    let skipped = skipped
    if !steps.isEmpty { output.write("\n") }
    for step in steps.prefix(Self.mostSteps) {
      output.write("\(explainer.status(step).glyph) ")
      let sentences = explainer.sentences(ofStep: step).joined(separator: " ")
      output.write(TerminalText.escaped(sentences) + "\n")
      for line in FailureTail.lines(ofStep: step, explainer) { output.write("\(line)\n") }
      if let dependents = skipped[step] {
        let verb = dependents.count == 1 ? "step was" : "steps were"
        let names = TerminalText.escaped(named(dependents))
        output.write("  \(dependents.count) \(verb) skipped because of it: \(names).\n")
      }
    }
    if steps.count > Self.mostSteps {
      output.write("and \(steps.count - Self.mostSteps) more\n")
    }
    printPath(to: &output)
  }

  private func printPath(to output: inout some TextOutputStream) {
    let path = history.criticalPath()
    if path.count < 2 { return }
    output.write("\nCritical path (what decided the duration):\n")
    if path.count > Self.mostPath {
      output.write("  \(path.count - Self.mostPath) earlier steps\n")
    }
    let shown = path.suffix(Self.mostPath)
    let width = shown.map { TerminalText.escaped(explainer.id($0)).count }.max() ?? 0
    for step in shown {
      let id = TerminalText.escaped(explainer.id(step))
      let gap = String(repeating: " ", count: width - id.count)
      // A node has no time of its own.
      let time = state.itemsText(ofNode: step) ?? explainer.timeOnPath(ofStep: step)
      output.write("  \(id)\(gap)  \(time)\n")
    }
  }

  // MARK: JSON

  /// One line: `{"runId","state","sentences","steps":[{"id","state","sentences","skipped"}],
  /// "criticalPath"}`. `skipped` names the steps that were skipped for this one.
  package func printJSON(to output: inout some TextOutputStream) {
    let skipped = skipped
    var json = JSONWriter()
    json.object { json in
      json.member("runId", view.runID)
      if let description = state.definition.description { json.member("description", description) }
      json.member("state", view.status.rawValue)
      json.key("sentences")
      json.array { json in for sentence in sentences { json.string(sentence) } }
      json.key("steps")
      json.array { json in
        for step in steps {
          write(step, skipped[step] ?? [], to: &json)
          json.drain(to: &output)
        }
      }
      json.key("criticalPath")
      json.array { json in
        for step in history.criticalPath() { json.string(explainer.id(step)) }
      }
    }
    json.endLine()
    json.drain(to: &output)
  }

  private func write(_ step: Int, _ skipped: [Int], to json: inout JSONWriter) {
    json.object { json in
      json.member("id", explainer.id(step))
      json.member("state", explainer.status(step).rawValue)
      json.key("sentences")
      json.array { json in
        for sentence in explainer.sentences(ofStep: step) { json.string(sentence) }
      }
      json.key("skipped")
      json.array { json in for step in skipped { json.string(explainer.id(step)) } }
    }
  }
}

extension Explainer {
  /// How long the round took, or has taken.
  var roundTime: String {
    DurationText.of(
      microseconds: view.now.elapsed - (history.rounds.last?.from.elapsed ?? 0))
  }

  /// The same of all rounds, without the rests between them.
  var totalTime: String {
    DurationText.of(
      microseconds: history.rounds.reduce(0) {
        $0 + ($1.endedAt ?? view.now).elapsed - $1.from.elapsed
      })
  }

  /// Where the time of a step of the critical path went since the last of its needs was met:
  /// `waited for a slot 65ms, ran 309ms`.
  func timeOnPath(ofStep step: Int) -> String {
    let since = history.lastNeed(ofStep: step)?.point.elapsed ?? 0
    let times = history.times(ofStep: step, now: view.now.elapsed, since: since)
    let parts: [(StepTimes.Kind, String)] = [
      (.queued, "waited for a slot"), (.lackingSpace, "waited for disk space"),
      (.lackingProcesses, "waited for a process"), (.running, "ran"), (.backingOff, "backed off"),
      (.asking, "waited for an answer"), (.resting, "idle between rounds"),
      (.undriven, "no engine drove the run"),
    ]
    return parts.filter { times[$0.0] > 0 }
      .map { "\($0.1) \(DurationText.of(microseconds: times[$0.0]))" }.joined(separator: ", ")
  }
}
