import FlowCommandLine
import FlowCore
import FlowText

/// Parameters and their values, for people and for programs.
enum ParameterPrinter {
  /// `since=2026-11-29 hosts=a,b`, escaped.
  static func line(_ values: [ParameterValue]) -> String {
    values.map { value in
      "\(value.name)=\(TerminalText.escaped(value.texts.joined(separator: ",")))"
    }.joined(separator: " ")
  }

  /// An object of texts; a list is an array of them.
  static func write(
    _ values: [ParameterValue], of definition: WorkflowDefinition?, to json: inout JSONWriter
  ) {
    json.object { json in
      for value in values {
        json.key(value.name)
        let isList = definition?.parameters.first { $0.name == value.name }?.type == .list
        if isList || value.texts.count != 1 {
          json.array { json in for text in value.texts { json.string(text) } }
        } else {
          json.string(value.texts[0])
        }
      }
    }
  }

  /// What a workflow takes: a line for each.
  static func help(_ parameters: [Parameter]) -> String {
    let rows = parameters.map { parameter in
      [
        parameter.name, "\(parameter.type)",
        parameter.standard.map { "default: \($0.joined(separator: ","))" } ?? "required",
        ([parameter.help].compactMap(\.self) + restrictions(parameter)).joined(separator: "; "),
      ]
    }
    var output = ""
    Table(header: ["PARAMETER", "TYPE", "", ""], rowCount: rows.count) { index in
      rows[index].map(TerminalText.escaped)
    }.print(to: &output)
    return output
  }

  private static func restrictions(_ parameter: Parameter) -> [String] {
    var texts: [String] = []
    if !parameter.choices.isEmpty {
      texts.append("one of \(parameter.choices.joined(separator: ", "))")
    }
    if let pattern = parameter.pattern { texts.append("matches \(pattern)") }
    if let least = parameter.least { texts.append("at least \(least)") }
    if let greatest = parameter.greatest { texts.append("at most \(greatest)") }
    return texts
  }
}
