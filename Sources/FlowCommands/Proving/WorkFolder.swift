import FlowCore
import FlowSystem
import FlowText

/// The folder of a workflow, and where its steps work: what a copy of the folder can show of them.
struct WorkFolder {
  /// Absolute, without links.
  let path: String
  let values: [ParameterValue]

  enum Place: Equatable {
    case inside
    /// Where it is.
    case outside(String)
    /// Only the run tells it.
    case unknown
  }

  /// Where a step works whose `cwd` is this.
  func place(ofWorkingDirectory text: String) -> Place {
    var isKnown = true
    var shown = text
    if Template.isUsed(in: text), let template = try? Template(text) {
      shown = template.text { reference in
        if case .parameter(let name) = reference,
          let value = values.first(where: { $0.name == name }), value.texts.count == 1
        {
          return value.texts[0]
        }
        isKnown = false
        return "value"
      }
    }
    if shown.utf8.first == UInt8(ascii: "/") { return .outside(shown) }
    guard Self.path("\(path)/\(shown)", in: path) != nil else { return .outside(shown) }
    if !isKnown { return .unknown }
    // Where it does not exist yet, a step makes it.
    guard let real = try? ProcessFacts.realPath("\(path)/\(shown)") else { return .inside }
    return Self.path(real, in: path) == nil ? .outside(real) : .inside
  }

  /// A path relative to a folder, without `.` and `..`; empty for the folder itself, nil if it leads out of it.
  static func path(_ absolute: String, in folder: String) -> String? {
    let outer = names(of: folder)
    let inner = names(of: absolute)
    guard inner.count >= outer.count, zip(outer, inner).allSatisfy(same) else { return nil }
    return inner.dropFirst(outer.count).joined(separator: "/")
  }

  private static func same(_ one: String, _ other: String) -> Bool {
    one.utf8.elementsEqual(other.utf8)
  }

  private static func names(of path: String) -> [String] {
    path.utf8.split(separator: UInt8(ascii: "/")).reduce(into: []) { names, name in
      switch String(Substring(name)) {
      case ".": break
      case "..": _ = names.popLast()
      case let name: names.append(name)
      }
    }
  }
}
