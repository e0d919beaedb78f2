import FlowCommandLine
import FlowCore
import FlowText

/// The steps of a run as people name them: by their ids, or by these as they are displayed where they hold bytes
/// that are no text.
extension WorkflowDefinition {
  /// The index of the step with an id; nil if there is none.
  func livingStep(named id: String) -> Int? {
    let living = livingSteps
    if let exact = living.first(where: { steps[$0].id.utf8.elementsEqual(id.utf8) }) {
      return exact
    }
    guard id.utf8.contains(UInt8(ascii: "\\")) else { return nil }
    return living.first { TerminalText.escaped(steps[$0].id) == id }
  }

  /// By the id of an item of a chain, its children, which have ids of their own behind it.
  var chainedSteps: [String: [Int32]] {
    var found: [String: [Int32]] = [:]
    for child in childSteps where isChained(child) {
      let end = steps[child].id.utf8.lastIndex(of: UInt8(ascii: "/"))
      guard let end else { continue }
      found[String(steps[child].id[..<end]), default: []].append(Int32(child))
    }
    return found
  }

  /// - Throws: `.noSuchStep`, with what may be meant.
  func index(ofStep id: String, runID: String) throws(CommandError) -> Int {
    if let index = livingStep(named: id) { return index }
    if let steps = chainedSteps[id] {
      throw .itemOfChain(id, steps: steps.map { self.steps[Int($0)].id })
    }
    let suggestion = Suggestion.nearest(to: id, among: livingSteps.lazy.map { steps[$0].id })
    if suggestion == nil, let node = anyNode(named: id) {
      throw .noSuchItem(id, runID: runID, step: steps[node].id, known: childIDs(ofNode: node))
    }
    throw .noSuchStep(id, runID: runID, suggestion: suggestion)
  }

  /// The step with `forEach` of whose items, or their steps, an id can be one; nil if it can be of none.
  func anyNode(named id: String) -> Int? {
    declaredSteps.first { step in
      forEach(ofStep: step) != nil && id.utf8.starts(with: "\(steps[step].id)/".utf8)
    }
  }

  /// The ids of all children that a node ever had.
  func childIDs(ofNode node: Int) -> [String] {
    childSteps.filter { child($0)?.node == Int32(node) }.map { steps[$0].id }
  }
}
