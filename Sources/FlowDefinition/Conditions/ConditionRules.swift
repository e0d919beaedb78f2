import FlowCore
import FlowText

/// The text of a condition, which is read when the parameters and the steps are known.
struct ConditionUse {
  /// The step's index.
  private(set) var step: Int
  let text: String
  /// Where it is in the file.
  let offset: Int
  let path: String
  /// Where its text begins in the file; nil if the file has it in another form.
  let textOffset: Int?

  /// The same of a step with another index.
  func moved(to step: Int) -> ConditionUse {
    var copy = self
    copy.step = step
    return copy
  }
}

extension DefinitionReader {
  /// Takes the value of `when`.
  mutating func readCondition(ofStep step: Int) throws(SyntaxError) -> ConditionUse? {
    let expected = #"a condition such as "params.full and steps.test.result == 'failed'""#
    guard let token = try string(expected) else { return nil }
    let text = text(of: token)
    if text.utf8.allSatisfy({ $0 == UInt8(ascii: " ") }) {
      reportMismatch(at: token.offset, expected: expected, found: "an empty string")
      return nil
    }
    let isPlain =
      !token.hasEscapes && source.bytes[token.content].elementsEqual(text.utf8)
      && token.content.upperBound <= source.textLength
    return ConditionUse(
      step: step, text: text, offset: token.offset, path: pathDescription,
      textOffset: isPlain ? token.content.lowerBound : nil)
  }

  /// Reads the conditions of steps whose needs are resolved.
  mutating func readConditions(
    of table: inout StepTable, _ parameters: [Parameter], _ known: inout KnownOutputs?,
    _ defaults: Defaults
  ) {
    if table.conditions.isEmpty { return }
    let read = conditions(of: table, parameters, &known, defaults)
    for (step, condition) in read { table.changeExtras(ofStep: step) { $0.condition = condition } }
  }

  private mutating func conditions(
    of table: StepTable, _ parameters: [Parameter], _ known: inout KnownOutputs?,
    _ defaults: Defaults
  ) -> [(step: Int, condition: Condition)] {
    let calls = Set(table.calls.map { Int32($0.step) })
    var read: [(Int, Condition)] = []
    for use in table.conditions {
      if table.namesCalled(use) {
        calledMentions.conditions.append(use)
        // It counts as one meanwhile.
        read.append((use.step, Condition([.literal(.flag(true))])))
        continue
      }
      let names = ConditionNames(
        parameters: parameters, step: { table.step(named: $0, by: use.step) },
        nearestStep: { Suggestion.nearest(to: $0, among: table.namedIDs) },
        needs: table.allNeeds(ofStep: use.step), isCall: calls.contains,
        hasItem: table.hasItem(use.step),
        outputs: { table.outputs(ofStep: Int($0)) })
      let condition = condition(use, names) { mention, advice in
        if known == nil { known = KnownOutputs(table, defaults) }
        return known?.fault(of: mention, in: use.step, advice: advice)
      }
      if let condition { read.append((use.step, condition)) }
    }
    return read
  }

  /// - Parameter fault: what is wrong with an output that it names; nil if nothing is.
  /// - Returns: nil for what is no condition, which was reported.
  mutating func condition(
    _ use: ConditionUse, _ names: ConditionNames,
    fault: (OutputMention, _ advice: String) -> String?
  ) -> Condition? {
    do throws(ConditionFault) {
      let (condition, mentions) = try ConditionParser.parse(use.text, names)
      for mention in mentions {
        let type = names.outputs(mention.step).first { $0.name == mention.name }?.type
        let standIn = type?.standIn ?? "''"
        let advice =
          "write what stands for it then, as in \"steps.ID.\(mention.name) ?? \(standIn)\""
        if let fault = fault(mention, advice) { throw ConditionFault(at: mention.offset, fault) }
      }
      return condition
    } catch {
      let place = use.textOffset.map { $0 + error.offset }
      // Where the file has it in another form, the place is said.
      let suffix = place == nil ? " (at character \(error.offset + 1) of the condition)" : ""
      report(at: place ?? use.offset, path: use.path, error.message + suffix)
      return nil
    }
  }
}
