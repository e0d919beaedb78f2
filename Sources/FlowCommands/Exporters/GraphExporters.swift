import FlowCommandLine
import FlowCore
import FlowText

/// A step as all drawings of the graph show it.
struct GraphNode {
  let id: String
  let status: StepStatus
  /// `exit code 2, 1.2s, 3 attempts`; empty where it was never started.
  let note: String
  /// The step may fail.
  let isAllowed: Bool

  init(_ step: Int, _ explainer: Explainer) {
    id = explainer.id(step)
    status = explainer.status(step)
    isAllowed = explainer.settings(step).allowFailure
    let attempts = explainer.view.history.attempts(ofStep: step)
    let ran = attempts.compactMap { explainer.ran($0) }.reduce(0, +)
    var parts = [explainer.itemsText(ofNode: step)].compactMap(\.self)
    if !attempts.isEmpty { parts.append(DurationText.of(microseconds: ran)) }
    if attempts.count > 1 { parts.append("\(attempts.count) attempts") }
    note = parts.joined(separator: ", ")
  }

  var stateText: String {
    "\(status.word)\(isAllowed && status == .failed ? " (allowed)" : "")"
      + (note.isEmpty ? "" : ", \(note)")
  }
}

/// `flow export --format dot`: the graph for Graphviz, with the steps' states as colours and, for
/// SVG, as classes.
struct DotExporter {
  let explainer: Explainer

  func write(to output: inout some TextOutputStream) {
    let definition = explainer.state.definition
    let title = "\(definition.name): \(explainer.view.status.rawValue)"
    output.write("digraph \(Self.quoted(definition.name)) {\n")
    output.write(
      "  graph [rankdir=LR, label=\(Self.quoted(title)), labelloc=t, fontname=\"Helvetica\"];\n")
    output.write(
      "  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=11];\n")
    output.write("  edge [color=\"#a1a1aa\", arrowsize=0.7];\n")
    // Notices belong to the run, and to no step of it.
    for step in 0..<definition.firstNotify {
      if definition.hasFinally, step == definition.firstFinally {
        output.write("  subgraph cluster_finally {\n  label=\"finally\"; color=\"#a1a1aa\";\n")
      }
      let node = GraphNode(step, explainer)
      let label = "\(node.id)\n\(node.status.glyph) \(node.stateText)"
      output.write(
        "  \(Self.quoted(node.id)) [label=\(Self.quoted(label)),"
          + " tooltip=\(Self.quotedTooltip(definition.steps[step].command.line)),"
          + " class=\(Self.quoted(node.status.rawValue)),"
          + " fillcolor=\"\(StatePalette.fill(node.status))\","
          + " color=\"\(StatePalette.line(node.status))\"];\n")
    }
    if definition.hasFinally { output.write("  }\n") }
    for step in definition.declaredSteps {
      for need in definition.steps[step].needs {
        let wanted = definition.wanted(ofStep: step, from: need)
        let word = definition.isRollback(step) ? WorkflowDefinition.rollbackName : "\(wanted)"
        let label = wanted == .done ? "" : " [label=\"\(word)\"]"
        output.write(
          "  \(Self.quoted(explainer.id(Int(need)))) -> \(Self.quoted(explainer.id(step)))\(label);\n"
        )
      }
    }
    output.write("}\n")
  }

  /// A quoted string of the DOT language. In labels a backslash begins an escape, so each is
  /// doubled; an ampersand would begin an HTML entity.
  static func quoted(_ text: String) -> String { quoted(text, backslash: "\\\\") }

  /// The same for a tooltip, in which Graphviz (2.43) resolves escapes twice. Where a version does
  /// so once, a backslash too many is shown, and nothing is lost.
  static func quotedTooltip(_ text: String) -> String { quoted(text, backslash: "\\\\\\\\") }

  private static func quoted(_ text: String, backslash: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += backslash
      case "\n": result += "\\n"
      case "&": result += "&amp;"
      case _ where TerminalText.controls(scalar):
        result += backslash + TerminalText.escape(scalar).dropFirst()
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// `flow export --format mermaid`: the graph as a flowchart for Mermaid, which code forges render
/// in Markdown, up to some hundred edges.
struct MermaidExporter {
  let explainer: Explainer

  /// What Mermaid renders, unless the page that embeds it raises `maxEdges` and `maxTextSize`.
  private static let mostEdges = 500
  private static let mostCharacters = 50_000

  /// - Returns: which limits of Mermaid the graph exceeds, as its last line says too; nil if none.
  @discardableResult
  func write(to output: inout some TextOutputStream) -> String? {
    var counted = CountedText(output)
    writeGraph(to: &counted)
    output = counted.output
    let edges = explainer.state.definition.steps[explainer.state.definition.declaredSteps].reduce(0)
    {
      $0 + $1.needs.count
    }
    var excess: [String] = []
    if edges > Self.mostEdges {
      excess.append("\(edges) edges (Mermaid renders \(Self.mostEdges); maxEdges raises that)")
    }
    if counted.characters > Self.mostCharacters {
      excess.append(
        "\(counted.characters) characters (Mermaid renders \(Self.mostCharacters); maxTextSize"
          + " raises that)")
    }
    if excess.isEmpty { return nil }
    let notice = "the graph has \(excess.joined(separator: " and "))"
    output.write("  %% \(notice)\n")
    return notice
  }

  private func writeGraph(to output: inout some TextOutputStream) {
    let definition = explainer.state.definition
    output.write("---\ntitle: \(Self.title(definition.name))\n---\nflowchart LR\n")
    // Notices belong to the run, and to no step of it.
    for step in 0..<definition.firstNotify {
      if definition.hasFinally, step == definition.firstFinally {
        output.write("  subgraph finally\n")
      }
      let node = GraphNode(step, explainer)
      // Ids of steps may be words of the language, such as `end`: the nodes go by numbers.
      output.write(
        "  s\(step)([\"\(Self.escaped(node.id))<br/>"
          + "\(node.status.glyph) \(Self.escaped(node.stateText))\"]):::\(node.status.rawValue)\n")
    }
    if definition.hasFinally { output.write("  end\n") }
    for step in definition.declaredSteps {
      for need in definition.steps[step].needs {
        let wanted = definition.wanted(ofStep: step, from: need)
        let word = definition.isRollback(step) ? WorkflowDefinition.rollbackName : "\(wanted)"
        let label = wanted == .done ? "" : "|\(word)|"
        output.write("  s\(need) -->\(label) s\(step)\n")
      }
    }
    for status in StepStatus.allCases {
      output.write(
        "  classDef \(status.rawValue) fill:\(StatePalette.fill(status)),"
          + "stroke:\(StatePalette.line(status)),color:#18181b\n")
    }
  }

  /// A double-quoted scalar of YAML, whose escapes are a superset of JSON's.
  private static func title(_ text: String) -> String {
    var json = JSONWriter()
    json.string(text)
    return json.take()
  }

  /// Within a quoted label; what is markup to Mermaid or HTML becomes an entity of Mermaid's.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", " ", ".", ",", "_", "-", "(", ")", ":":
        result.unicodeScalars.append(scalar)
      default: result += "#\(scalar.value);"
      }
    }
    return result
  }
}

/// Counts the characters that pass through it.
private struct CountedText<Output: TextOutputStream>: TextOutputStream {
  var output: Output
  private(set) var characters = 0

  init(_ output: Output) {
    self.output = output
  }

  mutating func write(_ text: String) {
    characters += text.unicodeScalars.count
    output.write(text)
  }
}
