import FlowCommandLine
import FlowSimulation
import FlowText

/// `--option NAME=VALUE`: options that are set by hand, over those that a seed draws.
enum WorldOptions {
  static let option = Option(
    "option", takes: .text(placeholder: "NAME=VALUE"), isRepeatable: true,
    "set an option of the worlds, or several at once, as they are printed")

  /// - Throws: the error of the first invalid one.
  static func recipe(
    _ arguments: ScannedArguments, _ syntax: CommandSyntax, run: @escaping WorldRunner
  ) throws(UsageError) -> WorldRecipe {
    var settings: [SimulationOptions.Setting] = []
    for word in arguments.texts(option).flatMap({ $0.split(separator: " ") }) {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw error(
          syntax,
          .invalidValue(option.spelling, value: String(word), expected: "NAME=VALUE"))
      }
      settings.append(.init(String(parts[0]), String(parts[1])))
    }
    do throws(SimulationOptions.SettingError) {
      return try WorldRecipe(settings, run: run)
    } catch {
      switch error {
      case .unknown(let name):
        let names = SimulationOptions.keys.map(\.name)
        throw Self.error(
          syntax,
          .unknownValue(
            option.spelling, value: name, suggestion: Suggestion.nearest(to: name, among: names)))
      case .invalid(let name, let value, let expected):
        throw Self.error(
          syntax,
          .invalidValue(
            "\(option.spelling) \(name)", value: value, expected: expected))
      }
    }
  }

  private static func error(
    _ syntax: CommandSyntax, _ reason: UsageError.Reason
  ) -> UsageError {
    UsageError(program: syntax.program, command: syntax.name, reason)
  }

  /// As on a command line, with a space before each.
  static func arguments(_ settings: [SimulationOptions.Setting]) -> String {
    settings.map { " \(option.spelling) \($0)" }.joined()
  }
}
