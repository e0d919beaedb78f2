/// A run before its first event: all inputs of its later decisions.
package struct NewRun: Equatable, Sendable {
  package let created: RunCreated
  package let definition: WorkflowDefinition
  package let graph: DependencyGraph
  /// The canonical definition (`DefinitionCodec`), encoded only here.
  private let encodedDefinition: [UInt8]

  /// A part is much smaller than a log frame, so that a commit can be split between events.
  private static let partByteCount = 256 << 10

  package init(
    runID: String, seed: UInt64, policy: Policy = .current, programVersion: String,
    jobs: Int32, definitionFolder: String, definitionFile: String? = nil,
    definition: WorkflowDefinition, graph: DependencyGraph,
    group: String? = nil, onConflict: OnConflict = .fail, parameters: [ParameterValue] = [],
    unselected: StepSet = StepSet(), items: [ItemSelection] = [],
    previousOutcome: RunOutcome? = nil,
    syncsWork: Bool = false, ignoresResults: Bool = false
  ) {
    self.definition = definition
    self.graph = graph
    encodedDefinition = DefinitionCodec.encode(definition, policy: policy)
    var created = RunCreated(
      runID: runID, seed: seed, policyVersion: policy.rawValue, programVersion: programVersion,
      jobs: jobs, definitionFolder: definitionFolder,
      definitionByteCount: Int64(encodedDefinition.count))
    created.definitionFile = definitionFile
    created.group = group
    if group != nil { created.onConflict = onConflict }
    created.parameters = parameters
    created.unselected = unselected
    created.items = items
    if definition.tellsOfRecovery { created.previousOutcome = previousOutcome }
    created.syncsWork = syncsWork
    created.ignoresResults = ignoresResults
    self.created = created
  }

  /// The first events of a history: the run, and its entire definition in parts.
  func events(at now: Moment) -> [Event] {
    var events = [
      Event(sequence: 1, moment: now, startsWakeUp: true, body: .runCreated(created))
    ]
    let count = encodedDefinition.count
    for start in stride(from: 0, to: count, by: Self.partByteCount) {
      let part = Array(encodedDefinition[start..<min(start + Self.partByteCount, count)])
      events.append(
        Event(
          sequence: Int64(events.count) + 1, moment: now, startsWakeUp: false,
          body: .definitionPart(part)))
    }
    return events
  }
}
