import FlowCore
import FlowDefinition

/// An accepted definition has exactly one encoding and no cycle, and round-trips through its file; one in YAML
/// does so in both spellings. Its YAML has the events that libyaml says. The errors of a rejected one have a location in it.
enum DefinitionTarget {
  /// - Parameter spelling: of the bytes.
  static func test(_ bytes: [UInt8], as spelling: DefinitionSpelling) throws(Finding) {
    if spelling == .yaml, let difference = YAMLComparison.difference(in: bytes) {
      throw Finding(difference)
    }
    let definition: WorkflowDefinition
    do throws(DefinitionErrors) {
      definition = try DefinitionParser.parse(bytes, file: "input", as: spelling)
    } catch {
      return try test(error, in: bytes)
    }
    for policy in Policy.allCases { try testEncoding(of: definition, policy) }
    do throws(DependencyCycle) { _ = try definition.graph() } catch {
      throw Finding("a cycle was accepted: \(error.steps)")
    }
    let value = DefinitionText.value(of: definition)
    try test(JSONText.of(value), as: .json, is: definition)
    guard spelling == .yaml else { return }
    try test(YAMLWriter.text(of: value, ByteSupply(bytes)), as: .yaml, is: definition)
  }

  /// A printed definition is read as what it was printed from.
  static func test(
    _ text: String, as spelling: DefinitionSpelling, is definition: WorkflowDefinition
  ) throws(Finding) {
    let again: WorkflowDefinition
    do throws(DefinitionErrors) {
      again = try DefinitionParser.parse(Array(text.utf8), file: "printed", as: spelling)
    } catch {
      throw Finding("the printed definition is rejected: \(error)\n\(text)")
    }
    try require(
      DefinitionCodec.encode(again) == DefinitionCodec.encode(definition),
      "the printed definition is read differently: \(text)")
  }

  private static func testEncoding(
    of definition: WorkflowDefinition, _ policy: Policy
  ) throws(Finding) {
    var definition = definition
    if policy == .first {
      // It knows no other kinds of failure.
      for index in definition.settings.indices {
        definition.settings[index].retry.on.formIntersection(.all)
      }
    }
    let canonical = DefinitionCodec.encode(definition, policy: policy)
    let decoded: WorkflowDefinition
    do throws(CodingError) {
      decoded = try DefinitionCodec.decode(canonical, policy: policy)
    } catch {
      throw Finding("the encoding of policy \(policy.rawValue) is rejected: \(error)")
    }
    try require(
      DefinitionCodec.encode(decoded, policy: policy) == canonical,
      "the encoding of policy \(policy.rawValue) does not round-trip")
  }

  private static func test(_ refusal: DefinitionErrors, in bytes: [UInt8]) throws(Finding) {
    let errors = refusal.errors
    try require((1...DefinitionErrors.limit).contains(errors.count), "\(errors.count) errors")
    let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
    for error in errors {
      let (line, column) = (error.position.line, error.position.column)
      try require(
        lines.indices.contains(line - 1) && (1...lines[line - 1].count + 1).contains(column),
        "an error at \(line):\(column), outside of the file")
      let text = error.description
      try require(
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F },
        "an error with a control character: \(text.debugDescription)")
      try require(!error.message.isEmpty, "an error without a message")
    }
    let places = errors.map { ($0.position.line, $0.position.column) }
    try require(
      zip(places, places.dropFirst()).allSatisfy { $0 <= $1 }, "unsorted errors")
  }
}
