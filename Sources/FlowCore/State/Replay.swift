/// Rebuilds a run's state, including the definition, from its events.
package struct Replay: EventFold, Equatable, Sendable {
  /// The state so far; nil before the definition is complete.
  package private(set) var state: RunState?
  /// Whether the state exists. Comparing the state with nil would copy it.
  package private(set) var isDefined = false
  private var created: RunCreated?
  private var policy = Policy.current
  private var definition: [UInt8] = []
  private var lastSequence: Int64 = 0

  package init() {}

  /// Applies the next event.
  ///
  /// - Throws: `HistoryError` if the event cannot follow; then the replay is unusable.
  package mutating func apply(_ event: Event) throws(HistoryError) {
    // In place, because a copy of the state for each event would make replay quadratic.
    if isDefined {
      try state?.apply(event)
      return
    }
    guard event.sequence == lastSequence + 1 else {
      throw HistoryError(event, .outOfSequence(expected: lastSequence + 1))
    }
    lastSequence = event.sequence
    switch (event.body, created) {
    case (.runCreated(let created), nil):
      guard created.policyVersion <= Policy.current.rawValue else {
        throw HistoryError(
          event,
          .newer("names policy \(created.policyVersion)", createdBy: created.programVersion))
      }
      guard let policy = Policy(rawValue: created.policyVersion) else {
        throw HistoryError(event, .misplaced)
      }
      self.policy = policy
      guard (1...RunCreated.largestDefinition).contains(created.definitionByteCount) else {
        throw HistoryError(event, .definitionSize(created.definitionByteCount))
      }
      self.created = created
    case (.definitionPart(let part), let created?):
      definition += part
      if definition.count >= created.definitionByteCount {
        state = try Self.begin(created, definition, policy, event)
        isDefined = true
        definition = []
      }
    default: throw HistoryError(event, .misplaced)
    }
  }

  /// Calls `body` with the state in place, because copying it costs more than most reads.
  ///
  /// - Returns: nil before the definition is complete.
  mutating func inspect<Result, Failure: Error>(
    _ body: (inout RunState) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    isDefined ? try body(&state!) : nil
  }

  private static func begin(
    _ created: RunCreated, _ bytes: [UInt8], _ policy: Policy, _ event: Event
  ) throws(HistoryError) -> RunState {
    guard bytes.count == created.definitionByteCount else {
      throw HistoryError(event, .misplaced)
    }
    let definition: WorkflowDefinition
    do throws(CodingError) {
      definition = try DefinitionCodec.decode(bytes, policy: policy)
    } catch {
      if case .newer(let what) = error.reason {
        throw HistoryError(
          event,
          .newer("completes a definition in which \(what)", createdBy: created.programVersion))
      }
      throw HistoryError(event, .definition(error))
    }
    if let last = created.unselected.last, Int(last) >= definition.declaredCount {
      throw HistoryError(event, .unknownStep(last))
    }
    guard definition.isSound(created.items) else { throw HistoryError(event, .misplaced) }
    do throws(DependencyCycle) {
      let graph = try definition.graph()
      return RunState(created: created, definition: definition, graph: graph, event: event)
    } catch {
      throw HistoryError(event, .cycle)
    }
  }
}
