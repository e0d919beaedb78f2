package import FlowCore

/// Watches a run. It is told only of what is durable.
package protocol RunObserver: AnyObject {
  /// These events were in the history when the engine took the run up; not all need be durable yet.
  /// `state` is what they lead to, and at the first call no attempt in it has been launched.
  func recalled(_ events: [Event], _ state: RunState)
  /// These consecutive events are durable. `state` may be ahead of them.
  func committed(_ events: [Event], _ state: RunState)
}

extension RunObserver {
  package func recalled(_ events: [Event], _ state: RunState) {}
}
