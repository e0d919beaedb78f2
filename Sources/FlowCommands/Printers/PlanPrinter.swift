import FlowCommandLine
package import FlowCore
package import FlowRuntime
import FlowText

/// Prints `flow validate` for a valid definition: what would run, and in which order.
package struct PlanPrinter: Sendable {
  private let definition: WorkflowDefinition
  /// Without rollbacks and notices.
  private let stepCount: Int
  /// Nil where none are given.
  private let values: [ParameterValue]?
  /// Steps in the order in which they would start if each took the same time.
  private let levels: [[Int]]
  /// The same of the steps of `finally`.
  private let finallyLevels: [[Int]]

  /// By step, whether and why a run would have it; nil where no run is asked for.
  private let reasons: [(isSelected: Bool, reason: StepSelection.Reason)]?
  /// Which items the run would have of nodes.
  private let items: [ItemSelection]
  /// Those that the run would read; nil where no run is asked for.
  private let secrets: [SecretFinding]?

  /// - Parameter selection: of the run that is asked for; nil for none.
  package init(
    _ definition: WorkflowDefinition, _ graph: DependencyGraph, _ values: [ParameterValue]? = nil,
    _ selection: StepSelection? = nil, _ secrets: [SecretFinding]? = nil
  ) {
    self.definition = definition
    self.values = values
    self.secrets = secrets
    items = selection?.items ?? []
    let reasons = selection?.reasons(definition, graph)
    stepCount = definition.steps.indices.count { definition.isOwnStep($0) }
    self.reasons = reasons
    // A step that is left out takes no stage, but is passed in its place.
    var depths = [Int](repeating: 0, count: definition.declaredCount)
    var levels: [[Int]] = []
    var finallyLevels: [[Int]] = []
    for rank in depths.indices {
      let step = graph.step(ranked: Int32(rank))
      if !definition.isOwnStep(step) { continue }
      let isFinally = definition.isFinally(step)
      let before = definition.steps[step].needs.reduce(0) {
        // All others come before those of `finally`.
        isFinally && !definition.isFinally(Int($1)) ? $0 : max($0, depths[Int($1)])
      }
      let isSelected = reasons?[step].isSelected ?? true
      depths[step] = isSelected ? before + 1 : before
      if !isSelected { continue }
      // Needs come first in the order of precedence.
      if isFinally {
        if finallyLevels.count == before { finallyLevels.append([]) }
        finallyLevels[before].append(step)
      } else {
        if levels.count == before { levels.append([]) }
        levels[before].append(step)
      }
    }
    self.levels = levels
    self.finallyLevels = finallyLevels
  }

  /// `nightly: 3 steps, longest chain 2`, a line with the description, if there is one, and a line for
  /// each stage: steps that do not need each other. Below it stand the descriptions of its steps, and which
  /// ends they want of their needs.
  package var text: String {
    let count = stepCount
    let selected = (levels + finallyLevels).reduce(0) { $0 + $1.count }
    var text =
      "\(TerminalText.escaped(definition.name)):"
      + " \(selected == count ? "" : "\(selected) of ")\(count) \(count == 1 ? "step" : "steps"),"
      + " longest chain \(levels.count)\n"
    if let description = definition.description {
      text += "\(TerminalText.escaped(description))\n"
    }
    if let group = definition.group {
      text +=
        "one run of group \(TerminalText.quoted(group)) at a time;"
        + " if there is another: \(definition.onConflict)\n"
    }
    let own = definition.parameters.filter { !$0.isGivenByCall }
    if let values, !values.isEmpty {
      text += "parameters: \(ParameterPrinter.line(values))\n"
    } else if !own.isEmpty {
      let names = own.map { $0.isRequired ? "\($0.name) (required)" : $0.name }
      text += "parameters: \(names.joined(separator: ", "))\n"
    }
    for finding in secrets ?? [] { text += line(finding) }
    for (name, level) in named(levels, "stage") + named(finallyLevels, "finally") {
      text += "\(name): " + level.map { definition.steps[$0].id }.joined(separator: " ")
      text += "\n"
      for step in level {
        if let description = definition.extras(ofStep: step).description {
          text += "  \(definition.steps[step].id): \(TerminalText.escaped(description))\n"
        }
        text += needs(ofStep: step)
        text += items(ofStep: step) + outputs(ofStep: step)
        if let rollback = definition.rollback(ofStep: step).map({ Int($0) }) {
          text += line(ofRollback: rollback, definition.steps[step].id)
        }
      }
    }
    for step in definition.notifySteps {
      let extras = definition.extras(ofStep: step)
      let id = definition.steps[step].id
      if let notice = extras.notice { text += "\(id): if the run \(Explainer.text(notice))\n" }
      if let description = extras.description {
        text += "  \(id): \(TerminalText.escaped(description))\n"
      }
    }
    return text + why
  }

  private func line(ofRollback step: Int, _ own: String) -> String {
    let description = definition.extras(ofStep: step).description
    return
      "  \(definition.steps[step].id): runs if \(own) fails, or is cancelled after it has begun\n"
      + (description.map { "  \(definition.steps[step].id): \(TerminalText.escaped($0))\n" } ?? "")
  }

  /// A single level of `finally` has no number.
  private func named(_ levels: [[Int]], _ word: String) -> [(name: String, steps: [Int])] {
    levels.enumerated().map { index, level in
      (levels.count == 1 && word == "finally" ? word : "\(word) \(index + 1)", level)
    }
  }

  /// `  rollback: runs if deploy has failed`, where another end is wanted than that a need is done.
  private func needs(ofStep step: Int) -> String {
    let words = definition.extras(ofStep: step).edges.map { edge in
      let id = definition.steps[Int(edge.need)].id
      switch edge.wanted {
      case .done, .succeeded: return "\(id) has succeeded"
      case .failed: return "\(id) has failed"
      case .settled: return "\(id) has ended"
      }
    }
    let id = definition.steps[step].id
    var text = words.isEmpty ? "" : "  \(id): runs if \(words.joined(separator: ", "))\n"
    if let condition = definition.conditionText(ofStep: step) {
      text += "  \(id): runs only when \(TerminalText.escaped(condition))\n"
    }
    if let question = definition.question(ofStep: step) {
      let limit = question.timeoutMilliseconds.map {
        ", for \(DurationText.of(milliseconds: $0)), then \(QuestionWording.text(question.otherwise))"
      }
      text += "  \(id): asks a person\(limit ?? ""): \(TerminalText.quoted(question.text))\n"
    }
    return text
  }

  /// `  convert: for each of steps.scan.files, at most 4 at once`, or `for each of 3 items`.
  private func items(ofStep step: Int) -> String {
    guard let forEach = definition.forEach(ofStep: step) else { return "" }
    let known = count(forEach).map { $0 == 1 ? "1 item" : "\($0) items" }
    let over =
      switch (source(forEach), known) {
      case (let source?, let known?): "\(source) (\(known))"
      case (let source, let known): source ?? known ?? ""
      }
    let limit = forEach.jobs.map { ", at most \($0) at once" } ?? ""
    return "  \(definition.steps[step].id): for each of \(over)\(limit)\(chosen(ofStep: step))\n"
  }

  /// `, only convert/a.csv`, or `, without convert/b.csv`.
  private func chosen(ofStep step: Int) -> String {
    guard let selection = items.first(where: { $0.node == Int32(step) }) else { return "" }
    let ids = definition.ids(selection, selected: !selection.hasOthers)
    return (selection.hasOthers ? ", without " : ", only ")
      + TerminalText.escaped(ids.joined(separator: " "))
  }

  /// As the file has it; nil for a list in the file.
  private func source(_ forEach: ForEach) -> String? {
    switch forEach.source {
    case .literal: nil
    case .parameter(let place): "params.\(definition.parameters[Int(place)].name)"
    case .output(let step, let place):
      definition.output(ofStep: step, at: place).map {
        "steps.\(definition.steps[Int(step)].id).\($0.name)"
      }
    }
  }

  /// How many items there are; nil while that is not known.
  private func count(_ forEach: ForEach) -> Int? {
    switch forEach.source {
    case .literal(let items): items.count
    case .parameter(let place):
      values.flatMap { $0.indices.contains(Int(place)) ? $0[Int(place)].texts.count : nil }
    case .output: nil
    }
  }

  /// `  scan: outputs files (lines), size (int)`, `  scan: makes out/a.csv, site/`, and `  scan: reads src/**, and
  /// is cached`.
  private func outputs(ofStep step: Int) -> String {
    let extras = definition.extras(ofStep: step)
    let outputs = extras.outputs.map { "\($0.name) (\($0.type))" }
    let files = extras.files.map(TerminalText.escaped)
    let isInPlace = extras.publish == .inPlace
    let lead = "  \(definition.steps[step].id): "
    return
      (outputs.isEmpty ? "" : "\(lead)outputs \(outputs.joined(separator: ", "))\n")
      + (files.isEmpty
        ? ""
        : "\(lead)makes \(files.joined(separator: ", "))"
          + (isInPlace ? ", in place: half of one can be seen, and can be left" : "") + "\n")
      + Self.reads(extras).map { "\(lead)\($0)\n" }.joined()
  }

  private static func reads(_ extras: StepExtras) -> [String] {
    let inputs = extras.inputs.map(TerminalText.escaped).joined(separator: ", ")
    if inputs.isEmpty { return extras.caches ? ["is cached"] : [] }
    return ["reads \(inputs)\(extras.caches ? ", and is cached" : "")"]
  }

  /// `secret PW for load: the file /run/secrets/pw`, and why it cannot be had.
  private func line(_ finding: SecretFinding) -> String {
    let steps = finding.steps.map { definition.steps[$0].id }.joined(separator: " ")
    let source =
      switch finding.secret.source {
      case .file(let path): "the file \(TerminalText.escaped(path))"
      case .variable(let name): "the variable \(TerminalText.escaped(name))"
      }
    let problem =
      finding.problem.map { ", \(finding.hasFault ? "whose value" : "which") \($0)" } ?? ""
    return "secret \(TerminalText.escaped(finding.secret.name)) for \(steps): \(source)\(problem)\n"
  }

  /// A line for each step; none of those that run, where nothing selects.
  private var why: String {
    let isChosen = reasons?.contains { $0.reason != .notSkipped } ?? false
    var text = ""
    for step in (levels + finallyLevels).joined() {
      let id = definition.steps[step].id
      if let refusal = refusal(ofStep: step) {
        text += "\(id) is skipped: \(refusal)\n"
      } else if isChosen, let reasons {
        text += "\(id) runs: \(words(reasons[step].reason))\n"
      }
    }
    for (step, reason) in (reasons ?? []).enumerated()
    where !reason.isSelected && !definition.isRollback(step) {
      text += "\(definition.steps[step].id) is skipped: \(words(reason.reason))\n"
    }
    return text
  }

  /// Why the condition of a step will not hold, as far as the values of the run alone say so; nil if they
  /// do not.
  private func refusal(ofStep step: Int) -> String? {
    values.flatMap { definition.refusal(ofStep: step, by: $0) }.map(StepWording.text)
  }

  private func words(_ reason: StepSelection.Reason) -> String {
    func id(_ step: Int32) -> String { definition.steps[Int(step)].id }
    switch reason {
    case .named: return "it is named"
    case .after(let first): return "it follows from \(id(first))"
    case .before(let last): return "\(id(last)) needs it"
    case .between(let first, let last):
      return "it follows from \(id(first)), and \(id(last)) needs it"
    case .notSkipped: return "it is not named by --skip"
    case .skipped: return "not selected, named by --skip"
    case .notNamed: return "not selected, not named by --only"
    case .notAfter: return "not selected, it follows from no step of --from"
    case .notBefore: return "not selected, no step of --to needs it"
    case .concluding: return "it is a step of finally"
    case .withStep: return "it follows its step"
    }
  }

  package var json: String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("name", definition.name)
      if let description = definition.description { writer.member("description", description) }
      writer.member("jobs", definition.jobs)
      if let group = definition.group {
        writer.member("group", group)
        writer.member("onConflict", "\(definition.onConflict)")
      }
      if let values {
        writer.key("parameters")
        ParameterPrinter.write(values, of: definition, to: &writer)
      }
      if let secrets {
        writer.key("secrets")
        writer.array { writer in for finding in secrets { write(finding, to: &writer) } }
      }
      writer.member("longestChain", levels.count)
      writer.key("steps")
      writer.array { writer in
        for levels in [levels, finallyLevels] {
          for (index, level) in levels.enumerated() {
            for step in level {
              write(step, stage: index + 1, to: &writer)
              guard let rollback = definition.rollback(ofStep: step) else { continue }
              write(Int(rollback), stage: index + 1, to: &writer)
            }
          }
        }
        for step in definition.notifySteps { write(step, stage: nil, to: &writer) }
        for (step, reason) in (reasons ?? []).enumerated() where !reason.isSelected {
          write(step, stage: nil, to: &writer)
        }
      }
    }
    writer.endLine()
    return writer.take()
  }

  private func write(_ finding: SecretFinding, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", finding.secret.name)
      switch finding.secret.source {
      case .file(let path): writer.member("file", path)
      case .variable(let name): writer.member("env", name)
      }
      writer.key("steps")
      writer.array { writer in
        for step in finding.steps { writer.string(definition.steps[step].id) }
      }
      writer.member("readable", finding.problem == nil)
      writer.member("problem", finding.problem)
    }
  }

  private func write(_ index: Int, stage: Int?, to writer: inout JSONWriter) {
    let step = definition.steps[index]
    writer.object { writer in
      writer.member("id", step.id)
      if let description = definition.extras(ofStep: index).description {
        writer.member("description", description)
      }
      writer.finally(ofStep: index, definition)
      writer.member("stage", stage)
      if reasons?[index].isSelected ?? true, let refusal = refusal(ofStep: index) {
        writer.member("runs", false)
        writer.member("why", refusal)
      } else if !definition.isNotify(index), let reason = reasons?[index] {
        writer.member("runs", reason.isSelected)
        writer.member("why", words(reason.reason))
      }
      writer.key("needs")
      writer.array { writer in
        for need in step.needs { writer.string(definition.steps[Int(need)].id) }
      }
      writer.edges(ofStep: index, definition)
      writer.condition(ofStep: index, definition)
      write(items: definition.forEach(ofStep: index), ofStep: index, to: &writer)
      write(outputs: definition.extras(ofStep: index).outputs, to: &writer)
      if let question = definition.question(ofStep: index) {
        writer.key("ask")
        writer.object { writer in
          writer.member("text", question.text)
          writer.member("timeoutMs", question.timeoutMilliseconds)
          if question.timeoutMilliseconds != nil {
            writer.member("otherwise", "\(question.otherwise)")
          }
        }
      }
      writer.member("maxAttempts", definition.settings(ofStep: index).retry.maxAttempts)
      writer.member("timeoutMs", definition.settings(ofStep: index).timeoutMilliseconds)
      writer.member("allowFailure", definition.settings(ofStep: index).allowFailure)
    }
  }

  /// `"forEach":{"over","items","jobs"}`: the source as the file has it, or null for a list in the file; the
  /// number of the items, or null while it is not known. `"only"` or `"without"` has the ids of items that are
  /// named.
  private func write(items forEach: ForEach?, ofStep step: Int, to writer: inout JSONWriter) {
    guard let forEach else { return }
    writer.key("forEach")
    writer.object { writer in
      writer.member("over", source(forEach))
      writer.member("items", count(forEach))
      writer.member("jobs", forEach.jobs)
      guard let selection = items.first(where: { $0.node == Int32(step) }) else { return }
      writer.key(selection.hasOthers ? "without" : "only")
      let ids = definition.ids(selection, selected: !selection.hasOthers)
      writer.array { writer in for id in ids { writer.string(id) } }
    }
  }

  /// `"outputs":{"files":"lines"}`; left out if it has none.
  private func write(outputs: [StepOutput], to writer: inout JSONWriter) {
    if outputs.isEmpty { return }
    writer.key("outputs")
    writer.object { writer in
      for output in outputs { writer.member(output.name, "\(output.type)") }
    }
  }
}
