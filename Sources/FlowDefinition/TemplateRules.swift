import FlowCore
import FlowText

/// A text of the file that is a template.
struct TemplateUse {
  let text: String
  let offset: Int
  let path: String
  /// Whether it is an element of a `run` array, for which a list may stand.
  let isElement: Bool
  /// Whether it is the path of a folder.
  let isFolder: Bool
}

extension DefinitionReader {
  /// Keeps a text that has `${` in it: its names are checked when the parameters are known.
  mutating func noteTemplate(
    _ text: String, at offset: Int, isElement: Bool = false, isFolder: Bool = false
  ) {
    guard Template.isUsed(in: text) else { return }
    templates.append(
      TemplateUse(
        text: text, offset: offset, path: pathDescription, isElement: isElement,
        isFolder: isFolder))
  }

  /// In a line for a shell every `${` is the shell's. Values must not become program text, so those
  /// of flow are refused there.
  mutating func refuseTemplates(in line: String, at offset: Int) {
    guard Template.isUsed(in: line) else { return }
    for name in ["${params.", "${run.", "${steps.", "${steps[", "${item"] where line.contains(name)
    {
      report(
        at: offset,
        "\"\(name)…\" is not replaced in a line for the shell: put it into \"env\", and use the"
          + " variable")
    }
  }

  mutating func checkTemplates(_ parameters: [Parameter]) {
    for use in templates {
      do throws(Template.Fault) {
        check(use, try Template(use.text), parameters)
      } catch {
        report(at: use.offset, path: use.path, error.message)
      }
    }
  }

  private mutating func check(
    _ use: TemplateUse, _ template: Template, _ parameters: [Parameter]
  ) {
    if isCalledElsewhere, use.isFolder, case .reference? = template.parts.first {
      report(
        at: use.offset, path: use.path,
        "a folder that begins with \"${…}\" can be relative or not: in a workflow that is called from"
          + " another folder, write \"./${…}\"")
    }
    for case .reference(.parameter(let name)) in template.parts {
      guard let parameter = parameters.first(where: { $0.name == name }) else {
        let nearest = Suggestion.nearest(to: name, among: parameters.map(\.name))
        let advice = nearest.map { ": did you mean \"${params.\($0)}\"?" } ?? ""
        report(
          at: use.offset, path: use.path,
          "no parameter has the name \(Quoting.quoted(name))\(advice)")
        continue
      }
      if parameter.type == .list, !use.isElement || template.onlyParameter == nil {
        report(
          at: use.offset, path: use.path,
          "\(name) is a list, which stands for whole elements of a \"run\" array only")
      }
    }
  }
}
