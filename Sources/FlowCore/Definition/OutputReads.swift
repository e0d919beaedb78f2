/// Which outputs of other steps a step cannot do without.
extension WorkflowDefinition {
  /// An output that a step reads, and nothing stands for it where it is absent.
  package struct OutputRead: Hashable, Sendable {
    package var step: Int32
    package var name: String
  }

  /// What the command, the settings and the condition of a step name.
  package func outputsRead(byStep index: Int) -> [OutputRead] {
    var reads: [OutputRead] = []
    if case .output(let step, let place)? = forEach(ofStep: index)?.source,
      let output = output(ofStep: step, at: place)
    {
      reads.append(OutputRead(step: step, name: output.name))
    }
    for text in templates(ofStep: index) {
      for case .reference(.output(let id, let name)) in (try? Template(text))?.parts ?? [] {
        guard let step = step(named: id, by: index) else { continue }
        reads.append(OutputRead(step: Int32(step), name: name))
      }
    }
    for case .output(let step, let place) in extras(ofStep: index).condition?.uncaughtOutputs ?? []
    {
      guard let output = output(ofStep: step, at: place) else { continue }
      reads.append(OutputRead(step: step, name: output.name))
    }
    return reads
  }

  /// The first output that a step of a run reads, and that the run leaves out with its step.
  ///
  /// - Parameter items: of nodes that the run has.
  package func unselectedRead(
    _ unselected: StepSet, _ items: [ItemSelection] = []
  ) -> (reader: Int, read: OutputRead)? {
    if let found = items.lazy.compactMap({ unselectedRead($0) }).first { return found }
    if unselected.isEmpty { return nil }
    var isLeftOut = unselected.flags(of: steps.count)
    for node in declaredSteps where isLeftOut[node] {
      for step in chain(ofNode: node) { isLeftOut[step] = true }
    }
    for index in steps.indices where !isLeftOut[index] {
      if let read = outputsRead(byStep: index).first(where: { isLeftOut[Int($0.step)] }) {
        return (index, read)
      }
    }
    return nil
  }

  /// The same of a chain's steps for the same item.
  private func unselectedRead(_ selection: ItemSelection) -> (reader: Int, read: OutputRead)? {
    let chain = chain(ofNode: Int(selection.node))
    for item in selection.named {
      for place in item.steps.steps where !chain.isEmpty {
        let reader = chain.lowerBound + Int(place)
        let read = outputsRead(byStep: reader).first { read in
          chain.contains(Int(read.step))
            && !item.steps.contains(read.step - Int32(chain.lowerBound))
        }
        if let read { return (reader, read) }
      }
    }
    return nil
  }
}

extension Condition {
  /// The outputs that it asks for without saying what stands for them where they are absent.
  var uncaughtOutputs: [Term] {
    var stack: [[Term]] = []
    for term in terms {
      if case .output = term {
        stack.append([term])
        continue
      }
      let operands = Array(stack.suffix(term.operandCount))
      guard operands.count == term.operandCount else { return [] }
      stack.removeLast(term.operandCount)
      stack.append(term == .otherwise ? operands[1] : operands.flatMap(\.self))
    }
    return stack.last ?? []
  }
}
