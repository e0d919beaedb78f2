import FlowCore
import FlowText

/// The variables of a cached step: what it declares, and what no program can do without. So nothing counts that
/// its key does not have.
enum DeclaredVariables {
  /// Of those that an engine gives, these have the same value in another run.
  private static let own = ["FLOW_FAILED_STEPS", "FLOW_ITEM", "FLOW_OUTCOME", "FLOW_STEP_ID"]
  private static let prefix = "FLOW_"

  /// - Parameter variables: `NAME=value` each.
  static func kept(_ variables: [[UInt8]], _ options: CachedStepOptions) -> [[UInt8]] {
    guard let declared = options.variables else { return variables }
    let names = Set((declared + options.secrets).map { Array($0.utf8) })
    return variables.filter {
      let name = name(of: $0)
      return name.elementsEqual("PWD".utf8) || name.starts(with: prefix.utf8)
        || WorkflowDefinition.alwaysPasses(name) || names.contains(Array(name))
    }
  }

  /// Those that count, by name, ordered.
  ///
  /// - Parameter kept: what the command gets.
  static func counted(
    _ kept: [[UInt8]], _ options: CachedStepOptions
  ) -> [(name: String, variable: [UInt8])] {
    kept.compactMap { variable in
      let name = RawText.text(Array(name(of: variable)))
      let isOfRun = name.utf8.starts(with: prefix.utf8) && !own.contains(name)
      return isOfRun || name == "PWD" || options.secrets.contains(name) ? nil : (name, variable)
    }.sorted { $0.name < $1.name }
  }

  static func value(of name: String, in variables: [[UInt8]]) -> String? {
    variables.first { self.name(of: $0).elementsEqual(name.utf8) }.map {
      RawText.text(Array($0.dropFirst(name.utf8.count + 1)))
    }
  }

  private static func name(of variable: [UInt8]) -> ArraySlice<UInt8> {
    variable.prefix { $0 != UInt8(ascii: "=") }
  }
}
