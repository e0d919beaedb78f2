import CMonitor

/// A monitor whose actions are answered from a script.
struct ScriptedMonitor {
  private var monitor: flow_monitor
  /// The answers to actions, in order; success once a list is used up.
  private var answers: [Action: [Int64]]
  /// Microseconds.
  private(set) var now: Int64 = 5 * second

  static let second: Int64 = 1_000_000
  static let command: Int32 = 4711

  init(
    timeout: Int64? = nil, grace: Int64 = 10 * second, keepsStragglers: Bool = false,
    hidesInterruption: Bool = false, hasSecrets: Bool = false, hasOutputs: Bool = false,
    answers: [Action: [Int64]] = [:],
    failedOperation: flow_launch_operation? = nil
  ) {
    monitor = flow_monitor(
      timeout: timeout, grace: grace, keepsStragglers: keepsStragglers,
      hidesInterruption: hidesInterruption, hasSecrets: hasSecrets, hasOutputs: hasOutputs)
    self.answers = answers
    if let failedOperation { monitor.failed_operation = failedOperation }
  }

  var end: flow_record_end { monitor.end }

  /// What the caller does for the action.
  mutating func nameSurvivors(_ count: Int32, first: Int32) {
    monitor.end.unkillable = count
    monitor.end.unkillable_ids.0 = first
  }

  var command: Int32 { monitor.command }
  /// How long until the monitor needs the time; nil for never.
  var wakesUpIn: Int64? { monitor.wakeUp.map { $0 - now } }

  /// Sends one event, without answers.
  mutating func step(_ event: Event) -> [Action] {
    monitor.step(event, at: now)
  }

  /// Sends one event, and the answers to its actions.
  ///
  /// - Returns: all actions, in order.
  mutating func send(_ event: Event) -> [Action] {
    var latest = step(event)
    var actions = latest
    while let action = latest.last, action.isAnswered {
      latest = step(.done(answer(to: action)))
      actions += latest
    }
    return actions
  }

  mutating func answer(to action: Action) -> Int64 {
    guard let result = answers[action]?.first else {
      return action == .spawn ? Int64(Self.command) : 0
    }
    answers[action]?.removeFirst()
    return result
  }

  /// Sends the time after a delay.
  mutating func send(timeAfter microseconds: Int64) -> [Action] {
    now += microseconds
    return send(.time)
  }

  mutating func wait(_ microseconds: Int64) {
    now += microseconds
  }

  /// From the fork until the command runs.
  mutating func start() -> [Action] {
    send(.begin)
  }

  static let startActions: [Action] = [
    .createRecord, .lockRecord, .reserveRecord, .createOutput, .writeStart, .releaseLauncher,
    .spawn,
    .writeCommand, .reportLaunched,
  ]
}

/// A monitor whose command runs.
func runningMonitor(
  timeout: Int64? = nil, grace: Int64 = 10 * ScriptedMonitor.second, keepsStragglers: Bool = false,
  hidesInterruption: Bool = false, hasSecrets: Bool = false, hasOutputs: Bool = false,
  answers: [Action: [Int64]] = [:]
) -> ScriptedMonitor {
  var monitor = ScriptedMonitor(
    timeout: timeout, grace: grace, keepsStragglers: keepsStragglers,
    hidesInterruption: hidesInterruption, hasSecrets: hasSecrets,
    hasOutputs: hasOutputs, answers: answers)
  let actions = monitor.start()
  precondition(actions == ScriptedMonitor.startActions, "the command does not run")
  return monitor
}

extension flow_record_end {
  /// Result, code and cause in words, for expectations.
  var summary: String {
    let result =
      switch self.result {
      case FLOW_RESULT_EXITED: "exited \(code)"
      case FLOW_RESULT_SIGNALLED: "signalled \(code)"
      case FLOW_RESULT_LAUNCH_FAILED: "launch failed \(operation.rawValue)/\(code)"
      default: "no result"
      }
    let cause =
      switch self.cause {
      case FLOW_CAUSE_ITSELF: "by itself"
      case FLOW_CAUSE_DEADLINE: "deadline"
      case FLOW_CAUSE_STOP: "stop"
      case FLOW_CAUSE_FORCE: "force"
      default: "no cause"
      }
    return "\(result), \(cause)"
  }
}
