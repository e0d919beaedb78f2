import FlowCore
import Testing

@Suite struct DefinitionCodecTests {
  @Test func everyDefinitionRoundTrips() throws {
    var generator = Generator(seed: 1)
    for _ in 0..<2_000 {
      let definition = generator.definition()
      #expect(try DefinitionCodec.decode(DefinitionCodec.encode(definition)) == definition)
    }
  }

  @Test func everySettingRoundTrips() throws {
    for onLost in OnLost.allCases {
      for stragglers in StragglerPolicy.allCases {
        for jitter in Jitter.allCases {
          for kinds in 0..<UInt8(16) {
            let retry = RetryPolicy(jitter: jitter, on: FailureKinds(rawValue: kinds))
            let settings = StepSettings(
              retry: retry, onLost: onLost, probe: onLost == .probe ? .shell("true") : nil,
              stragglers: stragglers)
            let definition = Self.definition(settings: [settings])
            #expect(try DefinitionCodec.decode(DefinitionCodec.encode(definition)) == definition)
          }
        }
      }
    }
  }

  /// The bytes of version 1, which no later version may change: defaults and one step.
  @Test func bytesAreStable() {
    let expected = """
      01 77 00 00 00 00 01 00 00 00 90 4e 01 e8 07 d0 0f e0 a7 12 01 0f 00 00 00 00 00 80 80 80 80 \
      04 01 01 61 00 04 74 72 75 65 00 00
      """
    #expect(hexadecimal(DefinitionCodec.encode(Self.definition())) == expected)
  }

  /// What a log says in a byte can stand for many: that is counted before it is believed.
  @Test func aDefinitionHasNoMoreThanFits() throws {
    var definition = WorkflowDefinition.of("a", "b < a")
    definition.steps[1].command = .program(["true", "", ""])
    definition.environment = [EnvironmentVariable(name: "A", value: "b")]
    definition.settings[0].probe = .program(["true"])
    let bytes = DefinitionCodec.encode(definition)
    #expect(try DefinitionCodec.decode(bytes, room: definition.listBytes) == definition)
    let error = #expect(throws: CodingError.self) {
      try DefinitionCodec.decode(bytes, room: definition.listBytes - 1)
    }
    #expect(error?.reason == .tooMany)
  }

  @Test func truncationAtEveryLengthIsAnError() {
    var generator = Generator(seed: 2)
    for _ in 0..<20 {
      let bytes = DefinitionCodec.encode(generator.definition())
      for length in 0..<bytes.count {
        #expect(throws: CodingError.self) { try DefinitionCodec.decode(Array(bytes[..<length])) }
      }
    }
  }

  @Test func nothingMayFollow() {
    let bytes = DefinitionCodec.encode(Self.definition()) + [0]
    #expect(
      throws: CodingError(offset: bytes.count - 1, reason: .malformed("end of the definition"))
    ) { try DefinitionCodec.decode(bytes) }
  }

  @Test(arguments: [[1], [2], [Int32.max], [0, 0], [1, 0]])
  func badNeedsAreRefused(needs: [Int32]) {
    var definition = Self.definition()
    definition.steps[0].needs = needs
    #expect(reason(definition) == .malformed("need of step a"))
  }

  @Test(arguments: [1, Int32.max])
  func badSettingsAreRefused(index: Int32) {
    var definition = Self.definition()
    definition.steps[0].settingsIndex = index
    #expect(reason(definition) == .malformed("settings of step a"))
    definition.steps[0].settingsIndex = 0
    definition.settings = []
    #expect(reason(definition) == .malformed("settings of step a"))
  }

  @Test func whoAsksAProbeHasOne() {
    #expect(
      reason(Self.definition(settings: [StepSettings(onLost: .probe)])) == .malformed("probe"))
  }

  @Test func aDefinitionHasSteps() {
    var definition = Self.definition()
    definition.steps = []
    #expect(reason(definition) == .malformed("list of steps"))
  }

  @Test func aProgramHasAName() {
    var definition = Self.definition()
    definition.steps[0].command = .program([])
    #expect(reason(definition) == .malformed("command"))
  }

  @Test(arguments: [16, 0xFF] as [UInt8])
  func unknownKindsOfFailureAreRefused(kinds: UInt8) {
    let retry = RetryPolicy(on: FailureKinds(rawValue: kinds))
    let definition = Self.definition(settings: [StepSettings(retry: retry)])
    #expect(reason(definition) == .malformed("kinds of failure"))
  }

  @Test func randomBytesNeverTrap() {
    var generator = Generator(seed: 3)
    for _ in 0..<50_000 { expectOneSpelling(generator.bytes(upTo: 60)) }
  }

  @Test func damagedDefinitionsNeverTrapAndHaveOneSpelling() {
    var generator = Generator(seed: 4)
    for _ in 0..<10_000 {
      var bytes = DefinitionCodec.encode(generator.definition())
      for _ in 0...generator.below(3) {
        bytes[generator.below(bytes.count)] = UInt8(truncatingIfNeeded: generator.next())
      }
      expectOneSpelling(bytes)
    }
  }

  private func expectOneSpelling(_ bytes: [UInt8]) {
    guard let definition = try? DefinitionCodec.decode(bytes) else { return }
    if DefinitionCodec.encode(definition) != bytes {
      Issue.record("\(hexadecimal(bytes)) was read as \(definition)")
    }
  }

  private func reason(_ definition: WorkflowDefinition) -> CodingError.Reason? {
    do throws(CodingError) {
      _ = try DefinitionCodec.decode(DefinitionCodec.encode(definition))
      return nil
    } catch {
      return error.reason
    }
  }

  private static func definition(
    settings: [StepSettings] = [StepSettings()]
  ) -> WorkflowDefinition {
    WorkflowDefinition(
      name: "w", steps: [StepDefinition(id: "a", command: .shell("true"))], settings: settings)
  }
}
