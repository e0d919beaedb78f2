/// One row of a table of keys: the name, encoding, storage and meaning of a key of the definition
/// file.
///
/// The tables (`WorkflowDefinition.keys`, `StepDefinition.keys`, `StepSettings.keys`) drive the
/// parser, the overlay of `defaults`, the canonical encoding, `flow export`, the fuzzers' printer
/// and the documentation. A key that no decision depends on takes one property and one row.
///
/// A class, because rows are passed around for every key that is read: a reference costs less than
/// copies of a row's texts.
package final class DefinitionKey<Owner: Sendable>: Sendable {
  /// Lends a property of the owner, as `{ $1(&$0.property) }`. A key path would say the same, and
  /// takes a microsecond to read.
  package typealias Place<Value> = @Sendable (inout Owner, (inout Value) -> Void) -> Void

  package let name: String
  /// Identifies the key in the canonical encoding (`TaggedDefinitionCodec`); unique among the keys
  /// of its owner, and never reused. Zero for an object, whose keys have tags of their own, and for
  /// a key that is encoded as part of another.
  package let tag: UInt64
  package let type: KeyType
  /// One sentence for the documentation, with the default.
  package let help: String
  /// Its name in `flow export`, without the unit.
  package let exportName: String
  /// The keys of an object.
  package let members: [DefinitionKey]
  private let access: Access?

  private struct Access: Sendable {
    let get: @Sendable (inout Owner) -> DefinitionValue
    let set: @Sendable (inout Owner, DefinitionValue) -> Void
  }

  private init(
    _ name: String, _ tag: UInt64, _ type: KeyType, _ help: String, exportName: String? = nil,
    members: [DefinitionKey] = [], _ access: Access? = nil
  ) {
    self.name = name
    self.tag = tag
    self.type = type
    self.help = help
    self.exportName = exportName ?? name
    self.members = members
    self.access = access
  }

  package func value(of owner: Owner) -> DefinitionValue {
    var copy = owner
    return stored.get(&copy)
  }

  /// The same without a copy. The owner does not change.
  func value(in owner: inout Owner) -> DefinitionValue { stored.get(&owner) }

  package func set(_ value: DefinitionValue, in owner: inout Owner) { stored.set(&owner, value) }

  private var stored: Access {
    guard let access else { preconditionFailure("the key \(name) has no value of its own") }
    return access
  }

  /// The keys that have a value, including those within objects, in the order of their tags.
  package static func valued(_ keys: [DefinitionKey]) -> [DefinitionKey] {
    keys.flatMap { $0.access == nil ? valued($0.members) : [$0] }.sorted { $0.tag < $1.tag }
  }
}

// MARK: Rows

extension DefinitionKey {
  package static func structure(
    _ name: String, _ tag: UInt64 = 0, expected: String, _ help: String
  ) -> Self {
    Self(name, tag, .structure(expected: expected), help)
  }

  package static func object(
    _ name: String, example: String, _ help: String, _ members: [DefinitionKey]
  ) -> Self {
    Self(name, 0, .object(example: example), help, members: members)
  }

  package static func text(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<String?>, expected: String,
    exportName: String? = nil, _ help: String
  ) -> Self {
    optional(
      name, tag, .text(expected: expected), place, help, exportName: exportName,
      DefinitionValue.text, { if case .text(let text) = $0 { text } else { nil } })
  }

  package static func flag(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<Bool>, _ help: String
  ) -> Self {
    required(
      name, tag, .flag, place, help, DefinitionValue.flag,
      { if case .flag(let flag) = $0 { flag } else { nil } })
  }

  package static func group(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<RunGroupName?>, expected: String,
    _ help: String
  ) -> Self {
    optional(
      name, tag, .flagOrText(expected: expected), place, help,
      { $0 == .workflow ? .flag(true) : .text($0.text ?? "") },
      {
        switch $0 {
        case .flag: .workflow
        case .text(let name): .named(name)
        default: nil
        }
      })
  }

  package static func duration(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<Int64>, _ help: String
  ) -> Self {
    number(name, tag, .duration(allowsZero: true), place, help)
  }

  /// An optional duration; without it there is no limit.
  package static func limit(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<Int64?>, _ help: String
  ) -> Self {
    optionalNumber(name, tag, .duration(allowsZero: false), place, help)
  }

  package static func byteSize(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<Int64>, _ help: String
  ) -> Self {
    number(name, tag, .byteSize, place, help)
  }

  package static func wholeNumber<Number: FixedWidthInteger & SendableMetatype>(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<Number>, _ range: ClosedRange<Int64>,
    _ help: String
  ) -> Self {
    number(name, tag, .wholeNumber(range), place, help)
  }

  package static func wholeNumber<Number: FixedWidthInteger & SendableMetatype>(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<Number?>, _ range: ClosedRange<Int64>,
    _ help: String
  ) -> Self {
    optionalNumber(name, tag, .wholeNumber(range), place, help)
  }

  package static func decimal(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<Int64>, _ range: ClosedRange<Int64>,
    _ help: String
  ) -> Self {
    number(name, tag, .decimal(range), place, help)
  }

  /// One of the cases of an enumeration. Raw values count from zero; a definition spells each case
  /// as it is spelled here.
  package static func word<Value: RawRepresentable<UInt8> & CaseIterable & Sendable>(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<Value>, exportName: String? = nil,
    _ help: String
  ) -> Self {
    let words = Value.allCases.map { "\($0)" }
    return required(
      name, tag, .word(words), place, help, exportName: exportName,
      { .number(Int64($0.rawValue)) },
      { $0.number(as: UInt8.self).flatMap(Value.init(rawValue:)) })
  }

  package static func failureKinds(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<FailureKinds>, _ help: String
  ) -> Self {
    required(
      name, tag, .words(FailureKinds.words), place, help, { .number(Int64($0.rawValue)) },
      { $0.number(as: UInt8.self).map(FailureKinds.init(rawValue:)) })
  }

  package static func exitCodes(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<[UInt8]?>, _ help: String
  ) -> Self {
    optional(
      name, tag, .exitCodes, place, help, DefinitionValue.bytes,
      { if case .bytes(let codes) = $0 { codes } else { nil } })
  }

  package static func command(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<Command?>, _ help: String
  ) -> Self {
    optional(
      name, tag, .command, place, help, DefinitionValue.command,
      { if case .command(let command) = $0 { command } else { nil } })
  }

  package static func shell(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<Shell>, _ help: String
  ) -> Self {
    required(
      name, tag, .shell, place, help, { .command($0.spelled) },
      { if case .command(let command) = $0 { Shell(spelled: command) } else { nil } })
  }

  package static func environment(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<[EnvironmentVariable]>, _ help: String
  ) -> Self {
    required(
      name, tag, .environment, place, help, exportName: "environment", DefinitionValue.environment,
      { if case .environment(let variables) = $0 { variables } else { nil } })
  }

  package static func variableNames(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<[String]>, _ help: String
  ) -> Self {
    required(
      name, tag, .variableNames, place, help, DefinitionValue.names,
      { if case .names(let names) = $0 { names } else { nil } })
  }

  package static func paths(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<[String]>, _ help: String
  ) -> Self {
    required(
      name, tag, .paths, place, help, DefinitionValue.names,
      { if case .names(let names) = $0 { names } else { nil } })
  }

  package static func variableFiles(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<[VariableFile]>, _ help: String
  ) -> Self {
    required(
      name, tag, .variableFiles, place, help, DefinitionValue.files,
      { if case .files(let files) = $0 { files } else { nil } })
  }

  package static func secrets(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<[SecretUse]>, _ help: String
  ) -> Self {
    required(
      name, tag, .secrets, place, help, DefinitionValue.secrets,
      { if case .secrets(let secrets) = $0 { secrets } else { nil } })
  }

  package static func outputs(
    _ name: String, _ tag: UInt64, _ place: @escaping Place<[StepOutput]>, _ help: String
  ) -> Self {
    required(
      name, tag, .outputs, place, help, DefinitionValue.outputs,
      { if case .outputs(let outputs) = $0 { outputs } else { nil } })
  }

  private static func number<Number: FixedWidthInteger & SendableMetatype>(
    _ name: String, _ tag: UInt64, _ type: KeyType, _ place: @escaping Place<Number>, _ help: String
  ) -> Self {
    required(
      name, tag, type, place, help, { .number(Int64($0)) }, { $0.number(as: Number.self) })
  }

  private static func optionalNumber<Number: FixedWidthInteger & SendableMetatype>(
    _ name: String, _ tag: UInt64, _ type: KeyType, _ place: @escaping Place<Number?>,
    _ help: String
  ) -> Self {
    optional(
      name, tag, type, place, help, { .number(Int64($0)) }, { $0.number(as: Number.self) })
  }

  // MARK: Access

  /// - Parameter unwrap: nil for a value of another type.
  private static func required<Value>(
    _ name: String, _ tag: UInt64, _ type: KeyType, _ place: @escaping Place<Value>, _ help: String,
    exportName: String? = nil, _ wrap: @escaping @Sendable (Value) -> DefinitionValue,
    _ unwrap: @escaping @Sendable (DefinitionValue) -> Value?
  ) -> Self {
    Self(
      name, tag, type, help, exportName: exportName,
      Access(
        get: { owner in
          var result = DefinitionValue.none
          place(&owner) { result = wrap($0) }
          return result
        },
        set: { owner, value in
          guard let unwrapped = unwrap(value) else { mismatch(name, value) }
          place(&owner) { $0 = unwrapped }
        }))
  }

  /// For a value that is `.none` if absent.
  private static func optional<Value>(
    _ name: String, _ tag: UInt64, _ type: KeyType, _ place: @escaping Place<Value?>,
    _ help: String,
    exportName: String? = nil, _ wrap: @escaping @Sendable (Value) -> DefinitionValue,
    _ unwrap: @escaping @Sendable (DefinitionValue) -> Value?
  ) -> Self {
    Self(
      name, tag, type, help, exportName: exportName,
      Access(
        get: { owner in
          var result = DefinitionValue.none
          place(&owner) { if let value = $0 { result = wrap(value) } }
          return result
        },
        set: { owner, value in
          if value == .none {
            place(&owner) { $0 = nil }
            return
          }
          guard let unwrapped = unwrap(value) else { mismatch(name, value) }
          place(&owner) { $0 = unwrapped }
        }))
  }

  private static func mismatch(_ name: String, _ value: DefinitionValue) -> Never {
    preconditionFailure("the key \(name) cannot be \(value)")
  }
}

extension RunGroupName {
  /// Nil for the name of the workflow.
  fileprivate var text: String? { if case .named(let name) = self { name } else { nil } }
}

extension DefinitionValue {
  fileprivate func number<Number: FixedWidthInteger>(as type: Number.Type) -> Number? {
    if case .number(let number) = self { Number(exactly: number) } else { nil }
  }
}
