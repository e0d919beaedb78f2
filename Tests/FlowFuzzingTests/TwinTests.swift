import FlowCore
import FlowDefinition
import FlowJSON
import FlowSimulation
import Glibc
import TestSupport
import Testing

@testable import FlowFuzzing

/// A definition is the same in both spellings, whatever the style of the YAML.
struct TwinTests {
  /// `FLOW_TWINS` says how many instead.
  private static let count =
    unsafe getenv("FLOW_TWINS").flatMap { unsafe Int(String(cString: $0)) } ?? 2_000

  @Test func definitionsInBothSpellingsAreTheSame() throws {
    for seed in 0..<UInt64(Self.count) {
      var source = Draws(seed: seed)
      let drawn = source.definition()
      let value = DefinitionText.value(of: drawn)
      let json = try DefinitionParser.parse(Array(JSONText.of(value).utf8), file: "w.json")
      let canonical = DefinitionCodec.encode(json)
      #expect(canonical == DefinitionCodec.encode(drawn), "seed \(seed)")
      let text = YAMLWriter.text(of: value, ByteSupply(source.bytes(2_000)))
      do throws(DefinitionErrors) {
        let yaml = try DefinitionParser.parse(Array(text.utf8), file: "w.yaml")
        #expect(DefinitionCodec.encode(yaml) == canonical, "seed \(seed): \(text)")
      } catch {
        Issue.record("seed \(seed): \(error)\n\(text)")
      }
    }
  }

  /// What the parser accepts, the schemas accept.
  @Test func schemasAcceptRandomDefinitions() throws {
    let schemas = [
      try SchemaChecker(DefinitionSchema.text()),
      try SchemaChecker(DefinitionSchema.text(of: .json)),
    ]
    for seed in 0..<60 as Range<UInt64> {
      var source = Draws(seed: seed)
      let text = JSONText.of(DefinitionText.value(of: source.definition()))
      for schema in schemas { #expect(schema.accepts(try JSON(text)), "seed \(seed): \(text)") }
    }
  }

  @Test func allStylesComeUp() {
    var texts = ""
    for seed in 0..<200 as Range<UInt64> {
      var source = Draws(seed: seed)
      let value = DefinitionText.value(of: source.definition())
      texts += YAMLWriter.text(of: value, ByteSupply(source.bytes(2_000)))
    }
    for part in [
      "|2-", "|2+", "|2\r\n", ">-", " &a0 ", " *a0", "\n  - ", ": {", ": [", "---", "\r\n", "'",
    ] {
      #expect(
        texts.unicodeScalars.contains(Array(part.unicodeScalars)), "no \(part.debugDescription)")
    }
  }

  /// After the end of its choices the style is that of JSON.
  @Test func theSimplestStyleIsJSON() {
    var source = Draws(seed: 1)
    let value = TextValue.object([
      ("a", .array([.literal("1"), .text("x\"\u{7F}")])), ("b", .object([])),
    ])
    #expect(
      YAMLWriter.text(of: value, ByteSupply([])) == "\"a\": [1, \"x\\\"\\U0000007f\"]\n\"b\": {}\n")
    #expect(source.bytes(3).count == 3)
  }
}

/// Draws valid definitions from a seed.
private struct Draws: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = SplitMix64.mix(seed)
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return SplitMix64.mix(state)
  }

  private mutating func below(_ bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  private mutating func number(_ range: ClosedRange<Int64>) -> Int64 {
    Int64.random(in: range, using: &self)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  private mutating func text() -> String {
    let parts = [
      "a", "Z9", "é", "水", "😀", " ", " ", "\n", "\n\n", "\t", "#", " #", ": ", "- ", "'", "\"",
      "\\", "~",
      "null", "true", "NO", "3.10", "22:22", "0x1F", "1e3", "{", "]", ",", "&a", "*a", "!", "|",
      ">", "%", "@",
      "`", "<<", "---", "...", "\r", "\u{1}", "\u{1B}", "\u{7F}", "\u{85}", "\u{2028}", "\u{2029}",
      "\u{FEFF}",
      "\u{FFFF}", "\u{10FFFF}", "e\u{301}", "word another", "$HOME", "=",
    ]
    var text = (0..<(1 + below(5))).map { _ in parts[below(parts.count)] }.joined()
    // A script is recorded as one, and names its interpreter.
    if text.utf8.starts(with: "#!".utf8) { text = "x" + text }
    return below(6) == 0 ? text + "\n" : text
  }

  private mutating func maybeText() -> String { below(4) == 0 ? "" : text() }

  private mutating func optional<Value>(_ body: (inout Self) -> Value) -> Value? {
    below(2) == 0 ? nil : body(&self)
  }

  private mutating func command() -> Command {
    if below(2) == 0 { return .shell(text()) }
    return .program([text()] + (0..<below(4)).map { _ in maybeText() })
  }

  private mutating func environment() -> [EnvironmentVariable] {
    var variables: [String: String] = [:]
    for _ in 0..<below(4) {
      let name = text().filter { $0 != "=" }
      if !name.isEmpty { variables[name] = maybeText() }
    }
    return variables.map { EnvironmentVariable(name: $0.key, value: $0.value) }
      .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private mutating func settings() -> StepSettings {
    let onLost = OnLost.allCases[below(OnLost.allCases.count)]
    let longest: Int64 = 10 * 365 * 24 * 3_600_000
    var settings = StepSettings(
      environment: environment(), workingDirectory: optional { $0.text() },
      timeoutMilliseconds: optional { $0.number(1...longest) },
      killGraceMilliseconds: number(0...longest),
      retry: RetryPolicy(
        maxAttempts: Int32(number(1...1_000_000)), initialDelayMilliseconds: number(0...longest),
        multiplierThousandths: number(1_000...1_000_000),
        maxDelayMilliseconds: number(0...longest), jitter: Jitter.allCases[below(3)],
        on: FailureKinds(rawValue: UInt8(1 + below(15))),
        exitCodes: optional { source in
          Set((0...source.below(3)).map { _ in UInt8(1 + source.below(255)) }).sorted()
        }), allowFailure: below(2) == 0, onLost: onLost, probe: onLost == .probe ? command() : nil,
      stragglers: StragglerPolicy.allCases[below(2)], maxOutputBytes: number(4_096...(1 << 50)))
    settings.shell = [.sh, .bash, .program([text(), maybeText()])][below(3)]
    settings.stopSignal = StopSignal.allCases[below(StopSignal.allCases.count)]
    return settings
  }

  private mutating func parameter(_ name: String) -> Parameter {
    var parameter = Parameter(
      name: name, type: ParameterType.allCases[below(ParameterType.allCases.count)],
      isRequired: below(3) == 0, help: optional { $0.text() })
    switch parameter.type {
    case .string:
      parameter.standard = [maybeText()]
      let other = text()
      parameter.choices =
        below(2) == 0
        ? [] : (parameter.standard == [other] ? [] : [other]) + (parameter.standard ?? [])
    case .int: (parameter.standard, parameter.least) = (["\(number(0...9))"], "-1")
    case .number: (parameter.standard, parameter.greatest) = (["1.5e2"], "1e3")
    case .bool: parameter.standard = ["true"]
    case .date: parameter.standard = [["today", "2026-11-29"][below(2)]]
    case .duration: (parameter.standard, parameter.least) = (["10s"], "5ms")
    case .list: parameter.standard = (0..<below(3)).map { _ in maybeText() }
    }
    if parameter.isRequired { parameter.standard = nil }
    return parameter
  }

  /// The step asks instead of running its command.
  private mutating func ask(
    _ step: Int, _ extras: inout StepExtras, in definition: inout WorkflowDefinition
  ) {
    var question = Question(text: text())
    if below(2) == 0 {
      question.timeoutMilliseconds = number(1...1_000_000)
      question.otherwise = extras.outputs.isEmpty ? .approve : .reject
    }
    extras.question = question
    definition.steps[step].command = .shell("")
    // It has no attempts.
    let own = StepSettings(allowFailure: definition.settings(ofStep: step).allowFailure)
    let known = definition.settings.firstIndex(of: own)
    if known == nil { definition.settings.append(own) }
    definition.steps[step].settingsIndex = Int32(known ?? definition.settings.count - 1)
  }

  /// The parser numbers settings in the order in which steps have them.
  private func dropUnusedSettings(of definition: inout WorkflowDefinition) {
    var settings: [StepSettings] = []
    for step in definition.steps.indices {
      let own = definition.settings(ofStep: step)
      let place = settings.firstIndex(of: own) ?? settings.count
      if place == settings.count { settings.append(own) }
      definition.steps[step].settingsIndex = Int32(place)
    }
    definition.settings = settings
  }

  mutating func definition() -> WorkflowDefinition {
    let stepCount = 1 + below(5)
    let finallyCount = below(min(3, stepCount))
    var steps: [StepDefinition] = []
    var all: [StepSettings] = []
    let ids = ["true", "null", "1e3", "0x1F", "NO", "3.10", "a-b_c", "2026-11-29", "on", "y"]
    var isRollback: [Bool] = []
    for index in 0..<stepCount {
      var own = settings()
      isRollback.append(
        index > 0 && index < stepCount - finallyCount && !isRollback[index - 1] && below(3) == 0)
      if index >= stepCount - finallyCount || isRollback[index], own.timeoutMilliseconds == nil {
        own.timeoutMilliseconds = number(1...1_000_000)
      }
      let place = all.firstIndex(of: own) ?? all.count
      if place == all.count { all.append(own) }
      steps.append(
        StepDefinition(
          id: ids[(index + below(2) * 5) % 10] + (below(2) == 0 ? "" : ".\(index)"),
          command: command(),
          needs: (0..<Int32(index)).filter { below(2) == 0 && !isRollback[Int($0)] },
          settingsIndex: Int32(place)))
    }
    var used: Set<String> = []
    for index in steps.indices where !used.insert(steps[index].id).inserted {
      steps[index] = StepDefinition(
        id: "s\(index)", command: steps[index].command, needs: steps[index].needs,
        settingsIndex: steps[index].settingsIndex)
    }
    for index in steps.indices where isRollback[index] {
      steps[index].id = steps[index - 1].id + "/onFailure"
      steps[index].needs = [Int32(index - 1)]
    }
    let names = ["true", "null", "3.10", "~", "a: b", "nightly", "- x", "#", "é😀"]
    var definition = WorkflowDefinition(
      name: names[below(names.count)], description: optional { $0.text() },
      jobs: optional { Int($0.number(1...4_096)) }, environment: environment(),
      timeoutMilliseconds: optional { $0.number(1...1_000_000) }, failFast: below(2) == 0,
      steps: steps, settings: all)
    definition.finallyCount = finallyCount
    definition.exclusive = optional { $0.below(2) == 0 ? .workflow : .named(names[$0.below(9)]) }
    definition.onConflict = OnConflict.allCases[below(OnConflict.allCases.count)]
    if below(2) == 0 {
      definition.inheritance = .clean
      definition.passedVariables = environment().map(\.name).filter {
        !$0.unicodeScalars.contains("*")
      }
    }
    definition.parameters = (0..<below(3)).map { parameter("p_\($0)") }
    definition.variableFiles = (0..<below(3)).map { _ in
      VariableFile(path: text(), isOptional: below(2) == 0)
    }
    // Each name is that of no variable.
    let secrets = ["DB_PASSWORD", "Key", "_"].filter { _ in below(2) == 0 }
    definition.secrets = secrets.map {
      Secret(name: $0, source: below(2) == 0 ? .file(text()) : .variable("OF_\($0)"))
    }
    for index in definition.settings.indices where definition.settings[index].stragglers == .kill {
      definition.settings[index].secrets = secrets.filter { _ in below(2) == 0 }.map {
        SecretUse(name: $0, form: SecretForm.allCases[below(2)])
      }
    }
    for step in steps.indices {
      var extras = StepExtras(description: optional { $0.text() })
      for need in definition.steps[step].needs where below(3) == 0 {
        extras.edges.append(Edge(need: need, wanted: [.succeeded, .failed, .settled][below(3)]))
      }
      if let need = definition.steps[step].needs.first, below(3) == 0 {
        extras.condition = Condition([
          .result(step: need), .literal(.list([.result(.failed), .result(.skipped)])), .contained,
          .literal(.text(text())), .literal(.list([.text(text())])), .contained, .not, .or,
        ])
      }
      // Of what was drawn before, so that other values stay the same.
      if let need = definition.steps[step].needs.first {
        let types = OutputType.allCases
        extras.outputs = [StepOutput(name: "_", type: types[Int(need) % types.count])]
      }
      if isRollback[step] {
        extras = StepExtras(
          description: extras.description,
          edges: [Edge(need: Int32(step - 1), wanted: .settled)])
        extras.isRollback = true
      } else if step < definition.firstFinally, step + 1 == steps.count || !isRollback[step + 1],
        below(6) == 0
      {
        ask(step, &extras, in: &definition)
      }
      definition.give(extras, toStep: step)
    }
    dropUnusedSettings(of: &definition)
    return definition
  }
}
