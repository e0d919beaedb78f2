package import FlowCore
package import FlowLog

/// Watches a run. It is told only of what is durable.
package protocol RunObserver: AnyObject {
  /// A dead engine has left a log that ends like this, and all of its history is durable now. What
  /// the verdict calls torn or ambiguous is not part of it; the bytes stay where they are.
  func tookOver(_ tail: LogTail)
  /// These events were in the history when the engine took the run up; not all need be durable yet.
  /// `state` is what they lead to, and at the first call no attempt in it has been launched.
  func recalled(_ events: [Event], _ state: RunState)
  /// These consecutive events are durable. `state` may be ahead of them.
  func committed(_ events: [Event], _ state: RunState)
}

extension RunObserver {
  package func recalled(_ events: [Event], _ state: RunState) {}
}
