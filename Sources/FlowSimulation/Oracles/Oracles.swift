package import FlowCore
import FlowRuntime

/// All oracles of a world. The first violation counts: what comes after may only follow from it.
package final class Oracles: RunObserver {
  package private(set) var violation: Violation?
  /// What the engine was told is durable, and so may be said.
  private(set) var acknowledged: [Event] = []
  private var history = HistoryOracle()
  private var launches: LaunchOracle?
  private weak var world: World?

  func begin(_ world: World, _ definition: WorkflowDefinition, jobs: Int) {
    self.world = world
    launches = LaunchOracle(definition, jobs: jobs)
  }

  func violated(_ oracle: Oracle, _ message: String) {
    if violation == nil { violation = Violation(oracle, message) }
  }

  func hold(_ check: () throws(Violation) -> Void) {
    do throws(Violation) { try check() } catch { if violation == nil { violation = error } }
  }

  // MARK: While the engine lives

  package func committed(_ events: [Event], _ state: RunState) {
    world?.trace.note(events)
    learn(events)
  }

  private func learn(_ events: [Event]) {
    for event in events {
      acknowledged.append(event)
      launches?.learn(event)
      hold { () throws(Violation) in try history.check(event) }
    }
  }

  func launched(_ request: LaunchRequest, _ world: World) {
    hold { () throws(Violation) in
      try launches?.check(request.attempt, at: world.monotonicNow, world.ledger)
    }
  }

  // MARK: After a crash

  /// A recovered history is what was acknowledged, or that and the commit that was in flight.
  func recovered(_ events: [Event], inFlight: [Event]?) {
    let extra = events.dropFirst(acknowledged.count)
    if !events.starts(with: acknowledged) {
      violated(
        .prefix,
        "of \(acknowledged.count) acknowledged events, \(events.count) were recovered, and not"
          + " the same")
    } else if let inFlight, !extra.isEmpty, !extra.elementsEqual(inFlight) {
      violated(.prefix, "\(extra.count) events were recovered that were not in flight")
    }
    world?.trace.note(Array(extra))
    learn(Array(extra))
  }
}
