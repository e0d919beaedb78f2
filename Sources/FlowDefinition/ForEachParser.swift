import FlowCore
import FlowText

/// `forEach` of a step, before the names in it are known.
struct ForEachReading {
  /// With a literal source where `over` names another.
  var forEach = ForEach(over: .literal([]))
  /// `params.NAME` or `steps.ID.OUTPUT`; nil for a list in the file.
  var over: (text: String, offset: Int, path: String)?
  /// Where the items of a list in the file are.
  var itemOffsets: [Int] = []
  var offset: Int
  var path: String
}

/// `forEach` of a step whose names are still to be looked up.
struct ForEachUse {
  var step: Int
  let reading: ForEachReading
}

enum ForEachKey: String, CaseIterable, Sendable {
  case over, matrix, exclude, include, key
  case most = "max"
  case jobs, tolerate
  case whenEmpty = "empty"

  static let table = KeyTable(allCases.map { (name: $0.rawValue, key: $0) })

  /// The keys that a step with `forEach` does not have, and why.
  static let refused: [(name: String, why: String)] = [
    ("ask", "a question is asked once"),
    (
      "onFailure",
      "what its items leave behind, another step can undo that needs it with \"when\": \"failed\""
    ),
  ]
}

/// The values of an axis of `matrix`, or of one combination.
private struct Named {
  var name: String
  var values: [String]
}

extension DefinitionReader {
  /// Takes the value of `forEach`.
  mutating func readForEach() throws(SyntaxError) -> ForEachReading? {
    let expected = #"an object such as {"over": "steps.scan.files"}"#
    var reading = ForEachReading(offset: try nextOffset(), path: pathDescription)
    guard let start = try beginObject(expected) else { return nil }
    var axes: [Named] = []
    var (excluded, included): ([[Named]], [[Named]]) = ([], [])
    var items: [String]?
    var cursor = ObjectCursor("\"forEach\"", ForEachKey.table)
    while let key = try nextKey(&cursor) {
      switch key {
      case .over: items = try readOver(into: &reading)
      case .matrix: axes = try readAxes()
      case .exclude: excluded = try readCombinations()
      case .include: included = try readCombinations()
      case .key: reading.forEach.key = try readItemKey()
      case .most:
        let range = 1...Int64(ForEach.greatestMost)
        let expected = "a whole number from 1 to \(ForEach.greatestMost)"
        if let most = try integer(range, expected) { reading.forEach.most = Int32(most) }
      case .jobs:
        let jobs = try integer(1...10_000, "a whole number from 1 to 10000")
        reading.forEach.jobs = jobs.map { Int32($0) }
      case .tolerate: reading.forEach.tolerance = try readTolerance()
      case .whenEmpty:
        let words = ForEach.WhenEmpty.allCases.map { "\($0)" }
        if let index = try readWord(of: words) {
          reading.forEach.whenEmpty = ForEach.WhenEmpty.allCases[index]
        }
      }
    }
    check(cursor, at: start)
    if cursor.has("matrix") {
      items = combine(axes, excluded, included, into: &reading, cursor)
    }
    guard let items else { return reading.over == nil ? nil : reading }
    reading.forEach.source = .literal(items)
    if items.count > Int(reading.forEach.most) {
      report(
        at: cursor.offset(of: cursor.has("matrix") ? "matrix" : "over") ?? start,
        path: reading.path,
        "\(items.count) items are more than its \"max\" of \(reading.forEach.most)")
    }
    return reading
  }

  private mutating func check(_ cursor: ObjectCursor<ForEachKey>, at start: Int) {
    let place = pathDescription
    if cursor.has("over") == cursor.has("matrix") {
      report(
        at: start,
        cursor.has("over")
          ? #""forEach" has either "over" or "matrix""#
          : #"missing "over": a list, "params.NAME" or "steps.ID.OUTPUT"; or a "matrix""#)
    }
    for name in ["exclude", "include"] {
      if let offset = cursor.offset(of: name), !cursor.has("matrix") {
        report(at: offset, path: "\(place).\(name)", "\"\(name)\" is for a \"matrix\"")
      }
    }
  }

  /// - Returns: the items of a list in the file; nil where they are named.
  private mutating func readOver(
    into reading: inout ForEachReading
  ) throws(SyntaxError) -> [String]? {
    let expected = #"a list such as ["a", "b"], or "params.NAME" or "steps.ID.OUTPUT""#
    if try kind(wanted: .array) != .array {
      let offset = try nextOffset()
      guard let text = try text(expected) else { return nil }
      reading.over = (text, offset, pathDescription)
      return nil
    }
    guard try beginArray(expected) != nil else { return nil }
    var items: [String] = []
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      let offset = try nextOffset()
      guard let item = try readItem() else { continue }
      items.append(item)
      reading.itemOffsets.append(offset)
    }
    return items
  }

  /// A text, or an object whose values are texts, as JSON has it.
  private mutating func readItem() throws(SyntaxError) -> String? {
    if try kind(wanted: .string) != .object {
      return try readPlainText("a text, or an object of texts")
    }
    return try readMembers().map { members in
      JSONList.spelled(members.map { ($0.name, $0.values[0]) })
    }
  }

  /// A text; numbers and booleans as they are spelled.
  private mutating func readPlainText(_ expected: String) throws(SyntaxError) -> String? {
    let offset = try nextOffset()
    let found: String?
    switch try kind(wanted: .string) {
    case .number:
      found = String(decoding: source.bytes[try source.takeNumber().content], as: UTF8.self)
    case .true, .false: found = try boolean().map { $0 ? "true" : "false" }
    default: found = try text(expected)
    }
    if let found, Template.isUsed(in: found) {
      report(at: offset, "no value is put into a list: name a list parameter with \"over\"")
    }
    return found
  }

  private mutating func readMembers() throws(SyntaxError) -> [Named]? {
    guard try beginObject(#"an object such as {"host": "a", "port": "80"}"#) != nil else {
      return nil
    }
    var members: [Named] = []
    var isInside = false
    while let token = try nextName(isInside: &isInside) {
      guard let token else { continue }
      let name = text(of: token)
      if members.contains(where: { $0.name == name }) {
        report(at: token.offset, "duplicate key")
      }
      if let value = try readPlainText("a text") {
        members.append(Named(name: name, values: [value]))
      }
    }
    return members
  }

  private mutating func readAxes() throws(SyntaxError) -> [Named] {
    let expected = #"an object such as {"size": ["s", "l"], "color": ["red", "blue"]}"#
    guard let start = try beginObject(expected) else { return [] }
    var axes: [Named] = []
    var isInside = false
    while let token = try nextName(isInside: &isInside) {
      guard let token else { continue }
      let name = text(of: token)
      if axes.contains(where: { $0.name == name }) { report(at: token.offset, "duplicate key") }
      if name.isEmpty || name.utf8.contains(UInt8(ascii: "}")) {
        report(at: token.offset, "the name of an axis is not empty, and has no \"}\"")
      }
      guard let first = try beginArray("an array of values") else { continue }
      var values: [String] = []
      var cursor = ArrayCursor()
      while try nextElement(&cursor) {
        if let value = try readPlainText("a text") { values.append(value) }
      }
      if cursor.index < 0 {
        reportMismatch(at: first, expected: "at least one value", found: "an empty array")
      }
      axes.append(Named(name: name, values: values))
    }
    if axes.isEmpty {
      reportMismatch(at: start, expected: "at least one axis", found: "an empty object")
    }
    return axes
  }

  private mutating func readCombinations() throws(SyntaxError) -> [[Named]] {
    guard try beginArray(#"an array of objects such as [{"size": "s"}]"#) != nil else { return [] }
    var combinations: [[Named]] = []
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      if let members = try readMembers() { combinations.append(members) }
    }
    return combinations
  }

  /// All combinations of the axes in their order, the last axis changing first, without those that
  /// `exclude` matches, and with those of `include` behind them.
  private mutating func combine(
    _ axes: [Named], _ excluded: [[Named]], _ included: [[Named]],
    into reading: inout ForEachReading, _ cursor: ObjectCursor<ForEachKey>
  ) -> [String]? {
    // What an axis lacks was reported where it was read.
    if axes.isEmpty || axes.contains(where: \.values.isEmpty) { return nil }
    let names = axes.map(\.name)
    for (key, combinations) in [("exclude", excluded), ("include", included)] {
      let place = "\(reading.path).\(key)"
      for combination in combinations {
        if let other = combination.first(where: { !names.contains($0.name) }) {
          let nearest = Suggestion.nearest(to: other.name, among: names)
          let advice = nearest.map { ": did you mean \(Quoting.quoted($0))?" } ?? ""
          report(
            at: cursor.offset(of: key) ?? reading.offset, path: place,
            "the matrix has no axis \(Quoting.quoted(other.name))\(advice)")
        } else if key == "include", combination.count < names.count {
          report(
            at: cursor.offset(of: key) ?? reading.offset, path: place,
            "a combination that is included has a value for each axis")
        }
      }
    }
    var count = 1
    for axis in axes {
      count = count.multipliedReportingOverflow(by: axis.values.count).partialValue
      if count > Int(ForEach.greatestMost) {
        report(
          at: cursor.offset(of: "matrix") ?? reading.offset, path: reading.path,
          "the matrix has more than \(ForEach.greatestMost) combinations")
        return nil
      }
    }
    if reading.forEach.key == nil {
      // The values, joined by commas.
      reading.forEach.key = names.map { "${item.\($0)}" }.joined(separator: ",")
    }
    var rows: [[String]] = [[]]
    for axis in axes { rows = rows.flatMap { row in axis.values.map { row + [$0] } } }
    func matches(_ row: [String], _ combination: [Named]) -> Bool {
      combination.allSatisfy { member in
        names.firstIndex(of: member.name).map { row[$0].utf8.elementsEqual(member.values[0].utf8) }
          ?? false
      }
    }
    rows.removeAll { row in excluded.contains { matches(row, $0) } }
    rows += included.filter { $0.count == names.count }.map { combination in
      names.map { name in combination.first { $0.name == name }?.values[0] ?? "" }
    }
    reading.itemOffsets = Array(
      repeating: cursor.offset(of: "matrix") ?? reading.offset, count: rows.count)
    return rows.map { row in JSONList.spelled(zip(names, row).map { ($0, $1) }) }
  }

  private mutating func readItemKey() throws(SyntaxError) -> String? {
    let offset = try nextOffset()
    guard let text = try readNonEmptyText(#"a key such as "${item.name}""#) else { return nil }
    do throws(Template.Fault) {
      var hasItem = false
      for case .reference(let reference) in try Template(text).parts {
        guard case .item = reference else {
          report(at: offset, "a key is made of the item alone, as in \"${item.name}\"")
          return nil
        }
        hasItem = true
      }
      if hasItem { return text }
      report(at: offset, "the key is the same for all items: name the item, as in \"${item.name}\"")
    } catch {
      report(at: offset, error.message)
    }
    return nil
  }

  private mutating func readTolerance() throws(SyntaxError) -> ForEach.Tolerance? {
    let expected = #"how many items may fail, such as 3 or "5%""#
    if try kind(wanted: .number) == .number {
      return try integer(0...Int64(ForEach.greatestMost), expected).map { .count(Int32($0)) }
    }
    guard let token = try string(expected) else { return nil }
    let text = text(of: token)
    if text.utf8.last == UInt8(ascii: "%"),
      let percent = Decimal.integer(ArraySlice(text.utf8.dropLast())), (0...100).contains(percent)
    {
      return .percent(Int32(percent))
    }
    reportMismatch(at: token.offset, expected: expected, found: Quoting.quoted(text))
    return nil
  }

  /// Reports what a step with `forEach` cannot have.
  mutating func checkForEach(_ cursor: ObjectCursor<StepKey>, isFinally: Bool) {
    guard let start = cursor.offset(of: "forEach") else { return }
    let place = pathDescription
    if isFinally {
      report(
        at: start, path: "\(place).forEach",
        #"a step of "finally" has no "forEach": its "run" can do the work for all items"#)
    }
    for (name, why) in ForEachKey.refused {
      guard let offset = cursor.offset(of: name) else { continue }
      report(
        at: offset, path: "\(place).\(name)", "a step with \"forEach\" has no \"\(name)\": \(why)")
    }
  }

  /// Looks up what `over` names, in steps whose needs are resolved.
  mutating func resolveForEach(
    of table: inout StepTable, _ parameters: [Parameter], _ known: inout KnownOutputs?,
    _ defaults: Defaults
  ) {
    for use in table.forEachUses {
      let place = Int(table.steps[use.step].extrasIndex)
      if let over = use.reading.over {
        do throws(OverFault) {
          let source = try source(
            over.text, ofStep: use.step, parameters, table, &known, defaults)
          if let source {
            table.extras[place].forEach?.source = source
          } else {
            calledMentions.sources.append(use)
          }
        } catch {
          report(at: over.offset, path: over.path, error.message)
        }
      } else {
        if known == nil { known = KnownOutputs(table, defaults) }
        if let (fault, text) = known?.itemFault(ofNode: use.step, in: table) {
          let offsets = use.reading.itemOffsets
          let item = Int(fault.place)
          report(
            at: offsets.indices.contains(item) ? offsets[item] : use.reading.offset,
            path: use.reading.path, text)
        }
      }
    }
  }

  /// - Returns: nil for what is looked up later.
  private func source(
    _ text: String, ofStep step: Int, _ parameters: [Parameter], _ table: StepTable,
    _ known: inout KnownOutputs?, _ defaults: Defaults
  ) throws(OverFault) -> ForEach.Source? {
    guard !Template.isUsed(in: text),
      let reference = (try? Template("${\(text)}"))?.onlyReference
    else {
      throw OverFault(
        "expected a list, \"params.NAME\" or \"steps.ID.OUTPUT\"; found \(Quoting.quoted(text))")
    }
    switch reference {
    case .parameter(let name):
      guard let place = parameters.firstIndex(where: { $0.name == name }) else {
        let nearest = Suggestion.nearest(to: name, among: parameters.map(\.name))
        throw OverFault(
          "no parameter has the name \(Quoting.quoted(name))"
            + (nearest.map { ": did you mean \(Quoting.quoted("params.\($0)"))?" } ?? ""))
      }
      guard parameters[place].type == .list else {
        throw OverFault("\(name) is no list, but \(parameters[place].type)")
      }
      return .parameter(Int32(place))
    case .output(let id, let name):
      if table.isOfCall(id) { return nil }
      guard let other = table.names.step(named: id) else {
        throw OverFault(StepID.unknown(id, among: table.namedIDs))
      }
      if known == nil { known = KnownOutputs(table, defaults) }
      return try source(
        name, ofStep: (other, id), in: step, needs: table.steps[step].needs, &known!)
    case .item, .result, .runID, .workflowName, .outcome:
      throw OverFault(
        "expected a list, \"params.NAME\" or \"steps.ID.OUTPUT\"; found \(Quoting.quoted(text))")
    }
  }

  /// - Parameter needs: those of the step whose items they are.
  func source(
    _ name: String, ofStep other: (step: Int32, id: String), in step: Int, needs: [Int32],
    _ known: inout KnownOutputs
  ) throws(OverFault) -> ForEach.Source {
    let mention = OutputMention(step: other.step, name: name, offset: 0)
    let advice = "need it with \"when\": \"succeeded\""
    if let fault = known.fault(of: mention, in: step, advice: advice) { throw OverFault(fault) }
    guard needs.contains(other.step) else {
      throw OverFault(
        "the step does not need \(Quoting.quoted(other.id)) itself: add it to \"needs\"")
    }
    let type = known.type(of: name, ofStep: other.step)
    guard type == .lines || type == .json, let place = known.place(of: name, ofStep: other.step)
    else {
      throw OverFault("\(name) is no list: give it the type \"lines\" or \"json\"")
    }
    return .output(step: other.step, place: place)
  }
}

/// What is wrong with `over`.
struct OverFault: Error {
  let message: String
  init(_ message: String) { self.message = message }
}
