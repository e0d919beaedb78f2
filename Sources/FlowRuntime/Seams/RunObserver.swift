package import FlowCore
package import FlowLog

/// Watches a run. It is told of durable events only.
package protocol RunObserver: AnyObject {
  /// A dead engine has left a log with this tail, and the history before the tail is durable now.
  /// Torn or ambiguous bytes are not part of the history; they stay where they are.
  func tookOver(_ tail: LogTail)
  /// These events were in the history when the engine took the run over; not all need be durable
  /// yet. `state` follows from them, and at the first call no attempt in it has been launched.
  func recalled(_ events: [Event], _ state: RunState)
  /// The engine does not simply use the environment that the run was created in.
  func foundEnvironment(_ news: EnvironmentNews)
  /// What the run waits for has changed; nothing, if empty.
  func lacks(_ shortages: Shortages)
  /// These consecutive events are durable. `state` may be ahead of them.
  func committed(_ events: [Event], _ state: RunState)
}

extension RunObserver {
  package func recalled(_ events: [Event], _ state: RunState) {}
  package func foundEnvironment(_ news: EnvironmentNews) {}
  package func lacks(_ shortages: Shortages) {}
}
