import FlowCore
import FlowText

/// The keys of a model file's outermost object.
enum ModelKey: String, CaseIterable {
  case `default`, steps

  static let table = KeyTable(allCases)
}

/// The keys of a step in a model file; a probe has fewer.
enum CommandKey: String, CaseIterable {
  case duration, fails, hangs, exitCode, crashes, launchFails, probe

  static let stepTable = KeyTable(allCases)
  static let probeTable = KeyTable([Self.duration, .fails, .hangs])
}

/// The steps of a definition by their ids.
struct StepNames {
  private let steps: [StepDefinition]
  private let indices: [String: Int]

  init(_ steps: [StepDefinition]) {
    self.steps = steps
    indices = Dictionary(uniqueKeysWithValues: steps.enumerated().map { ($1.id, $0) })
  }

  /// Only a valid id is looked up: the Kelvin sign equals the letter K where strings are compared.
  func index(of id: String) -> Int? { StepID.isValidPath(id) ? indices[id] : nil }

  /// The most similar id.
  func nearest(to id: String, _ editDistance: inout EditDistance) -> String? {
    let name = Array(id.utf8)
    var limit = EditDistance.limit(for: name.span)
    var nearest: String?
    for step in steps where limit > 0 {
      let candidate = Array(step.id.utf8)
      guard let distance = editDistance.between(candidate.span, name.span, limit: limit) else {
        continue
      }
      nearest = step.id
      limit = distance - 1
    }
    return nearest
  }
}

extension DefinitionReader {
  /// Reads the whole of a model file.
  mutating func readModel(
    of names: StepNames, into parts: inout ModelParts
  ) throws(SyntaxError) {
    let expected = #"an object such as {"default": {"duration": "10s"}, "steps": {…}}"#
    parts.start = try beginObject(expected)
    guard parts.start != nil else { return try source.end() }
    var cursor = ObjectCursor("a model", ModelKey.table)
    while let key = try nextKey(&cursor) {
      switch key {
      case .default: parts.inherited = try readStepModel(#""default""#)
      case .steps: try readStepModels(of: names, into: &parts.steps)
      }
    }
    try source.end()
  }

  private mutating func readStepModels(
    of names: StepNames, into steps: inout [(step: Int, overlay: StepOverlay)]
  ) throws(SyntaxError) {
    guard try beginObject(#"an object such as {"build": {"duration": "5m"}}"#) != nil else {
      return
    }
    var first: [Int: Int] = [:]
    var isInside = false
    while let token = try nextName(isInside: &isInside) {
      guard let token else { continue }
      let id = text(of: token)
      guard let step = names.index(of: id) else {
        reportUnknownStep(id, at: token.offset, names)
        try skipValue()
        continue
      }
      if let earlier = first[step] {
        report(
          at: token.offset, "duplicate key",
          RelatedPlace(relation: "first given at", offset: earlier))
        try skipValue()
        continue
      }
      first[step] = token.offset
      steps.append((step, try readStepModel("a step")))
    }
  }

  private mutating func reportUnknownStep(_ id: String, at offset: Int, _ names: StepNames) {
    guard diagnostics.wants(offset) else { return }
    let hint =
      names.nearest(to: id, &editDistance).map { ": did you mean \(Quoting.quoted($0))?" } ?? ""
    diagnostics.keep(
      .init(
        offset: offset, path: pathDescription,
        message: "no step has the id \(Quoting.quoted(id))\(hint)"))
  }

  // MARK: Steps

  /// - Parameter owner: the name of the object in messages, such as `a step`.
  private mutating func readStepModel(_ owner: String) throws(SyntaxError) -> StepOverlay {
    var step = StepOverlay()
    let expected = #"an object such as {"duration": "10s", "fails": "1%"}"#
    guard let start = try beginObject(expected) else { return step }
    step.command.place = (start, path)
    var cursor = ObjectCursor(owner, CommandKey.stepTable)
    while let key = try nextKey(&cursor) {
      if key == .probe {
        step.probe = try readProbeModel()
      } else {
        try readCommandModel(key, into: &step.command)
      }
    }
    return step
  }

  private mutating func readProbeModel() throws(SyntaxError) -> CommandOverlay {
    var probe = CommandOverlay()
    guard let start = try beginObject(#"an object such as {"duration": "1s"}"#) else {
      return probe
    }
    probe.place = (start, path)
    var cursor = ObjectCursor("a probe", CommandKey.probeTable)
    while let key = try nextKey(&cursor) { try readCommandModel(key, into: &probe) }
    return probe
  }

  private mutating func readCommandModel(
    _ key: CommandKey, into overlay: inout CommandOverlay
  ) throws(SyntaxError) {
    switch key {
    case .duration:
      overlay.hasDuration = true
      overlay.milliseconds = try durationRange()
    case .fails: overlay.failing = try rate()
    case .exitCode:
      overlay.exitCode = try integer(1...255, "an exit code from 1 to 255").map { UInt8($0) }
    case .crashes: overlay.crashing = try rate()
    case .hangs: overlay.hanging = try rate()
    case .launchFails: overlay.unlaunchable = try rate()
    case .probe: preconditionFailure("a probe is no part of a command")
    }
  }

  // MARK: Values

  /// Takes a duration, or the shortest and the longest, in milliseconds.
  private mutating func durationRange() throws(SyntaxError) -> ClosedRange<Int64>? {
    if try kind() != .array { return try duration(allowingZero: true).map { $0...$0 } }
    let expected = #"the shortest and the longest duration, such as ["10s", "2m"]"#
    guard let start = try beginArray(expected) else { return nil }
    var durations: [Int64?] = []
    var cursor = ArrayCursor()
    while try nextElement(&cursor) { durations.append(try duration(allowingZero: true)) }
    guard durations.count == 2 else {
      reportMismatch(
        at: start, expected: expected,
        found: "an array of \(durations.count) element\(durations.count == 1 ? "" : "s")")
      return nil
    }
    guard let shortest = durations[0], let longest = durations[1] else { return nil }
    if shortest <= longest { return shortest...longest }
    reportMismatch(at: start, expected: expected, found: "the longest first")
    return nil
  }

  /// Takes a percentage, in parts of `CommandModel.certain`.
  private mutating func rate() throws(SyntaxError) -> Int32? {
    let expected =
      #"a rate from "0%" to "100%" with at most three decimal places, such as "5%" or "0.1%""#
    guard let token = try string(expected) else { return nil }
    let text = text(of: token)
    if text.utf8.last == UInt8(ascii: "%"),
      // The model counts in thousandths of a percent.
      let value = Decimal.thousandths(ArraySlice(text.utf8.dropLast())),
      value <= Int64(CommandModel.certain)
    {
      return Int32(value)
    }
    reportMismatch(at: token.offset, expected: expected, found: Quoting.quoted(text))
    return nil
  }
}
