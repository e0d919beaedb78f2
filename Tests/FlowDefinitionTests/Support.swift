import FlowCore
import FlowDefinition
import Testing

/// Reads a definition that must be right.
func definition(
  _ text: String, as spelling: DefinitionSpelling = .json,
  _ location: SourceLocation = #_sourceLocation
) throws -> WorkflowDefinition {
  do throws(DefinitionErrors) {
    return try DefinitionParser.parse(Array(text.utf8), file: "w", as: spelling)
  } catch {
    Issue.record("\(error)", sourceLocation: location)
    throw error
  }
}

/// Reads a definition that calls no file.
func parse(_ text: String) throws(DefinitionErrors) -> WorkflowDefinition {
  try DefinitionParser.parse(Array(text.utf8), file: "w.json")
}

/// What is wrong with a definition that calls no file.
func messages(_ text: String) -> [String] {
  do throws(DefinitionErrors) {
    _ = try parse(text)
    return []
  } catch {
    return error.errors.map { "\($0)" }
  }
}

/// All that is wrong with a definition; nil if it is right.
func errors(_ bytes: [UInt8], as spelling: DefinitionSpelling = .json) -> DefinitionErrors? {
  do throws(DefinitionErrors) {
    _ = try DefinitionParser.parse(bytes, file: "w.json", as: spelling, calling: AnyCalledFile())
    return nil
  } catch {
    return error
  }
}

/// Every file that is called has one step.
private struct AnyCalledFile: CalledFiles {
  func file(
    _ path: String, calledFrom caller: DefinitionPlace
  ) throws(CalledFileError) -> CalledFile {
    CalledFile(
      bytes: Array(#"{"name": "called", "steps": [{"id": "s", "run": "x"}]}"#.utf8),
      place: DefinitionPlace(name: path, path: path, folder: ""))
  }
}

func errors(_ json: String) -> DefinitionErrors? { errors(Array(json.utf8)) }

/// Lines as `flow validate` prints them, without the file's name.
func lines(_ json: String) -> [String] {
  lines(errors(json))
}

/// What is wrong with a text in YAML.
func linesOfYAML(_ text: String) -> [String] {
  lines(errors(Array(text.utf8), as: .yaml))
}

/// What is wrong with `w.json`, without the file's name.
func lines(_ errors: DefinitionErrors?) -> [String] {
  let lines = errors?.description.split(separator: "\n") ?? []
  return lines.map { $0.hasPrefix("w.json:") ? String($0.dropFirst("w.json:".count)) : String($0) }
}

/// A definition, or a part of it, with exactly one thing wrong, at the mark `‸`.
struct Wrong: Sendable, CustomTestStringConvertible {
  let json: String
  let message: String
  /// In YAML it is right, or wrong in another way.
  let isOfJSON: Bool

  /// - Parameter message: with the path, if there is one.
  init(_ json: String, _ message: String, isOfJSON: Bool = false) {
    self.json = json
    self.message = message
    self.isOfJSON = isOfJSON
  }

  var testDescription: String { json }

  /// Checks the message, and that it is the only one, and where it points.
  ///
  /// - Parameter diagnose: gives what is said about a text.
  func check(
    in wrap: (String) -> String = { $0 }, by diagnose: (String) -> [String] = lines,
    _ location: SourceLocation = #_sourceLocation
  ) {
    let parts = wrap(json).split(separator: "‸", omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      Issue.record("the mark must be there once", sourceLocation: location)
      return
    }
    // By scalars: Swift takes CR LF, and a letter with its accents, for one character.
    let before = parts[0].unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    let position = "\(before.count):\(before[before.count - 1].count + 1)"
    #expect(diagnose(parts.joined()) == ["\(position): \(message)"], sourceLocation: location)
  }

  /// Checks the same of JSON and of YAML, which JSON without its own escapes is as well. How what
  /// was found is called differs: a scalar of YAML has no type of its own.
  func checkBoth(
    in wrap: (String) -> String = { $0 }, _ location: SourceLocation = #_sourceLocation
  ) {
    check(in: wrap, location)
    if isOfJSON { return }
    let expected = Self.withoutFound(message)
    Self(json, expected).check(
      in: wrap, by: { linesOfYAML($0).map(Self.withoutFound) }, location)
  }

  private static func withoutFound(_ line: String) -> String {
    line.firstRange(of: ", found ").map { String(line[..<$0.lowerBound]) } ?? line
  }
}

/// A workflow of one step `a`, with further members.
func workflow(withStep members: String) -> String {
  #"{"name": "n", "steps": [{"id": "a", "run": "x", \#(members)}]}"#
}

/// A right workflow of one step, with further members of its own.
func workflow(with members: String) -> String {
  #"{"name": "n", "steps": [{"id": "a", "run": "x"}], \#(members)}"#
}

/// A workflow of the given steps, which may be cut short.
func workflow(steps: String) -> String {
  #"{"name": "n", "steps": [\#(steps)]}"#
}
