/// The canonical encoding of a definition in a history: exactly one for each definition,
/// independent of the spacing and the order of keys in its file.
package enum DefinitionCodec {
  package static func encode(
    _ definition: WorkflowDefinition, policy: Policy = .current
  ) -> [UInt8] {
    switch policy {
    case .first: PositionalDefinitionCodec.encode(definition)
    case .second: TaggedDefinitionCodec.encode(definition)
    }
  }

  /// - Parameter room: how many bytes of memory its lists may take.
  /// - Throws: `CodingError` for bytes that `encode` did not make, including needs and settings
  ///   that do not exist, a definition without steps, and one whose lists take more than `room`;
  ///   with a reason that `isNewer` for values that only a newer flow can have written.
  package static func decode(
    _ bytes: [UInt8], policy: Policy = .current, room: Int = WorkflowDefinition.mostListBytes
  ) throws(CodingError) -> WorkflowDefinition {
    switch policy {
    case .first: try PositionalDefinitionCodec.decode(bytes, room: room)
    case .second: try TaggedDefinitionCodec.decode(bytes, room: room)
    }
  }

  /// The name of the workflow, which comes first.
  ///
  /// - Parameter start: of an encoded definition.
  /// - Returns: nil if no definition begins so.
  package static func name(in start: [UInt8], policy: Policy) -> String? {
    switch policy {
    case .first: PositionalDefinitionCodec.name(in: start)
    case .second: TaggedDefinitionCodec.name(in: start)
    }
  }

  static func checkReferences(
    _ definition: WorkflowDefinition, at offset: Int
  ) throws(CodingError) {
    for settings in definition.settings where settings.onLost == .probe {
      if settings.probe == nil { throw CodingError(offset: offset, reason: .malformed("probe")) }
    }
    for settings in definition.settings {
      for use in settings.secrets where definition.secret(named: use.name) == nil {
        throw CodingError(offset: offset, reason: .malformed("secret of a step"))
      }
    }
    if definition.hasTemplates { try checkTemplates(of: definition, at: offset) }
    guard definition.hasSoundChains else {
      throw CodingError(offset: offset, reason: .malformed("chain"))
    }
    for (index, step) in definition.steps.enumerated() {
      guard Int(step.settingsIndex) < definition.settings.count else {
        throw CodingError(offset: offset, reason: .malformed("settings of step \(step.id)"))
      }
      var previous: Int32 = -1
      for need in step.needs {
        let end = definition.isFinally(index) ? definition.firstNotify : definition.firstFinally
        // What those of chains need was checked above.
        guard need > previous, Int(need) < end || definition.isInChain(index) else {
          throw CodingError(offset: offset, reason: .malformed("need of step \(step.id)"))
        }
        previous = need
      }
      if definition.isRollback(index), !definition.isSoundRollback(index) {
        throw CodingError(offset: offset, reason: .malformed("rollback \(step.id)"))
      }
      if !definition.isSoundNotice(index) {
        throw CodingError(offset: offset, reason: .malformed("notice \(step.id)"))
      }
      guard definition.hasSoundFiles(index) else {
        throw CodingError(offset: offset, reason: .malformed("files of step \(step.id)"))
      }
      guard definition.isSoundNode(index) else {
        throw CodingError(offset: offset, reason: .malformed("forEach of step \(step.id)"))
      }
      let condition = definition.extras[Int(step.extrasIndex)].condition
      guard isSound(condition, of: index, definition) else {
        throw CodingError(offset: offset, reason: .malformed("condition of step \(step.id)"))
      }
    }
  }

  private static func isSound(
    _ condition: Condition?, of step: Int, _ definition: WorkflowDefinition
  ) -> Bool {
    guard let condition else { return true }
    let node = definition.node(ofChainStep: step)
    let needs = definition.steps[step].needs + (node.map { definition.steps[$0].needs } ?? [])
    let asksNeeds = condition.references.allSatisfy { reference in
      if case .result(let need) = reference { needs.contains(need) } else { true }
    }
    return asksNeeds
      && condition.isSound(
        definition.parameters, hasItem: node != nil || definition.forEach(ofStep: step) != nil
      ) {
        definition.output(ofStep: $0, at: $1)?.type.conditionType
      }
  }

  /// A later version has more to refer to.
  private static func checkTemplates(
    of definition: WorkflowDefinition, at offset: Int
  ) throws(CodingError) {
    for text in definition.templates {
      do throws(Template.Fault) { _ = try Template(text) } catch {
        throw CodingError(offset: offset, reason: .newer("a definition refers to \(text)"))
      }
    }
  }
}
