// The tagged fields of extended events (`EventEncoder` lists them).

extension Event.Body {
  /// Whether any tagged field differs from its default.
  var isExtended: Bool {
    switch self {
    case .runReopened(_, let scope): scope != .unsuccessful
    case .attemptEnded(_, let end): end.hasTaggedFields
    case .runCreated(let created):
      created.group != nil || !created.parameters.isEmpty || !created.unselected.isEmpty
        || !created.items.isEmpty || created.definitionFile != nil || created.previousOutcome != nil
        || created.syncsWork || created.ignoresResults
    case .roomReturned(_, let shortage): shortage != .space
    default: false
    }
  }
}

extension ByteWriter {
  /// The tagged fields of an extended event.
  mutating func writeTagged(_ body: Event.Body) {
    switch body {
    case .runReopened(_, let scope):
      if scope.takesDependents { writeField(1) { $0.bytes.append(Self.withDependents) } }
      if let steps = scope.named { writeField(2) { $0.write(steps) } }
      if scope.holdsOrder { writeField(3) { $0.bytes.append(Self.holdsOrder) } }
    case .attemptEnded(_, let end): writeTagged(end)
    case .runCreated(let created):
      if let group = created.group {
        writeField(1) { $0.write(text: group) }
        if created.onConflict != .fail {
          writeField(2) { $0.bytes.append(created.onConflict.rawValue) }
        }
      }
      if !created.parameters.isEmpty {
        writeField(3) { writer in
          writer.write(list: created.parameters) { writer, parameter in
            writer.write(parameter.name)
            writer.write(list: parameter.texts) { $0.write($1) }
          }
        }
      }
      if !created.unselected.isEmpty { writeField(4) { $0.write(created.unselected) } }
      if let file = created.definitionFile { writeField(5) { $0.write(text: file) } }
      if let outcome = created.previousOutcome {
        writeField(6) { $0.bytes.append(outcome.rawValue) }
      }
      if created.syncsWork { writeField(7) { _ in } }
      defer { if created.ignoresResults { writeField(9) { _ in } } }
      if !created.items.isEmpty {
        writeField(8) { writer in
          writer.write(list: created.items) { writer, selection in
            writer.write(count: selection.node)
            writer.write(selection.hasOthers)
            writer.write(list: selection.named) { writer, item in
              writer.write(item.key)
              writer.write(list: Array(item.steps.steps)) { $0.write(count: $1) }
            }
          }
        }
      }
    case .roomReturned(_, let shortage):
      if shortage != .space { writeField(1) { $0.bytes.append(shortage.rawValue) } }
    default: break
    }
  }

  fileprivate static let withDependents: UInt8 = 1
  fileprivate static let holdsOrder: UInt8 = 1

  /// Fills its field: of each range, how far it begins after the one before, and its length.
  private mutating func write(_ steps: StepSet) {
    var end: Int32 = 0
    for range in steps.ranges {
      write(count: range.lowerBound - end)
      write(count: range.count)
      end = range.upperBound
    }
  }
}

extension ByteReader {
  /// Tagged fields, of which there is at least one.
  mutating func readExtension(of body: inout Event.Body) throws(CodingError) {
    let start = position
    var extended = body
    try readField { (reader) throws(CodingError) in
      var order = FieldOrder()
      while let tag = try reader.readTag(&order) {
        try reader.readTagged(tag, of: &extended)
      }
    }
    try require(extended.isExtended, "extension of an event", at: start)
    body = extended
  }

  private mutating func readTagged(
    _ tag: UInt64, of body: inout Event.Body
  ) throws(CodingError) {
    let start = position
    switch (body, tag) {
    case (.attemptEnded(let attempt, var end), _):
      try readTagged(tag, of: &end)
      body = .attemptEnded(attempt, end)
    case (.runReopened(let requests, let scope), 1):
      let code = try readField { (reader) throws(CodingError) in try reader.readByte() }
      // A field with its default value is omitted.
      try require(code != 0, "scope", at: start)
      guard code == ByteWriter.withDependents else { throw .newer("scope", code, at: start) }
      body = .runReopened(
        ignoring: requests, scope: ReopenScope(takesDependents: true, named: scope.named))
    case (.runReopened(let requests, let scope), 2):
      let steps = try readField { (reader) throws(CodingError) in try reader.readSteps() }
      body = .runReopened(
        ignoring: requests,
        scope: ReopenScope(takesDependents: scope.takesDependents, named: steps))
    case (.runReopened(let requests, let scope), 3):
      let code = try readField { (reader) throws(CodingError) in try reader.readByte() }
      try require(code != 0, "order", at: start)
      guard code == ByteWriter.holdsOrder else { throw .newer("order", code, at: start) }
      body = .runReopened(ignoring: requests, scope: scope.holdingOrder)
    case (.runCreated(var created), 1):
      created.group = try readField { (reader) throws(CodingError) in try reader.readTextToEnd() }
      body = .runCreated(created)
    case (.runCreated(var created), 2):
      created.onConflict = try readField { (reader) throws(CodingError) in
        try reader.readCase("onConflict")
      }
      try require(created.onConflict != .fail && created.group != nil, "onConflict", at: start)
      body = .runCreated(created)
    case (.runCreated(var created), 3):
      created.parameters = try readField { (reader) throws(CodingError) in
        try reader.readList { (reader) throws(CodingError) in
          ParameterValue(
            name: try reader.readString(),
            texts: try reader.readList { (reader) throws(CodingError) in try reader.readString() })
        }
      }
      try require(!created.parameters.isEmpty, "parameters", at: start)
      body = .runCreated(created)
    case (.runCreated(var created), 4):
      created.unselected = try readField { (reader) throws(CodingError) in try reader.readSteps() }
      body = .runCreated(created)
    case (.runCreated(var created), 5):
      created.definitionFile = try readField { (reader) throws(CodingError) in
        try reader.readTextToEnd()
      }
      body = .runCreated(created)
    case (.runCreated(var created), 6):
      created.previousOutcome = try readField { (reader) throws(CodingError) in
        try reader.readCase("outcome")
      }
      body = .runCreated(created)
    case (.runCreated(var created), 7):
      try readField { (_) throws(CodingError) in }
      created.syncsWork = true
      body = .runCreated(created)
    case (.runCreated(var created), 9):
      try readField { (_) throws(CodingError) in }
      created.ignoresResults = true
      body = .runCreated(created)
    case (.runCreated(var created), 8):
      created.items = try readField { (reader) throws(CodingError) in
        try reader.readList { (reader) throws(CodingError) in try reader.readItemSelection() }
      }
      try require(!created.items.isEmpty, "items", at: start)
      body = .runCreated(created)
    case (.roomReturned(let waited, _), 1):
      let shortage: Shortage = try readField { (reader) throws(CodingError) in
        try reader.readCase("shortage")
      }
      try require(shortage != .space, "shortage", at: start)
      body = .roomReturned(waitedMicroseconds: waited, of: shortage)
    default:
      throw CodingError(offset: start, reason: .newer("\(body.kind.name) has a field \(tag)"))
    }
  }

  private mutating func readItemSelection() throws(CodingError) -> ItemSelection {
    ItemSelection(
      node: try readCount(), hasOthers: try readBool(),
      named: try readList { (reader) throws(CodingError) in
        let key = try reader.readString()
        let start = reader.position
        let steps: [Int32] = try reader.readList { (reader) throws(CodingError) in
          try reader.readCount()
        }
        let set = StepSet(steps)
        try reader.require(Array(set.steps) == steps, "steps of an item", at: start)
        return ItemSelection.Named(key: key, steps: set)
      })
  }

  /// Steps that fill the field; at least one.
  private mutating func readSteps() throws(CodingError) -> StepSet {
    let start = position
    var steps = StepSet()
    while !isAtEnd || steps.isEmpty {
      let place = position
      let gap: Int32 = try readCount()
      let count: Int32 = try readCount()
      try take(MemoryLayout<Range<Int32>>.stride, at: place)
      let (lower, isFar) = (steps.ranges.last?.upperBound ?? 0).addingReportingOverflow(gap)
      let (upper, isLong) = lower.addingReportingOverflow(count)
      try require(!isFar && !isLong && steps.append(lower..<upper), "steps", at: start)
    }
    return steps
  }
}
