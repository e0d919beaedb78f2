package import FlowCore

/// Watches a run. It is told only of what is durable.
package protocol RunObserver: AnyObject {
  /// These consecutive events are durable. `state` may be ahead of them.
  func committed(_ events: [Event], _ state: RunState)
}
