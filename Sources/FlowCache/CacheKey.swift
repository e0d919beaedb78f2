import FlowCore
package import FlowPublication

/// Everything that counts for what a command makes, and its digest.
package struct CacheKey: Equatable, Sendable {
  /// Ordered by kind and name.
  package let facts: [KeyFact]
  /// In ascending order of their paths.
  package let inputs: [InputFile]
  /// Of all of it.
  package let digest: Digest

  /// What counts may change with the program.
  private static let version: UInt8 = 1

  init(facts: [KeyFact], inputs: [InputFile], digest: Digest) {
    self.facts = facts
    self.inputs = inputs
    self.digest = digest
  }

  init(
    _ facts: [KeyFact], _ inputs: [InputFile], of step: CachedStep,
    digest: ([UInt8]) -> Digest
  ) {
    var writer = ByteWriter()
    writer.write(list: step.files) { $0.write($1) }
    let files = KeyFact(.declaration, "files", digest(writer.bytes))
    writer = ByteWriter()
    writer.write(list: step.inputs) { $0.write($1) }
    let declared = KeyFact(.declaration, "inputs", digest(writer.bytes))
    self.facts = (facts + [files, declared]).sorted {
      ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name)
    }
    self.inputs = inputs
    writer = ByteWriter()
    writer.write(count: Self.version)
    writer.write(facts: self.facts, self.inputs)
    self.digest = digest(writer.bytes)
  }

  /// The first thing besides inputs that another key has otherwise.
  func firstDifference(from other: CacheKey) -> CacheMiss? {
    for fact in facts where !other.facts.contains(fact) { return CacheMiss(fact) }
    let names = Set(facts.map { NamedFact($0) })
    return other.facts.first { !names.contains(NamedFact($0)) }.map { CacheMiss($0) }
  }
}

private struct NamedFact: Hashable {
  let kind: KeyFact.Kind
  let name: String

  init(_ fact: KeyFact) { (kind, name) = (fact.kind, fact.name) }
}

extension CacheMiss {
  fileprivate init(_ fact: KeyFact) {
    switch fact.kind {
    case .command: self.init(.command)
    case .variable: self.init(.variable, fact.name)
    case .value: self.init(.value, fact.name)
    case .declaration: self.init(.declaration, fact.name)
    }
  }
}

/// How the inputs of a step are other than they were.
struct InputDifference {
  let reason: CacheMiss.Reason
  /// Of the first.
  let name: String
  let count: Int32
  /// How many inputs there are.
  let total: Int32

  /// Nil if there is none. Both are in ascending order of their paths.
  init?(from before: [InputFile], to now: [InputFile]) {
    var first: (CacheMiss.Reason, String)?
    var count: Int32 = 0
    func note(_ reason: CacheMiss.Reason, _ file: InputFile) {
      first = first ?? (reason, file.path)
      count += 1
    }
    var (old, new) = (before[...], now[...])
    while let file = new.first ?? old.first {
      if let last = old.first, let next = new.first, last.path.utf8.elementsEqual(next.path.utf8) {
        if last != next { note(.input, next) }
        old.removeFirst()
        new.removeFirst()
      } else if let last = old.first,
        new.isEmpty || last.path.utf8.lexicographicallyPrecedes(file.path.utf8)
      {
        note(.missingInput, last)
        old.removeFirst()
      } else {
        note(.newInput, file)
        new.removeFirst()
      }
    }
    guard let first else { return nil }
    (reason, name) = first
    self.count = count
    total = Int32(clamping: now.count)
  }
}
