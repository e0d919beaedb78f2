/// The encoding of policy 1: values are identified by position. It cannot be extended and never
/// changes, because it decodes the runs that flow 0.1 created.
enum PositionalDefinitionCodec {
  static func encode(_ definition: WorkflowDefinition) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(definition.name)
    writer.write(optional: definition.jobs) { $0.write(count: $1) }
    writer.write(definition.environment)
    writer.write(optional: definition.timeoutMilliseconds) { $0.write(count: $1) }
    writer.write(definition.failFast)
    writer.write(list: definition.settings) { $0.write($1) }
    writer.write(list: definition.steps) { $0.write($1) }
    return writer.bytes
  }

  /// - Throws: as `DefinitionCodec.decode` does.
  static func name(in start: [UInt8]) -> String? {
    var reader = ByteReader(start)
    return try? reader.readString()
  }

  static func decode(
    _ bytes: [UInt8], room: Int
  ) throws(CodingError) -> WorkflowDefinition {
    var reader = ByteReader(bytes)
    reader.roomForLists = room
    var definition = WorkflowDefinition(name: try reader.readString(), steps: [])
    definition.jobs = try reader.readOptional { (reader) throws(CodingError) in
      try reader.readCount()
    }
    definition.environment = try reader.readEnvironment()
    definition.timeoutMilliseconds = try reader.readOptional { (reader) throws(CodingError) in
      try reader.readCount()
    }
    definition.failFast = try reader.readBool()
    definition.settings = try reader.readList { (reader) throws(CodingError) in
      try reader.readSettings()
    }
    let startOfSteps = reader.position
    definition.steps = try reader.readList { (reader) throws(CodingError) in
      try reader.readStep()
    }
    if definition.steps.isEmpty {
      throw CodingError(offset: startOfSteps, reason: .malformed("list of steps"))
    }
    guard reader.isAtEnd else {
      throw CodingError(offset: reader.position, reason: .malformed("end of the definition"))
    }
    try DefinitionCodec.checkReferences(definition, at: reader.position)
    return definition
  }
}

extension ByteWriter {
  mutating func write(_ environment: [EnvironmentVariable]) {
    write(list: environment) {
      $0.write($1.name)
      $0.write($1.value)
    }
  }

  mutating func write(_ command: Command) {
    switch command {
    case .shell(let line):
      bytes.append(0)
      write(line)
    case .program(let arguments):
      bytes.append(1)
      write(list: arguments) { $0.write($1) }
    }
  }

  fileprivate mutating func write(_ step: StepDefinition) {
    write(step.id)
    write(step.command)
    write(list: step.needs) { $0.write(count: $1) }
    write(count: step.settingsIndex)
  }

  fileprivate mutating func write(_ settings: StepSettings) {
    write(settings.environment)
    write(optional: settings.workingDirectory) { $0.write($1) }
    write(optional: settings.timeoutMilliseconds) { $0.write(count: $1) }
    write(count: settings.killGraceMilliseconds)
    write(settings.retry)
    write(settings.allowFailure)
    bytes.append(settings.onLost.rawValue)
    write(optional: settings.probe) { $0.write($1) }
    bytes.append(settings.stragglers.rawValue)
    write(count: settings.maxOutputBytes)
  }

  private mutating func write(_ retry: RetryPolicy) {
    write(count: retry.maxAttempts)
    write(count: retry.initialDelayMilliseconds)
    write(count: retry.multiplierThousandths)
    write(count: retry.maxDelayMilliseconds)
    bytes.append(retry.jitter.rawValue)
    bytes.append(retry.on.rawValue)
    write(optional: retry.exitCodes) { $0.write($1) }
  }
}

extension ByteReader {
  mutating func readEnvironment() throws(CodingError) -> [EnvironmentVariable] {
    try readList { (reader) throws(CodingError) in
      EnvironmentVariable(name: try reader.readString(), value: try reader.readString())
    }
  }

  mutating func readCommand() throws(CodingError) -> Command {
    switch try readByte() {
    case 0: return .shell(try readString())
    case 1:
      let arguments = try readList { (reader) throws(CodingError) in try reader.readString() }
      guard !arguments.isEmpty else {
        throw CodingError(offset: position, reason: .malformed("command"))
      }
      return .program(arguments)
    default: throw CodingError(offset: position - 1, reason: .malformed("command"))
    }
  }

  fileprivate mutating func readStep() throws(CodingError) -> StepDefinition {
    StepDefinition(
      id: try readString(), command: try readCommand(),
      needs: try readList { (reader) throws(CodingError) in try reader.readCount() },
      settingsIndex: try readCount())
  }

  fileprivate mutating func readSettings() throws(CodingError) -> StepSettings {
    StepSettings(
      environment: try readEnvironment(),
      workingDirectory: try readOptional { (reader) throws(CodingError) in
        try reader.readString()
      },
      timeoutMilliseconds: try readOptional { (reader) throws(CodingError) in
        try reader.readCount()
      },
      killGraceMilliseconds: try readCount(),
      retry: try readRetry(), allowFailure: try readBool(), onLost: try readKnownCase(),
      probe: try readOptional { (reader) throws(CodingError) in try reader.readCommand() },
      stragglers: try readKnownCase(), shell: .plain, maxOutputBytes: try readCount())
  }

  private mutating func readRetry() throws(CodingError) -> RetryPolicy {
    RetryPolicy(
      maxAttempts: try readCount(), initialDelayMilliseconds: try readCount(),
      multiplierThousandths: try readCount(), maxDelayMilliseconds: try readCount(),
      jitter: try readKnownCase(), on: try readFailureKinds(),
      exitCodes: try readOptional { (reader) throws(CodingError) in try reader.readBytes() })
  }

  /// A case that policy 1 does not have is an error: no version writes one.
  private mutating func readKnownCase<Value: RawRepresentable<UInt8>>() throws(CodingError) -> Value
  {
    let start = position
    guard let value = Value(rawValue: try readByte()) else {
      throw CodingError(offset: start, reason: .malformed("\(Value.self)"))
    }
    return value
  }

  private mutating func readFailureKinds() throws(CodingError) -> FailureKinds {
    let kinds = FailureKinds(rawValue: try readByte())
    guard FailureKinds.all.isSuperset(of: kinds) else {
      throw CodingError(offset: position - 1, reason: .malformed("kinds of failure"))
    }
    return kinds
  }
}
