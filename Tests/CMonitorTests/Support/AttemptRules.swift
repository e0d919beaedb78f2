import CMonitor
import Glibc

/// What must hold for a monitor whatever happens, expressed without its phases: by its events and
/// actions alone.
struct AttemptRules {
  private let timeout: Int64?
  private let grace: Int64
  private let keepsStragglers: Bool
  private let hidesInterruption: Bool
  private let hasSecrets: Bool
  private let hasOutputs: Bool
  /// Whether the monitor always gets the time when it needs it.
  private let isOnTime: Bool

  private(set) var broken: [String] = []
  /// The action that waits for its answer.
  private(set) var unanswered: Action?
  private var done: [Action] = []
  private var everDone: Set<Action> = []
  private var results: [Action: Int64] = [:]
  private var now: Int64 = 0

  private var spawnedAt: Int64?
  private var stopAsked = false
  private var forceAsked = false
  /// Before the event that the command has ended.
  private var cause = FLOW_CAUSE_ITSELF
  private var isCommandOver = false
  private var isNoneLeft = false
  private var isAnyLeft = false
  /// When the attempt's grace period began, and when it was killed first.
  private var terminatedAt: Int64?
  private var killedAt: Int64?

  /// When the system told the monitor to end, before its end was written.
  private var toldAt: [Int64] = []
  /// When the command ended, and how; and whether its deadline passed long after it was told.
  private var endedAt: Int64?
  private var status: Status?
  private var wasLate = false
  /// When no process was left that may not stay.
  private var isOverAt: Int64?

  init(
    timeout: Int64?, grace: Int64, keepsStragglers: Bool, hidesInterruption: Bool,
    hasSecrets: Bool, hasOutputs: Bool, isOnTime: Bool
  ) {
    self.hasSecrets = hasSecrets
    self.hasOutputs = hasOutputs
    self.hidesInterruption = hidesInterruption
    self.timeout = timeout
    self.grace = grace
    self.keepsStragglers = keepsStragglers
    self.isOnTime = isOnTime
  }

  var hasExited: Bool { done.last == .exit }

  private func has(_ action: Action) -> Bool { everDone.contains(action) }

  private var isEnding: Bool { has(.collect) || has(.scrub) || has(.writeEnd) }

  private var isRunning: Bool { (results[.spawn] ?? -1) > 0 }

  mutating func breaks(_ rule: String) {
    broken.append(rule)
  }

  private mutating func require(_ condition: Bool, _ rule: @autoclosure () -> String) {
    if !condition { breaks("\(rule()); done: \(done)") }
  }

  mutating func answers(_ action: Action, with result: Int64) {
    unanswered = nil
    results[action] = result
  }

  // MARK: Events

  mutating func stepped(_ event: Event, _ actions: [Action], at time: Int64) {
    now = time
    if hasExited { require(actions.isEmpty, "nothing is done after the exit") }
    let isOver = isCommandOver || isEnding
    switch event {
    case .stop:
      stopAsked = stopAsked || !isEnding
      if !isOver && cause == FLOW_CAUSE_ITSELF { cause = FLOW_CAUSE_STOP }
    case .force:
      forceAsked = forceAsked || !isEnding
      if !isOver { cause = FLOW_CAUSE_FORCE }
    case .commandEnded(let status):
      if !isOver {
        endedAt = time
        self.status = status
      }
      isCommandOver = true
      require(actions == [.reapCommand], "a command that has ended is reaped")
    case .noDescendantLeft:
      isNoneLeft = true
      isOverAt = isOverAt ?? time
    case .descendantsLeft:
      isAnyLeft = true
      if mayStay { isOverAt = isOverAt ?? time }
    case .told:
      if !isEnding { toldAt.append(time) }
      // What would have stayed does not.
      if isInterrupted && isAnyLeft && !isNoneLeft { isOverAt = nil }
    case .begin, .done, .time: break
    }
    for (index, action) in actions.enumerated() {
      require(
        !action.isAnswered || index == actions.count - 1, "what is answered is asked last")
      check(action)
      done.append(action)
      everDone.insert(action)
      if action.isAnswered { unanswered = action }
    }
  }

  // MARK: Actions

  private mutating func check(_ action: Action) {
    if action.isSignal { checkSignal(action) }
    switch action {
    case .createRecord: require(done.isEmpty, "the record is the first thing")
    case .lockRecord: follows(.createRecord, action)
    case .reserveRecord: follows(.lockRecord, action)
    case .createOutput: follows(.reserveRecord, action)
    case .writeStart:
      once(action)
      require(done.last == .createOutput, "the start is recorded when the output was tried")
      require(!isOutOfSpace(.createOutput), "without space for its output nothing is started")
    case .releaseLauncher: follows(.writeStart, action)
    case .spawn:
      once(action)
      require(done.last == .releaseLauncher, "the launcher's lock goes just before the spawn")
      spawnedAt = now
    case .writeCommand: follows(.spawn, action)
    case .reportLaunched:
      once(action)
      require(isRunning && done.last == .writeCommand, "a launch is told when the command runs")
    case .removeRecord:
      once(action)
      require(has(.createRecord) && !has(.spawn), "only a record of nothing is removed")
    case .reportDeadline: checkDeadline()
    case .continueGroup:
      require(done.last == .terminateGroup, "who is to end goes on to hear it, at once")
    case .terminateGroup, .terminateChildren, .killChildren: break
    case .reportTold:
      once(action)
      require(!toldAt.isEmpty, "only what was heard is told")
    case .reapCommand: require(isCommandOver, "only what has ended is reaped")
    case .nameSurvivors: checkSurvivors()
    case .collect: checkCollect()
    case .scrub: checkScrub()
    case .writeEnd: checkEnd()
    case .reportEnded: checkReportOfEnd()
    case .reportShortage, .reportRefused: checkReportOfNothing()
    case .exit: require(isReported, "an exit is said before, and once")
    }
  }

  private mutating func once(_ action: Action) {
    require(!has(action), "\(action) comes once")
  }

  private mutating func follows(_ before: Action, _ action: Action) {
    once(action)
    require(done.last == before, "\(action) follows \(before)")
    require((results[before] ?? -1) >= 0, "\(action) follows success")
  }

  private func isOutOfSpace(_ action: Action) -> Bool {
    [ENOSPC, EDQUOT].contains { results[action] == Int64(-$0) }
  }

  private var isReported: Bool {
    done.count { $0 == .reportEnded || $0 == .reportShortage || $0 == .reportRefused } == 1
      && (done.last == .reportEnded || done.last == .reportShortage || done.last == .reportRefused)
  }

  private mutating func checkSignal(_ action: Action) {
    require(isRunning, "no signal before the command runs")
    require(!isNoneLeft, "no signal when no descendant is left")
    require(!isEnding, "no signal after the end")
    let isReaped = has(.reapCommand)
    let isStopping = cause != FLOW_CAUSE_ITSELF || stopAsked || forceAsked
    if isReaped {
      require(isAnyLeft, "after the command only those that are left are signalled")
      require(
        isStopping || !keepsStragglers || isInterrupted, "stragglers that may stay are left alone")
    }
    if action == .killChildren {
      let isGraceOver = terminatedAt.map { now - $0 >= grace } ?? false
      require(forceAsked || isGraceOver, "a kill comes by force or after the grace")
      if killedAt == nil { killedAt = now }
      return
    }
    if action != .terminateChildren { once(action) }
    if action == .continueGroup { return }
    require(killedAt == nil, "after a kill there is no termination")
    require(!forceAsked, "force knows no grace")
    require((action == .terminateChildren) == isReaped, "a group is named by its leader")
    require(isReaped || cause != FLOW_CAUSE_ITSELF, "a command is not stopped without a cause")
    if terminatedAt == nil { terminatedAt = now }
  }

  private mutating func checkDeadline() {
    once(.reportDeadline)
    require(cause == FLOW_CAUSE_ITSELF && !isCommandOver, "a deadline comes before other ends")
    guard let timeout, let spawnedAt else { return breaks("a deadline without a timeout") }
    require(now - spawnedAt >= timeout, "a deadline is not early")
    cause = FLOW_CAUSE_DEADLINE
    wasLate = !(toldAt.last.map { now - $0 <= grace } ?? false)
  }

  private mutating func checkSurvivors() {
    once(.nameSurvivors)
    require(!isNoneLeft, "a descendant survives")
    guard let killedAt else { return breaks("survivors were killed before") }
    require(now - killedAt >= 30_000_000, "survivors had 30 seconds")
    if isOnTime { require(now - killedAt == 30_000_000, "they have no more than 30 seconds") }
  }

  /// An end comes as soon as it may; where the attempt has secrets, its output is scrubbed first.
  private mutating func checkScrub() {
    require(hasSecrets && !has(.writeEnd), "secrets are masked before the end is written")
    if has(.scrub) {
      require(lacksSpace(for: .scrub), "only a scrub without space is repeated")
    } else if !isEnding {
      checkTime()
    }
  }

  /// What is put out by an attempt that succeeds is copied before anything else of its end.
  private mutating func checkCollect() {
    require(hasOutputs && hasSucceeded, "only a success has outputs")
    // Unless a process was given up before, and ended after all.
    require(!has(.scrub) && !has(.writeEnd) || has(.nameSurvivors), "outputs are copied first")
    if has(.collect) {
      require(lacksSpace(for: .collect), "only a copy without space is repeated")
    } else if !isEnding {
      checkTime()
    }
  }

  private var hasSucceeded: Bool { status == .exited(0) && cause == FLOW_CAUSE_ITSELF }

  private mutating func checkEnd() {
    if has(.writeEnd) {
      require(lacksSpaceForEnd, "only an end without space is written again")
      return
    }
    require(
      has(.scrub) == hasSecrets && !lacksSpace(for: .scrub), "secrets are masked before the end")
    if !isEnding { checkTime() }
    require(
      !hidesInterruption || !isInterrupted, "what its run does not know is not written")
  }

  private mutating func checkTime() {
    let isLaunchFailed = !isRunning && (has(.spawn) || (results[.createOutput] ?? 0) < 0)
    if let isOverAt, !isHeldBack {
      require(now == isOverAt, "only an end that SIGTERM explains is held back")
    } else if let endedAt, let isOverAt, isOnTime {
      require(now <= max(isOverAt, endedAt + 500_000), "an end is held back for half a second")
    }
    require(
      isLaunchFailed || isNoneLeft || mayStay || has(.nameSurvivors)
        // It was over when a stop came, and its end was held back.
        || isHeldBack && isOverAt != nil,
      "an end is written when no descendant is left")
    if isOnTime, let terminatedAt, grace < .max {
      require(now - terminatedAt <= grace + 30_000_000, "an end comes within its bounds")
    }
  }

  private var mayStay: Bool {
    keepsStragglers && isCommandOver && isAnyLeft && cause == FLOW_CAUSE_ITSELF && !stopAsked
      && !forceAsked && !isInterrupted
  }

  /// Whether SIGTERM explains the end, which may be held back for a reason.
  private var isHeldBack: Bool {
    status == .signalled(SIGTERM) || status == .exited(143)
  }

  /// Whether the system ended the attempt, which did not succeed.
  private var isInterrupted: Bool {
    guard let endedAt, let status, status != .exited(0) else { return false }
    guard cause == FLOW_CAUSE_ITSELF || (cause == FLOW_CAUSE_DEADLINE && !wasLate) else {
      return false
    }
    // To die of the signal that both have heard takes a moment, however short the grace is.
    let before = isHeldBack ? max(grace, 500_000) : grace
    return toldAt.contains { told in
      let latest = endedAt + 500_000
      return told <= latest && (told > endedAt || endedAt - told <= before)
    }
  }

  private var lacksSpaceForEnd: Bool { lacksSpace(for: .writeEnd) }

  private func lacksSpace(for action: Action) -> Bool {
    let result = results[action] ?? 0
    return [ENOSPC, EDQUOT, EINTR].contains { result == Int64(-$0) }
  }

  private mutating func checkReportOfEnd() {
    let isHidden = hidesInterruption && isInterrupted
    require(has(.writeEnd) != isHidden, "an end is written before it is told, unless it is hidden")
    require(!lacksSpaceForEnd, "without space an end waits")
    require(has(.reportLaunched) == isRunning, "a launch is told before the end")
  }

  private mutating func checkReportOfNothing() {
    require(!has(.spawn), "nothing was started")
    require(!has(.releaseLauncher), "the launcher's lock was held until the exit")
    if results[.createRecord] == 0 { require(has(.removeRecord), "a record of nothing is removed") }
  }

  // MARK: The end

  func brokenAtTheEnd(_ end: flow_record_end) -> [String] {
    var broken: [String] = []
    let isLaunched = has(.spawn) || (results[.createOutput] ?? 0) < 0 && has(.writeEnd)
    if isLaunched != has(.releaseLauncher) { broken.append("the launcher's lock was not let go") }
    if !has(.spawn) && has(.reportShortage) { return broken }
    let expected = isRunning ? cause : FLOW_CAUSE_ITSELF
    if has(.spawn) && end.cause != expected { broken.append("its cause is \(end.summary)") }
    if !hasExited { broken.append("it did not exit") }
    let wasCopied = has(.collect) && !lacksSpace(for: .collect)
    if wasCopied != (hasOutputs && hasSucceeded), end.unkillable == 0, has(.writeEnd) {
      broken.append("its outputs were \(wasCopied ? "" : "not ")copied")
    }
    if has(.spawn) && end.unkillable == 0 && end.was_interrupted != isInterrupted {
      broken.append("it is \(end.was_interrupted ? "" : "not ")interrupted: \(end.summary)")
    }
    if end.is_unscrubbed != (hasSecrets && ((results[.scrub] ?? 0) < 0 || end.unkillable > 0)),
      has(.writeEnd), !isNoneLeft
    {
      broken.append("it is \(end.is_unscrubbed ? "" : "not ")marked as unscrubbed")
    }
    if !isDecodable(end) { broken.append("its end cannot be decoded: \(end.summary)") }
    return broken
  }

  private func isDecodable(_ end: flow_record_end) -> Bool {
    var bytes = [UInt8](repeating: 0, count: Int(FLOW_RECORD_SIZE))
    var end = end
    var record = flow_record()
    unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe flow_record_encode_end(&end, base + Int(FLOW_RECORD_END_OFFSET))
      unsafe flow_record_decode(base, buffer.count, &record)
    }
    return record.end_state == FLOW_PART_VALID && record.end.summary == end.summary
      && record.end.was_interrupted == end.was_interrupted
      && record.end.is_unscrubbed == end.is_unscrubbed
      && record.end.duration_us == end.duration_us && record.end.stragglers == end.stragglers
      && record.end.unkillable == end.unkillable
  }
}
