package import FlowCore
import FlowText

extension WorkflowDefinition {
  /// Checks that what the values of parameters are put into is not longer than Linux executes. Texts without
  /// them were checked as the file was read.
  ///
  /// - Throws: all that is too long.
  package func checkLengths(with values: [ParameterValue]) throws(ParameterErrors) {
    guard hasTemplates, !values.isEmpty else { return }
    var lengths = ValueLengths(values)
    for variable in environment { lengths.check(variable, of: "env") }
    // Steps share settings: the first that has them is named.
    var seen = [Bool](repeating: false, count: settings.count)
    for step in steps {
      if !seen[Int(step.settingsIndex)] {
        seen[Int(step.settingsIndex)] = true
        let settings = settings[Int(step.settingsIndex)]
        for variable in settings.environment { lengths.check(variable, of: "step \(step.id)") }
        if let probe = settings.probe { lengths.check(probe, of: "step \(step.id)") }
      }
      lengths.check(step.command, of: "step \(step.id)")
    }
    if !lengths.messages.isEmpty { throw ParameterErrors(messages: lengths.messages) }
  }
}

private struct ValueLengths {
  private static let mostMessages = 20
  private var values: [String: [Int]] = [:]
  private(set) var messages: [String] = []

  init(_ values: [ParameterValue]) {
    for value in values {
      self.values[value.name] = value.texts.map { RawText.bytes($0).count }
    }
  }

  mutating func check(_ variable: EnvironmentVariable, of owner: String) {
    guard let length = lengths(of: variable.value)?.first else { return }
    let total = variable.name.utf8.count + 1 + length
    if total >= ExecutionLimit.oneString {
      report(
        "\(owner): with the values of parameters "
          + ExecutionLimit.message("the variable \(variable.name)", total))
    }
  }

  mutating func check(_ command: Command, of owner: String) {
    guard case .program(let arguments) = command else { return }
    var total = 0
    for argument in arguments {
      for length in lengths(of: argument) ?? [argument.utf8.count] {
        total += length + ExecutionLimit.bytesBesides
        if length >= ExecutionLimit.oneString {
          report(
            "\(owner): with the values of parameters "
              + ExecutionLimit.message("an argument", length))
        }
      }
    }
    if total > ExecutionLimit.together {
      report(
        "\(owner): with the values of parameters the arguments take \(total) bytes, and Linux executes"
          + " nothing with more than \(ExecutionLimit.together) (6 MiB): put them into a file")
    }
  }

  private mutating func report(_ message: String) {
    if messages.count < Self.mostMessages { messages.append(message) }
  }

  /// Of what a text stands for: of a list each element. Nil for a text without values.
  private func lengths(of text: String) -> [Int]? {
    guard Template.isUsed(in: text), let template = try? Template(text) else { return nil }
    if let name = template.onlyParameter { return values[name] }
    return [
      template.parts.reduce(0) { sum, part in
        switch part {
        case .text(let plain): sum + plain.utf8.count
        case .reference(.parameter(let name)): sum + (values[name]?.first ?? 0)
        case .reference: sum
        }
      }
    ]
  }
}
