import FlowCore
import Testing

/// The tables of keys, and what the tagged encoding makes of fields that it does not know.
@Suite struct DefinitionKeyTests {
  @Test func tagsAndNamesAreUnique() {
    expectUnique(WorkflowDefinition.keys, reserved: [1, 2, 3])
    expectUnique(StepDefinition.keys, reserved: [1, 2, 3, 4, 5])
    expectUnique(StepSettings.keys, reserved: [])
    let ofSteps = StepDefinition.keys.map(\.name) + StepSettings.keys.map(\.name)
    #expect(Set(ofSteps).count == ofSteps.count)
  }

  private func expectUnique<Owner>(_ keys: [DefinitionKey<Owner>], reserved: Set<UInt64>) {
    let valued = DefinitionKey.valued(keys)
    #expect(Set(valued.map(\.tag)).count == valued.count)
    #expect(valued.allSatisfy { $0.tag > 0 && !reserved.contains($0.tag) })
    #expect(Set(keys.map(\.name)).count == keys.count)
    #expect(keys.allSatisfy { !$0.help.isEmpty })
  }

  /// A tag that is in use stays with its key: what was written with it would become another's.
  @Test func tagsAreStable() {
    let workflow =
      "jobs 4, env 5, timeout 6, failFast 7, description 8, exclusive 9, onConflict 10"
    let step = "description 6"
    let settings = """
      env 1, cwd 2, timeout 3, killGrace 4, maxAttempts 5, initialDelay 6, multiplier 7, \
      maxDelay 8, jitter 9, on 10, exitCodes 11, allowFailure 12, onLost 13, probe 14, \
      stragglers 15, maxOutput 16
      """
    #expect(Self.tags(WorkflowDefinition.valuedKeys).hasPrefix(workflow))
    let later = Self.tags(WorkflowDefinition.valuedKeys)
    #expect(later.contains(", environment 13, passEnv 14, envFiles 15"))
    #expect(Self.tags(StepDefinition.valuedKeys).hasPrefix(step))
    #expect(Self.tags(StepDefinition.valuedKeys).contains("outputs 23, files 31, publish 32"))
    #expect(Self.tags(StepSettings.valuedKeys).hasPrefix(settings))
    #expect(Self.tags(StepSettings.valuedKeys).contains("shell 17, stopSignal 18, secrets 19"))
  }

  private static func tags<Owner>(_ keys: [DefinitionKey<Owner>]) -> String {
    keys.map { "\($0.name) \($0.tag)" }.joined(separator: ", ")
  }

  @Test(arguments: [
    // A field 40 of the workflow, of its first step and of its settings; a policy word that is new.
    (
      "01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65 28 00",
      "a workflow has a field 40"
    ),
    ("01 01 77 02 02 01 00 03 0d 01 0b 01 01 61 02 04 74 72 75 65 28 00", "a step has a field 40"),
    ("01 01 77 02 04 01 02 28 00 03 0b 01 09 01 01 61 02 04 74 72 75 65", "a step has a field 40"),
    (
      "01 01 77 02 05 01 03 0d 01 03 03 0b 01 09 01 01 61 02 04 74 72 75 65",
      "onLost has the value 3"
    ),
    (
      "01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65 04 02 81 20",
      "jobs has the value 4097"
    ),
    (
      "01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65 0d 01 02",
      "environment has the value 2"
    ),
  ])
  func whatIsUnknownIsNewer(bytes: String, what: String) {
    #expect(reason(of: bytes) == .newer(what))
  }

  @Test(arguments: [
    // Of failFast: its default spelled out, after a later field, twice.
    ("01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65 07 01 00", "failFast"),
    ("01 01 77 02 02 01 00 07 01 01 03 0b 01 09 01 01 61 02 04 74 72 75 65", "order of fields"),
    (
      "01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65 07 01 01 07 01 01",
      "order of fields"
    ),
    // No variables and no files, spelled out; a file that is neither optional nor not.
    ("01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65 0d 01 00", "environment"),
    ("01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65 0e 01 00", "passEnv"),
    ("01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65 0f 01 00", "envFiles"),
    ("01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65 0f 04 01 01 61 02", "boolean"),
    // More bytes in a field than its value takes; a step without a command, and with two.
    ("01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65 07 02 01 00", "end of a field"),
    ("01 01 77 02 02 01 00 03 05 01 03 01 01 61", "step"),
    ("01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 00 03 02 01 00", "command"),
    // No jobs at all.
    ("01 01 77 02 02 01 00 03 0b 01 09 01 01 61 02 04 74 72 75 65 04 01 00", "jobs"),
  ])
  func oneDefinitionHasOneEncoding(bytes: String, what: String) {
    #expect(reason(of: bytes) == .malformed(what))
  }

  private func reason(of bytes: String) -> CodingError.Reason? {
    let bytes = bytes.split(separator: " ").map { UInt8($0, radix: 16)! }
    do throws(CodingError) {
      _ = try DefinitionCodec.decode(bytes, policy: .second)
      return nil
    } catch {
      return error.reason
    }
  }
}
