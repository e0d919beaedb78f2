import CMonitor

/// A monitor's action, with a name for failing expectations.
enum Action: CaseIterable {
  case createRecord, lockRecord, reserveRecord, createOutput, removeRecord, writeStart, spawn,
    writeCommand
  case collect, scrub, writeEnd
  case releaseLauncher, reportLaunched, reportDeadline, reportTold, reportEnded, reportShortage
  case reportRefused
  case terminateGroup, continueGroup, terminateChildren, killChildren, reapCommand, nameSurvivors,
    exit

  private var raw: flow_monitor_action {
    switch self {
    case .createRecord: FLOW_MONITOR_CREATE_RECORD
    case .lockRecord: FLOW_MONITOR_LOCK_RECORD
    case .reserveRecord: FLOW_MONITOR_RESERVE_RECORD
    case .createOutput: FLOW_MONITOR_CREATE_OUTPUT
    case .removeRecord: FLOW_MONITOR_REMOVE_RECORD
    case .writeStart: FLOW_MONITOR_WRITE_START
    case .spawn: FLOW_MONITOR_SPAWN
    case .writeCommand: FLOW_MONITOR_WRITE_COMMAND
    case .collect: FLOW_MONITOR_COLLECT
    case .scrub: FLOW_MONITOR_SCRUB
    case .writeEnd: FLOW_MONITOR_WRITE_END
    case .releaseLauncher: FLOW_MONITOR_RELEASE_LAUNCHER
    case .reportLaunched: FLOW_MONITOR_REPORT_LAUNCHED
    case .reportDeadline: FLOW_MONITOR_REPORT_DEADLINE
    case .reportTold: FLOW_MONITOR_REPORT_TOLD
    case .reportEnded: FLOW_MONITOR_REPORT_ENDED
    case .reportShortage: FLOW_MONITOR_REPORT_SHORTAGE
    case .reportRefused: FLOW_MONITOR_REPORT_REFUSED
    case .terminateGroup: FLOW_MONITOR_TERMINATE_GROUP
    case .continueGroup: FLOW_MONITOR_CONTINUE_GROUP
    case .terminateChildren: FLOW_MONITOR_TERMINATE_CHILDREN
    case .killChildren: FLOW_MONITOR_KILL_CHILDREN
    case .reapCommand: FLOW_MONITOR_REAP_COMMAND
    case .nameSurvivors: FLOW_MONITOR_NAME_SURVIVORS
    case .exit: FLOW_MONITOR_EXIT
    }
  }

  init(_ raw: flow_monitor_action) {
    guard let action = Action.allCases.first(where: { $0.raw == raw }) else {
      preconditionFailure("an action without a name")
    }
    self = action
  }

  /// Whether the monitor waits for its answer.
  var isAnswered: Bool {
    switch self {
    case .createRecord, .lockRecord, .reserveRecord, .createOutput, .removeRecord, .writeStart,
      .spawn,
      .writeCommand, .collect, .scrub, .writeEnd:
      true
    case .releaseLauncher, .reportLaunched, .reportDeadline, .reportTold, .reportEnded,
      .reportShortage, .reportRefused, .terminateGroup, .continueGroup, .terminateChildren,
      .killChildren,
      .reapCommand,
      .nameSurvivors, .exit:
      false
    }
  }

  var isSignal: Bool {
    switch self {
    case .terminateGroup, .continueGroup, .terminateChildren, .killChildren: true
    case .createRecord, .lockRecord, .reserveRecord, .createOutput, .removeRecord, .writeStart,
      .spawn, .writeCommand, .collect, .scrub, .writeEnd, .releaseLauncher, .reportLaunched,
      .reportDeadline,
      .reportTold, .reportEnded, .reportShortage, .reportRefused, .reapCommand, .nameSurvivors,
      .exit:
      false
    }
  }
}

enum Event: Hashable {
  case begin
  case done(Int64)
  case commandEnded(Status)
  case noDescendantLeft
  case descendantsLeft(Int64)
  case stop
  case force
  case told
  case time

  fileprivate var raw: (kind: flow_monitor_event_kind, result: Int64) {
    switch self {
    case .begin: (FLOW_MONITOR_BEGIN, 0)
    case .done(let result): (FLOW_MONITOR_DONE, result)
    case .commandEnded(let status): (FLOW_MONITOR_COMMAND_ENDED, Int64(status.raw))
    case .noDescendantLeft: (FLOW_MONITOR_NO_DESCENDANT_LEFT, 0)
    case .descendantsLeft(let count): (FLOW_MONITOR_DESCENDANTS_LEFT, count)
    case .stop: (FLOW_MONITOR_STOP, 0)
    case .force: (FLOW_MONITOR_FORCE, 0)
    case .told: (FLOW_MONITOR_TOLD, 0)
    case .time: (FLOW_MONITOR_TIME, 0)
    }
  }
}

/// How a process ended, as `waitpid` encodes it.
struct Status: Hashable {
  var raw: Int32

  static func exited(_ code: Int32) -> Status { Status(raw: code << 8) }
  static func signalled(_ signal: Int32) -> Status { Status(raw: signal) }
  static func dumpedCore(_ signal: Int32) -> Status { Status(raw: signal | 0x80) }
}

extension flow_monitor {
  init(
    timeout: Int64?, grace: Int64, keepsStragglers: Bool, hidesInterruption: Bool = false,
    hasSecrets: Bool = false, hasOutputs: Bool = false
  ) {
    self.init()
    unsafe flow_monitor_init(&self, timeout ?? -1, grace, keepsStragglers)
    hides_interruption = hidesInterruption
    has_secrets = hasSecrets
    has_outputs = hasOutputs
  }

  /// - Parameter now: microseconds of the monotonic clock.
  mutating func step(_ event: Event, at now: Int64) -> [Action] {
    var raw = flow_monitor_event(kind: event.raw.kind, result: event.raw.result, now: now)
    var actions = flow_monitor_actions()
    unsafe flow_monitor_step(&self, &raw, &actions)
    return unsafe withUnsafeBytes(of: actions.list) { bytes in
      unsafe bytes.bindMemory(to: flow_monitor_action.self).prefix(Int(actions.count))
        .map(Action.init)
    }
  }

  /// Nil for never.
  var wakeUp: Int64? {
    var copy = self
    let time = unsafe flow_monitor_wake_up(&copy)
    return time == .max ? nil : time
  }
}
