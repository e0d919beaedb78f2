package import FlowPublication

/// What is known of a step before its command runs.
package struct CachedStep: Sendable {
  /// By which the last result of the step is found, to say what is different now.
  package var identity: Digest
  /// Its working folder.
  package var folder: String
  package var facts: [KeyFact]
  /// As it declares them, with values in place.
  package var inputs: [String]
  package var files: [String]

  package init(
    identity: Digest, folder: String, facts: [KeyFact], inputs: [String], files: [String]
  ) {
    self.identity = identity
    self.folder = folder
    self.facts = facts
    self.inputs = inputs
    self.files = files
  }
}

/// Something besides inputs from which it follows what a command does.
package struct KeyFact: Hashable, Sendable {
  package enum Kind: UInt8, CaseIterable, Sendable {
    /// The program and its arguments.
    case command = 1
    case variable = 2
    /// What another step has put out: `STEP.NAME`.
    case value = 3
    /// Another key of the step.
    case declaration = 4
  }

  package let kind: Kind
  /// Of the variable, the value or the key; empty for the command.
  package let name: String
  /// Of what it is. What it is need not be kept.
  package let digest: Digest

  package init(_ kind: Kind, _ name: String = "", _ digest: Digest) {
    self.kind = kind
    self.name = name
    self.digest = digest
  }
}

/// What an attempt has made.
package struct CachedResult: Equatable, Sendable {
  package struct Output: Equatable, Sendable {
    package let name: String
    package let value: [UInt8]

    package init(name: String, value: [UInt8]) {
      self.name = name
      self.value = value
    }
  }

  package var key: CacheKey
  package var run: String
  package var attempt: Int32
  /// Of its files; nil if it declares none.
  package var manifest: Manifest?
  package var outputs: [Output]

  package init(
    key: CacheKey, run: String, attempt: Int32, manifest: Manifest?, outputs: [Output]
  ) {
    self.key = key
    self.run = run
    self.attempt = attempt
    self.manifest = manifest
    self.outputs = outputs
  }
}
