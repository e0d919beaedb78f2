import FlowCore
import FlowText

extension DefinitionReader {
  /// Takes the paths of the files that a step makes, and orders them by their bytes.
  mutating func readPaths() throws(SyntaxError) -> [String]? {
    let start = try nextOffset()
    var paths: [String] = []
    var offsets: [Int] = []
    if try kind(wanted: .string) == .string {
      try readPath(into: &paths, &offsets)
    } else {
      guard try beginArray(#"an array of paths such as ["out/a.csv", "site/"]"#) != nil else {
        return nil
      }
      var cursor = ArrayCursor()
      while try nextElement(&cursor) { try readPath(into: &paths, &offsets) }
    }
    if paths.count > StepFiles.most {
      report(
        at: start,
        "a step has \(paths.count) paths, which exceeds the limit of \(StepFiles.most): declare a folder,"
          + " such as \"out/\"")
    }
    return paths.sorted(by: SettingsOverlay.precedes)
  }

  private mutating func readPath(
    into paths: inout [String], _ offsets: inout [Int]
  ) throws(SyntaxError) {
    let offset = try nextOffset()
    guard
      let path = try readNonEmptyText("the path of a file, or of a folder with \"/\" at its end")
    else { return }
    noteTemplate(path, at: offset)
    if let fault = StepFiles.fault(ofTemplate: path) {
      report(at: offset, "\(Quoting.quoted(path)) \(fault)")
    } else if let first = paths.firstIndex(where: { $0.utf8.elementsEqual(path.utf8) }) {
      report(
        at: offset, "repeated", RelatedPlace(relation: "first given at", offset: offsets[first]))
    } else {
      paths.append(path)
      offsets.append(offset)
    }
  }

  /// Checks that no two steps make the same file, nor one a file in the folder of another.
  mutating func checkFiles(of table: StepTable, defaults: Defaults) {
    var declared = DeclaredPaths()
    for step in table.steps.indices {
      let extras = table.extras[Int(table.steps[step].extrasIndex)]
      let place = "\(table.path(ofStep: step)).files"
      let offset = Int(table.offsets[step])
      if extras.files.isEmpty, extras.publish == .inPlace {
        report(
          at: offset, path: "\(table.path(ofStep: step)).publish",
          #""publish" says how "files" come to their place, and the step declares none"#)
      }
      if extras.files.isEmpty { continue }
      let overlay = table.overlays.values[Int(table.steps[step].settingsIndex)]
      let folder = overlay.workingDirectory ?? defaults.overlay.workingDirectory ?? "."
      for path in extras.files {
        if table.hasItem(step), !Self.names(item: path), !Self.names(item: folder) {
          report(
            at: offset, path: place,
            "every item would make \(Quoting.quoted(path)): put \"${item}\" into it")
        }
        if let other = declared.add(path, in: folder, of: step) {
          let isOwn = other.step == step
          report(
            at: offset, path: place,
            isOwn
              ? "\(Quoting.quoted(path)) is declared with \(Quoting.quoted(other.path)), of which one is part"
                + " of the other"
              : "\(Quoting.quoted(path)) is also made by the step"
                + " \(Quoting.quoted(table.steps[other.step].id))"
                + (other.path == path ? "" : ", with \(Quoting.quoted(other.path))")
                + ": let one step make it",
            isOwn
              ? nil
              : RelatedPlace(
                relation: "declared by the step at", offset: Int(table.offsets[other.step])))
        }
      }
    }
  }

  /// The same of steps of which one at least is of a called file, which now are steps of this one.
  mutating func checkCalledFiles(
    of whole: WorkflowDefinition, _ calls: [(id: String, call: Call)]
  ) {
    var declared = DeclaredPaths()
    for step in whole.steps.indices {
      let folder = whole.settings(ofStep: step).workingDirectory ?? "."
      for path in whole.extras(ofStep: step).files {
        guard let other = declared.add(path, in: folder, of: step) else { continue }
        let ids = [step, other.step].map { whole.steps[$0].id }
        // What is wrong within a file was reported with that.
        let call = calls.last { call in
          ids.contains { $0.utf8.starts(with: "\(call.id)/".utf8) }
            && !ids.allSatisfy { $0.utf8.starts(with: "\(call.id)/".utf8) }
        }
        guard let call = call?.call else { continue }
        report(
          at: call.offset, path: call.place,
          "\(Quoting.quoted(path)) is made by the step \(Quoting.quoted(ids[0])) and by"
            + " \(Quoting.quoted(ids[1])): put a parameter into the path, or call the file once")
      }
    }
  }

  private static func names(item text: String) -> Bool {
    guard Template.isUsed(in: text), let template = try? Template(text) else { return false }
    return template.parts.contains { if case .reference(.item) = $0 { true } else { false } }
  }
}

/// The files that are declared so far.
struct DeclaredPaths {
  struct Place {
    let step: Int
    let path: String
  }

  /// By their names from the folder of the definition on.
  private var files: [[String]: Place] = [:]
  /// All folders that lead to one of them.
  private var folders: [[String]: Place] = [:]

  /// - Returns: what is the same, or part of it, or of what it is a part; then nothing was added.
  mutating func add(_ path: String, in folder: String, of step: Int) -> Place? {
    let names = Self.names(
      of: folder + "/" + path, isAbsolute: folder.utf8.first == UInt8(ascii: "/"))
    let place = Place(step: step, path: path)
    if let same = files[names] ?? (StepFiles.isFolder(path) ? folders[names] : nil) { return same }
    for count in 1..<max(1, names.count) {
      let parent = Array(names[..<count])
      if let whole = files[parent], StepFiles.isFolder(whole.path) { return whole }
      if folders[parent] == nil { folders[parent] = place }
    }
    files[names] = place
    return nil
  }

  static func names(of path: String, isAbsolute: Bool) -> [String] {
    var names: [String] = isAbsolute ? ["/"] : []
    for name in path.split(separator: "/") where name != "." {
      if name == "..", let last = names.last, last != "..", last != "/" {
        names.removeLast()
      } else {
        names.append(String(name))
      }
    }
    return names
  }
}
