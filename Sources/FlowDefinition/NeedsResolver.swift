import FlowCore
import FlowText

/// A key of a need that says which end is wanted.
enum NeedKey: String, CaseIterable, Sendable {
  case step, when

  static let table = KeyTable(allCases)
}

extension DefinitionReader {
  /// Takes the value of `needs`.
  mutating func readNeeds(into table: inout StepTable) throws(SyntaxError) {
    switch try kind(wanted: .string) {
    case .string, .object: return try readNeed(into: &table)
    default: break
    }
    guard try beginArray(#"an array of step ids such as ["build", "test"]"#) != nil else { return }
    var cursor = ArrayCursor()
    while try nextElement(&cursor) { try readNeed(into: &table) }
  }

  private mutating func readNeed(into table: inout StepTable) throws(SyntaxError) {
    // What is faulty is noted too, so that positions here are those of the array.
    var need = StepTable.NamedNeed(offset: UInt32(try nextOffset()), name: -1)
    defer { table.needs.append(need) }
    guard try kind(wanted: .string) == .object else {
      let expected = #"a step id, or an object such as {"step": "build", "when": "settled"}"#
      need.name = try text(expected).map { table.names.index(of: $0) } ?? -1
      return
    }
    guard let start = try beginObject("a step id") else { return }
    var cursor = ObjectCursor("a need", NeedKey.table)
    while let key = try nextKey(&cursor) {
      switch key {
      case .step:
        need.offset = UInt32(try nextOffset())
        need.name = try text("a step id").map { table.names.index(of: $0) } ?? -1
      case .when:
        if let index = try readWord(of: WantedEnd.allCases.map { "\($0)" }), index > 0 {
          table.wantedEnds[table.needs.count] = WantedEnd.allCases[index]
        }
      }
    }
    if !cursor.has("step") { report(at: start, #"missing "step": the id of the step"#) }
  }

  /// Finds the steps that needs name, and refuses needs that can never be met.
  mutating func resolveNeeds(of table: inout StepTable) {
    var needs: [Need] = []
    for step in table.steps.indices {
      let elements = table.needsRange(ofStep: step)
      if elements.isEmpty { continue }
      needs.removeAll(keepingCapacity: true)
      for (element, place) in elements.enumerated() {
        let offset = Int(table.needs[place].offset)
        guard let need = resolve(table.needs[place], ofStep: step, element: element, table) else {
          continue
        }
        if need == step {
          report(
            at: offset, path: Self.path(step, element, table), "a step cannot need itself")
        } else {
          needs.append(Need(step: need, element: element, offset: offset))
        }
      }
      table.steps[step].needs = distinct(&needs, ofStep: step, table)
      if !table.wantedEnds.isEmpty { noteEdges(needs, from: elements.lowerBound, step, &table) }
    }
    refuseCycles(in: table)
  }

  /// Notes what is wanted of needs, which are in the order of their steps.
  private func noteEdges(
    _ needs: [Need], from first: Int, _ step: Int, _ table: inout StepTable
  ) {
    let edges = needs.compactMap { need in
      table.wantedEnds[first + need.element].map { Edge(need: need.step, wanted: $0) }
    }
    if edges.isEmpty { return }
    table.changeExtras(ofStep: step) { $0.edges = edges }
  }

  private struct Need {
    var step: Int32
    /// Its place in the array of needs.
    var element: Int
    var offset: Int
  }

  /// The step that the need names; nil if there is none, which is reported.
  private mutating func resolve(
    _ need: StepTable.NamedNeed, ofStep step: Int, element: Int, _ table: StepTable
  ) -> Int32? {
    if need.name < 0 { return nil }
    let index = table.names.steps[Int(need.name)]
    if index >= 0 { return index }
    let offset = Int(need.offset)
    let id = table.names.texts[Int(need.name)]
    guard diagnostics.wants(offset) else { return nil }
    var message = "no step has the id \(Quoting.quoted(id))"
    if let own = table.ownerOfRollback(named: id) {
      message =
        "no step can need what \"onFailure\" runs: who needs \(Quoting.quoted(own)) waits for it, too"
    } else if let nearest = nearestID(to: id, besides: step, table) {
      message += ": did you mean \(Quoting.quoted(nearest))?"
    }
    diagnostics.keep(
      .init(offset: offset, path: Self.path(step, element, table), message: message))
    return nil
  }

  private static func path(_ step: Int, _ element: Int, _ table: StepTable) -> String {
    "\(table.path(ofStep: step)).needs[\(element)]"
  }

  private mutating func nearestID(
    to id: String, besides step: Int, _ table: StepTable
  ) -> String? {
    let name = Array(id.utf8)
    var limit = EditDistance.limit(for: name.span)
    var nearest: Int?
    for index in table.steps.indices.dropLast(table.chainCount)
    where limit > 0 && index != step && (table.rollbacks.isEmpty || !table.isRollback(index)) {
      let candidate = table.steps[index].id.utf8
      guard candidate.count > 0,
        let distance = editDistance.between(candidate.span, name.span, limit: limit)
      else { continue }
      nearest = index
      limit = distance - 1
    }
    return nearest.map { table.steps[$0].id }
  }

  /// The steps needed, ascending; repeated ones are reported.
  private mutating func distinct(
    _ needs: inout [Need], ofStep step: Int, _ table: StepTable
  ) -> [Int32] {
    if needs.count > 1 { needs.sort { ($0.step, $0.element) < ($1.step, $1.element) } }
    var steps: [Int32] = []
    steps.reserveCapacity(needs.count)
    var first = 0
    for (index, need) in needs.enumerated() {
      if steps.last == need.step {
        let place = RelatedPlace(relation: "first given at", offset: needs[first].offset)
        report(
          at: need.offset, path: Self.path(step, need.element, table), "repeated need", place)
      } else {
        first = index
        steps.append(need.step)
      }
    }
    return steps
  }

  /// Reports cycles that share no step, each at the step of it that comes first in the file. A need
  /// that names no step, or that may mean several, is part of none.
  private mutating func refuseCycles(in table: StepTable) {
    var steps = table.steps
    if !table.duplicates.isEmpty {
      for step in steps.indices {
        steps[step].needs.removeAll { table.duplicates.contains($0) }
      }
    }
    for _ in 0..<Self.mostCycles {
      do {
        _ = try DependencyGraph(steps)
        return
      } catch {
        report(error, in: table)
        for step in error.steps { steps[step].needs = [] }
      }
    }
  }

  /// More are told once these are mended: each takes a pass over all steps.
  private static var mostCycles: Int { 20 }

  /// Refuses needs of a call that ask for its failure: which of its steps failed is for those to tell.
  mutating func checkNeedsOfCalls(in table: StepTable) {
    if table.wantedEnds.isEmpty || table.calls.isEmpty { return }
    let calls = Set(table.calls.map { Int32($0.step) })
    for step in table.steps.indices {
      for (element, place) in table.needsRange(ofStep: step).enumerated() {
        let need = table.needs[place]
        guard table.wantedEnds[place] == .failed, need.name >= 0,
          calls.contains(table.names.steps[Int(need.name)])
        else { continue }
        report(
          at: Int(need.offset), path: Self.path(step, element, table),
          "of a step with \"call\" only \"done\", \"succeeded\" or \"settled\" can be wanted: a step of"
            + " the other file can need the one that may fail")
      }
    }
  }

  private mutating func report(_ cycle: DependencyCycle, in table: StepTable) {
    guard let least = cycle.steps.min(), let pivot = cycle.steps.firstIndex(of: least) else {
      preconditionFailure("a cycle without steps")
    }
    let ids = (cycle.steps[pivot...] + cycle.steps[..<pivot]).map { table.steps[$0].id }
    let elements = table.needsRange(ofStep: least)
    for (element, place) in elements.enumerated() {
      let need = table.needs[place]
      guard need.name >= 0, table.names.texts[Int(need.name)] == ids[1] else { continue }
      report(
        at: Int(need.offset), path: Self.path(least, element, table),
        "these steps need each other, so that none could start: \(Self.spelledOut(ids))")
      return
    }
  }

  /// The ids with arrows, back to the first; the middle of a very long cycle is only counted.
  private static func spelledOut(_ ids: [String]) -> String {
    let shownAtEachEnd = 20
    var shown = ids
    if ids.count > 2 * shownAtEachEnd + 1 {
      let omitted = "… \(ids.count - 2 * shownAtEachEnd) more …"
      shown = ids.prefix(shownAtEachEnd) + [omitted] + ids.suffix(shownAtEachEnd)
    }
    return (shown + [ids[0]]).joined(separator: " → ")
  }
}
