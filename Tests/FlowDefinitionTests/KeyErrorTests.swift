import FlowCore
import FlowDefinition
import FlowJSON
import TestSupport
import Testing

/// What is said of each key with a wrong value or a misspelt name, in both spellings, and that a schema
/// refuses it too.
struct KeyErrorTests {
  @Test func everyKeyHasWrongValues() {
    #expect(Set(WrongValues.paths) == Set(WrongValues.rows.keys))
    #expect(WrongValues.paths.count > 40)
    for (path, rows) in WrongValues.rows { #expect(rows.count > 1, "\(path)") }
  }

  @Test(arguments: WrongValues.paths)
  func wrongValuesAreReportedWhereTheyAre(path: String) throws {
    for row in WrongValues.rows[path] ?? [] {
      for place in Place.all(of: path) {
        let marked = place.file(with: row.value)
        for spelling in [DefinitionSpelling.json, .yaml] {
          check(marked, spelling, place.path) { $0.hasPrefix(row.message) }
        }
      }
    }
  }

  @Test(arguments: WrongValues.paths)
  func misspeltKeysAreNamed(path: String) throws {
    for place in Place.all(of: path) {
      // The last letter twice.
      let marked = place.file(with: "[]", isMisspelt: true)
      for spelling in [DefinitionSpelling.json, .yaml] {
        check(marked, spelling, place.path + String(place.name.suffix(1)), allowsMore: true) {
          $0 == "unknown key: did you mean \"\(place.name)\"?"
        }
      }
    }
  }

  /// The file with the mark has exactly one error, at the mark.
  ///
  /// - Parameter allowsMore: of an object that then lacks a key.
  private func check(
    _ marked: String, _ spelling: DefinitionSpelling, _ path: String, allowsMore: Bool = false,
    _ isRight: (String) -> Bool
  ) {
    let column = marked.unicodeScalars.prefix { $0 != "‸" }.count + 1
    let found = errors(Array(marked.replacing("‸", with: "").utf8), as: spelling)?.errors ?? []
    let here = found.filter { $0.position.column == column }
    #expect(
      here.count == 1 && (allowsMore || found.count == 1) && here.allSatisfy { isRight($0.message) }
        && here.allSatisfy { $0.position.line == 1 && $0.path.hasPrefix(path) },
      "\(spelling), \(marked): \(found)")
  }

  @Test(arguments: [nil, DefinitionSpelling.json])
  func aSchemaRefusesWhatItCan(spelling: DefinitionSpelling?) throws {
    let schema = try SchemaChecker(DefinitionSchema.text(of: spelling))
    var count = 0
    for (path, rows) in WrongValues.rows {
      for place in Place.all(of: path) {
        for row in rows where row.isForSchema {
          count += 1
          let text = place.file(with: row.value).replacing("‸", with: "")
          #expect(!schema.accepts(try JSON(text)), "\(text)")
        }
        let text = place.file(with: "[]", isMisspelt: true).replacing("‸", with: "")
        #expect(!schema.accepts(try JSON(text)), "\(text)")
      }
    }
    #expect(count > 100)
  }

  @Test(arguments: [nil, DefinitionSpelling.json])
  func aSchemaRefusesWhatIsMissing(spelling: DefinitionSpelling?) throws {
    let schema = try SchemaChecker(DefinitionSchema.text(of: spelling))
    for text in [
      #"{}"#, #"{"name": "n"}"#, #"{"steps": [{"id": "a", "run": "x"}]}"#, #"[]"#,
      #"{"name": "n", "steps": [{"id": "a"}]}"#, #"{"name": "n", "steps": [{"run": "a"}]}"#,
      #"{"name": "n", "steps": [{"id": "a", "run": "x", "call": "c.json"}]}"#,
      #"{"name": "n", "steps": [{"id": "a", "run": "x", "with": {}}]}"#,
      #"{"name": "n", "steps": [{"id": "a", "call": "c.json", "timeout": "1s"}]}"#,
      #"{"name": "n", "steps": [{"id": "a", "run": "x"}], "params": {"p": {}}}"#,
      #"{"name": "n", "steps": [{"id": "a", "run": "x"}], "params": {"p": {"required": false}}}"#,
      #"{"name": "n", "steps": [{"id": "a", "run": "x"}], "passEnv": ["A"]}"#,
      #"""
      {"name": "n", "steps": [{"id": "a", "run": "x"}],
       "params": {"p": {"required": true, "default": "x"}}}
      """#,
    ] {
      #expect(errors(text) != nil)
      #expect(!schema.accepts(try JSON(text)), "\(text)")
    }
  }

  /// In YAML a text may look like something else.
  @Test func whatOnlyYAMLTakesIsAMatterOfTheSchema() throws {
    let both = try SchemaChecker(DefinitionSchema.text())
    let strict = try SchemaChecker(DefinitionSchema.text(of: .json))
    for (more, isForYAML) in [
      (#""env": {"PORT": 8080, "ON": true}"#, true), (#""jobs": "4""#, true),
      (#""failFast": "true""#, true), (#""exclusive": 3"#, true), (#""jobs": "x""#, false),
      (#""env": {"PORT": null}"#, false), (#""timeout": 10"#, false),
    ] {
      let text = workflow(with: more)
      #expect(errors(text) != nil)
      #expect((errors(Array(text.utf8), as: .yaml) == nil) == isForYAML, "\(text)")
      #expect(both.accepts(try JSON(text)) == isForYAML, "\(text)")
      #expect(!strict.accepts(try JSON(text)), "\(text)")
    }
  }

  @Test(
    arguments: Fixtures.names(in: "Workflows/valid", endingWith: ".json") + ["../source-report"])
  func schemasAcceptTheFixtures(name: String) throws {
    let text = Self.strict(
      String(decoding: Fixtures.read("Workflows/valid/\(name).json"), as: UTF8.self))
    let value = try JSON(text)
    for spelling in [nil, DefinitionSpelling.json] {
      #expect(try SchemaChecker(DefinitionSchema.text(of: spelling)).accepts(value))
    }
  }

  /// What a strict reader reads: without comments, and commas at the end of a list.
  private static func strict(_ text: String) -> String {
    var result = ""
    var rest = text.unicodeScalars.drop { $0 == "\u{FEFF}" }
    while let scalar = rest.first {
      if scalar == "\"" {
        var end = rest.index(after: rest.startIndex)
        while rest[end] != "\"" { end = rest.index(end, offsetBy: rest[end] == "\\" ? 2 : 1) }
        result.unicodeScalars += rest[...end]
        rest = rest[rest.index(after: end)...]
      } else if rest.starts(with: "//".unicodeScalars) {
        rest = rest.drop { $0 != "\n" }
      } else if rest.starts(with: "/*".unicodeScalars) {
        rest = rest.dropFirst(2)
        while !rest.starts(with: "*/".unicodeScalars) { rest = rest.dropFirst() }
        rest = rest.dropFirst(2)
      } else {
        result.unicodeScalars.append(rest.removeFirst())
      }
    }
    // It knows no surrogates.
    result = result.replacing("\\ud83d\\ude00", with: "😀")
    return result.replacing(#/,(\s*[}\]])/#) { $0.1 }
  }

  /// A key is in the schema as it is in the tables, with its words.
  @Test func theSchemaDescribesEveryKey() throws {
    let schema = try JSON(DefinitionSchema.text())
    let step = schema["$defs"]?["step"]?["properties"]
    let settings = schema["$defs"]?["settings"]?["properties"]
    #expect(schema["properties"]?.keys == WorkflowDefinition.keys.map(\.name))
    #expect(settings?.keys == StepSettings.keys.map(\.name))
    #expect(step?.keys == StepDefinition.keys.map(\.name) + StepSettings.keys.map(\.name))
    for key in WorkflowDefinition.keys {
      #expect(schema["properties"]?[key.name]?["description"]?.string == key.help)
    }
    for key in StepSettings.keys {
      #expect(settings?[key.name]?["description"]?.string == key.help)
    }
    #expect(
      settings?["retry"]?["properties"]?["on"]?["oneOf"]?.elements.last?["items"]?["enum"]?.elements
        .count == 5)
  }
}

/// Where a key stands in a file of one line.
private struct Place {
  let name: String
  let path: String
  /// What comes before and after the key with its value.
  let before: String
  let after: String

  func file(with value: String, isMisspelt: Bool = false) -> String {
    if isMisspelt { return "\(before)‸\"\(name)\(name.suffix(1))\": \(value)\(after)" }
    return "\(before)\"\(name)\": \(value)\(after)"
  }

  static func all(of path: String) -> [Self] {
    let parts = path.split(separator: ".").map(String.init)
    let name = parts[parts.count - 1]
    let steps = #""steps": [{"id": "a", "run": "x"}]"#
    switch parts[0] {
    case "own":
      let isCall = name == "call" || name == "with"
      let work = isCall ? ("call", "c.json") : ("run", "x")
      let isWork = name == "ask" || name == "steps"
      let others =
        (isWork ? [("id", "a")] : [("id", "a"), work]).filter { $0.0 != name }
        .map { "\"\($0.0)\": \"\($0.1)\", " }.joined()
        + (name == "steps" ? #""forEach": {"over": ["i"]}, "# : "")
      return [
        Self(
          name: name, path: "steps[0].\(name)", before: #"{"name": "n", "steps": [{"# + others,
          after: "}]}")
      ]
    case "param":
      let isEither = name == "default" || name == "required"
      let other = isEither ? "" : #""default": "x", "#
      return [
        Self(
          name: name, path: "params.p.\(name)",
          before: #"{"name": "n", \#(steps), "params": {"p": {"# + other, after: "}}}")
      ]
    case "step":
      let objects = parts[1..<(parts.count - 1)]
      let begin = objects.map { "\"\($0)\": {" }.joined()
      let end = String(repeating: "}", count: objects.count)
      let inner = (objects + [name]).joined(separator: ".")
      // A probe comes with that.
      let other = name == "probe" ? #""onLost": "probe", "# : ""
      return [
        Self(
          name: name, path: "steps[0].\(inner)",
          before: #"{"name": "n", "steps": [{"id": "a", "run": "x", "# + other + begin,
          after: end + "}]}"),
        Self(
          name: name, path: "defaults.\(inner)",
          before: #"{"name": "n", \#(steps), "defaults": {"# + other + begin,
          after: end + "}}"),
      ]
    default:
      let others = [#""name": "n""#, steps].filter { !$0.hasPrefix("\"\(name)\"") }
        .map { "\($0), " }.joined()
      let clean = name == "passEnv" ? #""environment": "clean", "# : ""
      return [Self(name: name, path: name, before: "{" + others + clean, after: "}")]
    }
  }
}
