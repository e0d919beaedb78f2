import FlowCore
import Testing

@Suite struct DefinitionCodecTests {
  @Test(arguments: Policy.allCases)
  func everyDefinitionRoundTrips(policy: Policy) throws {
    var generator = Generator(seed: 1)
    for _ in 0..<2_000 { try expectRoundTrip(of: generator.definition(for: policy), policy) }
  }

  @Test(arguments: Policy.allCases)
  func everySettingRoundTrips(policy: Policy) throws {
    for onLost in OnLost.allCases {
      for stragglers in StragglerPolicy.allCases {
        for jitter in Jitter.allCases where policy > .first || jitter != .equal {
          for kinds in 0..<UInt8(16) {
            let retry = RetryPolicy(jitter: jitter, on: FailureKinds(rawValue: kinds))
            let settings = StepSettings(
              retry: retry, onLost: onLost, probe: onLost == .probe ? .shell("true") : nil,
              stragglers: stragglers, shell: policy > .first ? .sh : .plain)
            try expectRoundTrip(of: Self.definition(settings: [settings]), policy)
          }
        }
      }
    }
  }

  @Test func everyShellAndStopSignalRoundTrips() throws {
    for shell in [Shell.sh, .bash, .plain, .program(["python3", "-c"])] {
      for signal in StopSignal.allCases {
        let settings = StepSettings(shell: shell, stopSignal: signal)
        try expectRoundTrip(of: Self.definition(settings: [settings]), .second)
      }
    }
  }

  private func expectRoundTrip(of definition: WorkflowDefinition, _ policy: Policy) throws {
    let bytes = DefinitionCodec.encode(definition, policy: policy)
    #expect(try DefinitionCodec.decode(bytes, policy: policy) == definition)
  }

  /// Defaults and one step, as each policy encodes them: no later version may change that.
  @Test func bytesAreStable() throws {
    let first = """
      01 77 00 00 00 00 01 00 00 00 90 4e 01 e8 07 d0 0f e0 a7 12 01 0f 00 00 00 00 00 80 80 80 80 \
      04 01 01 61 00 04 74 72 75 65 00 00
      """
    let implied = Self.definition(settings: [.implied])
    #expect(hexadecimal(DefinitionCodec.encode(implied, policy: .first)) == first)
    let second = "01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65"
    let bytes = DefinitionCodec.encode(implied, policy: .second)
    #expect(hexadecimal(bytes) == second)
    #expect(try DefinitionCodec.decode(bytes, policy: .second) == implied)
  }

  @Test func bytesOfVariableSourcesAreStable() throws {
    var definition = Self.definition(settings: [.implied])
    definition.inheritance = .clean
    definition.passedVariables = ["A", "BC"]
    definition.variableFiles = [
      VariableFile(path: "p"), VariableFile(path: "l", isOptional: true),
    ]
    let bytes = """
      01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65 \
      0d 01 01 0e 06 02 01 41 02 42 43 0f 07 02 01 70 00 01 6c 01
      """
    #expect(hexadecimal(DefinitionCodec.encode(definition, policy: .second)) == bytes)
  }

  /// What a log says in a byte can stand for many: that is counted before it is believed.
  @Test(arguments: Policy.allCases)
  func aDefinitionHasNoMoreThanFits(policy: Policy) throws {
    var definition = WorkflowDefinition.of("a", "b < a")
    definition.steps[1].command = .program(["true", "", ""])
    definition.environment = [EnvironmentVariable(name: "A", value: "b")]
    definition.settings[0] = .implied
    definition.settings[0].probe = .program(["true"])
    if policy > .first {
      definition.give(StepExtras(description: "packs"), toStep: 1)
      definition.settings[0].shell = .program(["python3", "-c"])
      definition.passedVariables = ["A", "B"]
      definition.variableFiles = [VariableFile(path: "a.env", isOptional: true)]
    }
    let bytes = DefinitionCodec.encode(definition, policy: policy)
    let room = definition.listBytes
    #expect(try DefinitionCodec.decode(bytes, policy: policy, room: room) == definition)
    let error = #expect(throws: CodingError.self) {
      try DefinitionCodec.decode(bytes, policy: policy, room: room - 1)
    }
    #expect(error?.reason == .tooMany)
  }

  /// Where fields have tags, what is cut off after one may be whole, but is another definition.
  @Test(arguments: Policy.allCases)
  func truncationAtEveryLengthIsSeen(policy: Policy) {
    var generator = Generator(seed: 2)
    for _ in 0..<20 {
      let definition = generator.definition(for: policy)
      let bytes = DefinitionCodec.encode(definition, policy: policy)
      for length in 0..<bytes.count {
        let decoded = try? DefinitionCodec.decode(Array(bytes[..<length]), policy: policy)
        #expect(policy == .first ? decoded == nil : decoded != definition)
      }
    }
  }

  @Test func nothingMayFollow() {
    let first = DefinitionCodec.encode(Self.definition(), policy: .first) + [0]
    #expect(
      throws: CodingError(offset: first.count - 1, reason: .malformed("end of the definition"))
    ) { try DefinitionCodec.decode(first, policy: .first) }
    let second = DefinitionCodec.encode(Self.definition(), policy: .second) + [0]
    #expect(throws: CodingError(offset: second.count - 1, reason: .malformed("order of fields"))) {
      try DefinitionCodec.decode(second, policy: .second)
    }
  }

  @Test(arguments: [[1], [2], [Int32.max], [0, 0], [1, 0]])
  func badNeedsAreRefused(needs: [Int32]) {
    var definition = Self.definition()
    definition.steps[0].needs = needs
    expect(.malformed("need of step a"), of: definition)
  }

  @Test(arguments: [1, Int32.max])
  func badSettingsAreRefused(index: Int32) {
    var definition = Self.definition()
    definition.steps[0].settingsIndex = index
    expect(.malformed("settings of step a"), of: definition)
    definition.steps[0].settingsIndex = 0
    definition.settings = []
    expect(.malformed("settings of step a"), of: definition, .first)
    expect(.malformed("definition"), of: definition, .second)
  }

  @Test func onLostProbeHasAProbe() {
    expect(.malformed("probe"), of: Self.definition(settings: [StepSettings(onLost: .probe)]))
  }

  @Test func aDefinitionHasSteps() {
    var definition = Self.definition()
    definition.steps = []
    expect(.malformed("list of steps"), of: definition, .first)
    expect(.malformed("definition"), of: definition, .second)
  }

  @Test func aProgramHasAName() {
    var definition = Self.definition()
    definition.steps[0].command = .program([])
    expect(.malformed("command"), of: definition)
  }

  @Test(arguments: [32, 0xFF] as [UInt8])
  func unknownKindsOfFailureAreRefused(kinds: UInt8) {
    let retry = RetryPolicy(on: FailureKinds(rawValue: kinds))
    let definition = Self.definition(settings: [StepSettings(retry: retry)])
    expect(.malformed("kinds of failure"), of: definition, .first)
    expect(.newer("on has the value \(kinds)"), of: definition, .second)
  }

  @Test(arguments: Policy.allCases)
  func randomBytesNeverTrap(policy: Policy) {
    var generator = Generator(seed: 3)
    for _ in 0..<50_000 { expectOneEncoding(generator.bytes(upTo: 60), policy) }
  }

  @Test(arguments: Policy.allCases)
  func damagedDefinitionsNeverTrapAndHaveOneEncoding(policy: Policy) {
    var generator = Generator(seed: 4)
    for _ in 0..<10_000 {
      var bytes = DefinitionCodec.encode(generator.definition(for: policy), policy: policy)
      for _ in 0...generator.below(3) {
        bytes[generator.below(bytes.count)] = UInt8(truncatingIfNeeded: generator.next())
      }
      expectOneEncoding(bytes, policy)
    }
  }

  private func expectOneEncoding(_ bytes: [UInt8], _ policy: Policy) {
    guard let definition = try? DefinitionCodec.decode(bytes, policy: policy) else { return }
    if DefinitionCodec.encode(definition, policy: policy) != bytes {
      Issue.record("\(hexadecimal(bytes)) was read as \(definition)")
    }
  }

  /// - Parameter policy: nil for all of them.
  private func expect(
    _ reason: CodingError.Reason, of definition: WorkflowDefinition, _ policy: Policy? = nil
  ) {
    for policy in policy.map({ [$0] }) ?? Policy.allCases {
      let bytes = DefinitionCodec.encode(definition, policy: policy)
      let error = #expect(throws: CodingError.self) {
        try DefinitionCodec.decode(bytes, policy: policy)
      }
      #expect(error?.reason == reason)
    }
  }

  private static func definition(
    settings: [StepSettings] = [StepSettings()]
  ) -> WorkflowDefinition {
    WorkflowDefinition(
      name: "w", steps: [StepDefinition(id: "a", command: .shell("true"))], settings: settings)
  }
}
