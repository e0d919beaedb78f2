import CMonitor

/// A launcher with its memory.
@safe final class Launcher {
  enum Action: Hashable {
    case fork(UInt32)
    case reportForkFailed(UInt32, error: Int32)
    case reportMonitorGone(UInt32)
    case releaseLock
    case exit
  }

  private var launcher = unsafe flow_launcher()
  private let monitors: UnsafeMutableBufferPointer<flow_launcher_monitor>

  init(capacity: Int) {
    unsafe monitors = .allocate(capacity: capacity)
    unsafe monitors.initialize(repeating: flow_launcher_monitor())
    unsafe flow_launcher_init(&launcher, monitors.baseAddress, UInt32(capacity))
  }

  deinit {
    unsafe monitors.deallocate()
  }

  func request(_ id: UInt32) -> [Action] {
    step(FLOW_LAUNCHER_REQUEST, id: id)
  }

  /// - Parameter process: the monitor's process id, or a negative error number.
  func forked(_ process: Int64) -> [Action] {
    step(FLOW_LAUNCHER_FORKED, process: process)
  }

  func childEnded(_ process: Int64) -> [Action] {
    step(FLOW_LAUNCHER_CHILD_ENDED, process: process)
  }

  func engineGone() -> [Action] {
    step(FLOW_LAUNCHER_ENGINE_GONE)
  }

  private func step(
    _ kind: flow_launcher_event_kind, id: UInt32 = 0, process: Int64 = 0
  ) -> [Action] {
    var event = flow_launcher_event(kind: kind, id: id, process: process)
    var actions = flow_launcher_actions()
    unsafe flow_launcher_step(&launcher, &event, &actions)
    return unsafe withUnsafeBytes(of: actions.list) { bytes in
      unsafe bytes.bindMemory(to: flow_launcher_action.self).prefix(Int(actions.count))
        .map(Action.init)
    }
  }
}

extension Launcher.Action {
  fileprivate init(_ raw: flow_launcher_action) {
    switch raw.kind {
    case FLOW_LAUNCHER_FORK: self = .fork(raw.id)
    case FLOW_LAUNCHER_REPORT_FORK_FAILED: self = .reportForkFailed(raw.id, error: raw.error)
    case FLOW_LAUNCHER_REPORT_MONITOR_GONE: self = .reportMonitorGone(raw.id)
    case FLOW_LAUNCHER_RELEASE_LOCK: self = .releaseLock
    case FLOW_LAUNCHER_EXIT: self = .exit
    default: preconditionFailure("an action without a name")
    }
  }
}
