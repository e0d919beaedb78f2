/// A value that steps of a workflow get, and that no file of a run may hold. The definition says only
/// what it is called and where it comes from.
package struct Secret: Hashable, Sendable {
  package enum Source: Hashable, Sendable {
    /// Relative to the folder of the definition, or absolute. Read at each launch.
    case file(String)
    /// A variable of the process that drives the run.
    case variable(String)
  }

  package var name: String
  package var source: Source

  package init(name: String, source: Source) {
    self.name = name
    self.source = source
  }
}

/// How the command of a step gets a secret.
package enum SecretForm: UInt8, CaseIterable, Sendable {
  /// The variable with its name holds the value.
  case variable = 0
  /// The variable with its name holds the path of a file with the value.
  case file = 1
}

/// A secret that a step gets.
package struct SecretUse: Hashable, Sendable {
  package var name: String
  package var form: SecretForm

  package init(name: String, form: SecretForm = .variable) {
    self.name = name
    self.form = form
  }
}

/// What a value must be.
package enum SecretLimit {
  /// A shorter one would be masked where it is none.
  package static let fewestBytes = 8
  /// More fits no variable, together with its name.
  package static let mostBytes = 65_536
}

/// Why a value is not taken.
package enum SecretFault: UInt8, CaseIterable, Hashable, Sendable {
  case tooShort = 0
  case tooLong = 1
  /// No variable can hold it.
  case hasZero = 2

  /// Nil for a value that can be used.
  package init?(_ value: [UInt8]) {
    if value.count < SecretLimit.fewestBytes {
      self = .tooShort
    } else if value.count > SecretLimit.mostBytes {
      self = .tooLong
    } else if value.contains(0) {
      self = .hasZero
    } else {
      return nil
    }
  }

  /// As in `the secret NAME …`.
  package var text: String {
    switch self {
    case .tooShort: "has fewer than \(SecretLimit.fewestBytes) bytes, which would mask too much"
    case .tooLong: "has more than \(SecretLimit.mostBytes) bytes"
    case .hasZero: "contains a zero byte, which no variable can hold"
    }
  }
}

extension WorkflowDefinition {
  /// The variables of the caller from which secrets come. Nothing of them is saved.
  package var secretVariables: [String] {
    secrets.compactMap { if case .variable(let name) = $0.source { name } else { nil } }
  }

  /// Whether commands inherit the variable with that name neither from the caller nor from a file:
  /// it is a secret, or a secret comes from it.
  package func isSecret(_ name: some Collection<UInt8>) -> Bool {
    secrets.contains { secret in
      if secret.name.utf8.elementsEqual(name) { return true }
      if case .variable(let source) = secret.source { return source.utf8.elementsEqual(name) }
      return false
    }
  }

  package func secret(named name: String) -> Secret? {
    secrets.first { $0.name.utf8.elementsEqual(name.utf8) }
  }
}
