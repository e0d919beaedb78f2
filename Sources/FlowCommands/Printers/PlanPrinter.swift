import FlowCommandLine
package import FlowCore
import FlowText

/// Prints `flow validate` for a valid definition: what would run, and in which order.
package struct PlanPrinter: Sendable {
  private let definition: WorkflowDefinition
  /// Nil where none are given.
  private let values: [ParameterValue]?
  /// Steps in the order in which they would start if each took the same time.
  private let levels: [[Int]]

  package init(
    _ definition: WorkflowDefinition, _ graph: DependencyGraph, _ values: [ParameterValue]? = nil
  ) {
    self.definition = definition
    self.values = values
    var unmet = definition.steps.indices.map { graph.needsCount(of: $0) }
    var levels: [[Int]] = []
    var level = unmet.indices.filter { unmet[$0] == 0 }
    while !level.isEmpty {
      level.sort { graph.rank(of: $0) < graph.rank(of: $1) }
      levels.append(level)
      var next: [Int] = []
      for step in level {
        for dependent in graph.dependents(of: step) {
          unmet[Int(dependent)] -= 1
          if unmet[Int(dependent)] == 0 { next.append(Int(dependent)) }
        }
      }
      level = next
    }
    self.levels = levels
  }

  /// `nightly: 3 steps, longest chain 2`, a line with the description, if there is one, and a line for
  /// each stage: steps that do not need each other. Below it stand the descriptions of its steps.
  package var text: String {
    let count = definition.steps.count
    var text =
      "\(TerminalText.escaped(definition.name)): \(count) \(count == 1 ? "step" : "steps"),"
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
    for (index, level) in levels.enumerated() {
      text += "stage \(index + 1): " + level.map { definition.steps[$0].id }.joined(separator: " ")
      text += "\n"
      for step in level {
        if let description = definition.extras(ofStep: step).description {
          text += "  \(definition.steps[step].id): \(TerminalText.escaped(description))\n"
        }
      }
    }
    return text
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
      writer.member("longestChain", levels.count)
      writer.key("steps")
      writer.array { writer in
        for (index, level) in levels.enumerated() {
          for step in level { write(step, stage: index + 1, to: &writer) }
        }
      }
    }
    writer.endLine()
    return writer.take()
  }

  private func write(_ index: Int, stage: Int, to writer: inout JSONWriter) {
    let step = definition.steps[index]
    writer.object { writer in
      writer.member("id", step.id)
      if let description = definition.extras(ofStep: index).description {
        writer.member("description", description)
      }
      writer.member("stage", stage)
      writer.key("needs")
      writer.array { writer in
        for need in step.needs { writer.string(definition.steps[Int(need)].id) }
      }
      writer.member("maxAttempts", definition.settings(ofStep: index).retry.maxAttempts)
      writer.member("timeoutMs", definition.settings(ofStep: index).timeoutMilliseconds)
      writer.member("allowFailure", definition.settings(ofStep: index).allowFailure)
    }
  }
}
