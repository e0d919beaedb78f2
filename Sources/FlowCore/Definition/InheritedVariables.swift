/// What a run takes over from the environment of the process that creates it.
package enum Inheritance: UInt8, CaseIterable, Sendable {
  /// Everything.
  case inherit = 0
  /// What most programs cannot work without, and what `passEnv` lists.
  case clean = 1
}

extension WorkflowDefinition {
  /// What a clean environment has of the caller's without being asked.
  private static let alwaysPassed = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR",
  ]
  private static let passedPrefix = "LC_"

  /// Whether a clean environment has the variable with that name without being asked.
  package static func alwaysPasses(_ name: some Collection<UInt8>) -> Bool {
    name.starts(with: passedPrefix.utf8)
      || alwaysPassed.contains { $0.utf8.elementsEqual(name) }
  }

  /// Whether the commands of a run get the variable with that name from the process that creates it.
  package func passes(_ name: some Collection<UInt8>) -> Bool {
    switch inheritance {
    case .inherit: true
    case .clean:
      Self.alwaysPasses(name)
        || passedVariables.contains { $0.utf8.elementsEqual(name) }
    }
  }
}

/// A file with variables for all steps, which is read when a run is created.
package struct VariableFile: Hashable, Sendable {
  /// Relative to the folder of the definition.
  package var path: String
  /// Whether it may be missing.
  package var isOptional: Bool

  package init(path: String, isOptional: Bool = false) {
    self.path = path
    self.isOptional = isOptional
  }
}
