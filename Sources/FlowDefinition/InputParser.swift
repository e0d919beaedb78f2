import FlowCore

extension DefinitionReader {
  /// Checks that a step needs those that make what it reads.
  mutating func checkInputs(of table: StepTable, defaults: Defaults) {
    let makers = FileMakers(table, defaults)
    for step in table.steps.indices {
      let extras = table.extras[Int(table.steps[step].extrasIndex)]
      if extras.inputs.isEmpty { continue }
      let needs = Set(table.steps[step].needs.map(Int.init))
      let folder = FileMakers.folder(ofStep: step, table, defaults)
      for input in extras.inputs {
        for file in makers.files(in: input, of: folder) {
          let message: String
          if file.step != step {
            if needs.contains(file.step) || table.hasItem(step)
              || Self.isNeeded(file.step, by: step, table)
            {
              continue
            }
            message =
              "\(Quoting.quoted(input)) has \(Quoting.quoted(file.path)), which the step"
              + " \(Quoting.quoted(table.steps[file.step].id)) makes: add it to \"needs\""
          } else if input.utf8.elementsEqual(file.path.utf8) {
            message = "\(Quoting.quoted(input)) is made by the step itself, and cannot be its input"
          } else {
            continue
          }
          report(
            at: Int(table.offsets[step]), path: "\(table.path(ofStep: step)).inputs", message)
          break
        }
      }
    }
  }

  /// Checks that all that counts for a cached step is known.
  mutating func checkCaches(of table: StepTable, _ workflow: WorkflowDefinition) {
    for step in table.steps.indices
    where table.extras[Int(table.steps[step].extrasIndex)].caches {
      if !workflow.variableFiles.isEmpty, workflow.inheritance == .inherit {
        report(
          at: Int(table.offsets[step]), path: "\(table.path(ofStep: step)).cache",
          "what a cached step gets of \"envFiles\" must be told from what it inherits: give the workflow"
            + " \"environment\": \"clean\"")
      }
    }
  }

  /// Whether a step is done before another, however many are between them.
  private static func isNeeded(_ need: Int, by step: Int, _ table: StepTable) -> Bool {
    var found: Set<Int32> = []
    var next = table.steps[step].needs
    while let other = next.popLast() {
      if Int(other) == need { return true }
      if found.insert(other).inserted { next += table.steps[Int(other)].needs }
    }
    return false
  }
}

/// What the steps of a definition make.
private struct FileMakers {
  struct File {
    let step: Int
    let path: String
    /// From the folder of the definition on, without a slash at its end.
    let place: String
    let isFolder: Bool
  }

  private var files: [File] = []
  /// By their places, and by those of all folders that they are in.
  private var byPlace: [String: Int] = [:]
  private var byFolder: [String: [Int]] = [:]

  init(_ table: StepTable, _ defaults: Defaults) {
    for step in table.steps.indices {
      let paths = table.extras[Int(table.steps[step].extrasIndex)].files
      if paths.isEmpty { continue }
      let folder = Self.folder(ofStep: step, table, defaults)
      for path in paths {
        let place = Self.place(of: path, in: folder)
        byPlace[place] = files.count
        for parent in Self.parents(of: place) { byFolder[parent, default: []].append(files.count) }
        files.append(
          File(step: step, path: path, place: place, isFolder: StepFiles.isFolder(path)))
      }
    }
  }

  static func folder(ofStep step: Int, _ table: StepTable, _ defaults: Defaults) -> String {
    table.overlays.values[Int(table.steps[step].settingsIndex)].workingDirectory
      ?? defaults.overlay.workingDirectory ?? "."
  }

  private static func place(of path: String, in folder: String) -> String {
    DeclaredPaths.names(
      of: folder + "/" + path, isAbsolute: folder.utf8.first == UInt8(ascii: "/")
    ).joined(separator: "/")
  }

  private static func parents(of place: String) -> [String] {
    place.utf8.indices.filter { place.utf8[$0] == UInt8(ascii: "/") }.map { String(place[..<$0]) }
  }

  /// Those that an input of a step in that folder stands for, or that are part of it.
  func files(in input: String, of folder: String) -> [File] {
    let place = Self.place(of: input, in: folder)
    if StepInputs.isPattern(place) {
      return files.filter { file in
        StepInputs.matches(place, file.place)
          || file.isFolder && StepInputs.canMatch(place, in: file.place)
      }
    }
    let whole = ([place] + Self.parents(of: place)).compactMap { byPlace[$0] }.filter {
      files[$0].isFolder || files[$0].place.utf8.elementsEqual(place.utf8)
    }
    return (whole + (byFolder[place] ?? [])).map { files[$0] }
  }
}
