import FlowCore

/// The state of one attempt as its supervisor knows it, from its launch to its end.
///
///     queued ─▶ sent ─▶ running ─▶ (watched) ─▶ ended
///       ▲ ▲       │ │                 ▲
///       │ │       │ └─▶ unsettled ────┤
///       │ └─── delayed     │          ▼
///       └──────────────────┘      unwatched
struct SupervisedAttempt {
  enum Phase: Hashable {
    /// Waits for a launcher.
    case queued
    /// The launcher has the request, and has reported nothing yet.
    case sent
    /// Nothing was started, because the machine lacked something or the monitor died; it is sent
    /// again later.
    case delayed
    /// It was sent, and only its record can tell whether it was launched.
    case unsettled
    /// It runs, and the launcher reports the end of its monitor.
    case running(monitorID: Int32)
    /// It runs, and the host reports the end of its monitor.
    case watched(monitorID: Int32)
    /// It may run, and only the lock of its record tells when its monitor is gone.
    case unwatched
  }

  let request: LaunchRequest
  private(set) var phase: Phase
  /// Whether the engine knows that it was launched.
  private(set) var isLaunchTold = false
  private var isDeadlineTold = false
  /// Whether its command was seen to run. Until then its monitor can still find no process for it, and
  /// leave nothing.
  private(set) var hasBegun = false
  private var isStopAsked = false
  /// The signal that its monitor gets once it can be reached.
  private(set) var pendingStop: ProcessSignal?
  /// When its monitor was told to kill it; nil once the monitor was seen to act.
  private(set) var forcedAt: Instant?
  /// Whether its record is being polled.
  var isPolled = false
  /// Since when its record cannot be read; nil if the last read succeeded.
  var unreadableSince: Instant?

  /// A new attempt.
  init(_ request: LaunchRequest, isSent: Bool) {
    self.request = request
    phase = isSent ? .sent : .queued
  }

  /// An attempt that an earlier engine launched.
  ///
  /// - Parameters:
  ///   - monitorID: of its monitor, if that is watched; otherwise nil.
  ///   - hasBegun: whether its record names its command.
  init(survivor request: LaunchRequest, monitorID: Int32?, hasBegun: Bool) {
    self.request = request
    phase = monitorID.map { .watched(monitorID: $0) } ?? .unwatched
    isLaunchTold = true
    self.hasBegun = hasBegun
  }

  /// The monitor that a stop can be sent to.
  var monitorID: Int32? {
    switch phase {
    case .running(let monitorID), .watched(let monitorID): monitorID
    case .queued, .sent, .delayed, .unsettled, .unwatched: nil
    }
  }

  /// Whether no message will ever settle it, so that its record must be polled.
  var needsLook: Bool {
    switch phase {
    case .unwatched: true
    case .running: pendingStop != nil || forcedAt != nil
    case .watched: pendingStop != nil || forcedAt != nil || !hasBegun
    case .queued, .sent, .delayed, .unsettled: false
    }
  }

  /// Whether it was sent, and its record can still tell what became of it.
  var awaitsExamination: Bool {
    switch phase {
    case .sent, .unsettled, .running, .watched, .unwatched: true
    case .queued, .delayed: false
    }
  }

  // MARK: Requests of the engine

  enum OnSend { case send, ignored }

  mutating func send() -> OnSend {
    switch phase {
    case .queued: phase = .sent
    case .sent, .delayed, .unsettled, .running, .watched, .unwatched: return .ignored
    }
    return .send
  }

  enum OnStop {
    /// Nothing was started, and nothing will be.
    case withdraw
    /// Its monitor can be told.
    case deliver
    /// The stop is sent as soon as its monitor is known, unless the attempt has ended by then.
    case remembered
  }

  mutating func stop(force: Bool) -> OnStop {
    isStopAsked = true
    if pendingStop != .force { pendingStop = force ? .force : .stop }
    switch phase {
    case .queued, .delayed: return .withdraw
    case .sent, .unsettled, .unwatched: return .remembered
    case .running, .watched: return .deliver
    }
  }

  /// Its monitor was told to stop it.
  mutating func stopDelivered(at now: Instant) {
    if pendingStop == .force { forcedAt = now }
    pendingStop = nil
  }

  /// Its monitor acts on what it was told, or is gone.
  mutating func stopSettled() {
    pendingStop = nil
    forcedAt = nil
  }

  // MARK: Messages

  enum OnLaunched {
    case tell
    /// The launcher that would report the end of its monitor is gone.
    case tellAndLook
    case ignored
  }

  mutating func launched(by monitorID: Int32) -> OnLaunched {
    switch phase {
    case .queued, .delayed: break
    case .sent, .unsettled, .running, .watched, .unwatched: begun()
    }
    switch phase {
    case .sent: phase = .running(monitorID: monitorID)
    case .unsettled: return tellOnce() ? .tellAndLook : .ignored
    case .watched, .unwatched: break
    // A message about an earlier try, or a repeated one.
    case .queued, .delayed, .running: return .ignored
    }
    return tellOnce() ? .tell : .ignored
  }

  /// Its command runs.
  mutating func begun() { hasBegun = true }

  /// - Returns: false if the engine was already told that it was launched.
  mutating func tellOnce() -> Bool {
    defer { isLaunchTold = true }
    return !isLaunchTold
  }

  enum OnDeadline { case tell, ignored }

  mutating func deadlinePassed() -> OnDeadline {
    switch phase {
    case .running, .watched, .unwatched:
      if isDeadlineTold || !isLaunchTold { return .ignored }
      isDeadlineTold = true
      return .tell
    case .queued, .sent, .delayed, .unsettled: return .ignored
    }
  }

  enum OnEnded { case tell, ignored }

  func ended() -> OnEnded {
    switch phase {
    case .sent, .unsettled, .running, .watched, .unwatched: .tell
    // A message about an earlier try.
    case .queued, .delayed: .ignored
    }
  }

  enum OnShortage { case wait, withdraw, ignored }

  mutating func lacks() -> OnShortage {
    switch phase {
    case .sent: phase = .delayed
    // Its record will tell; or it is a message about an earlier try.
    case .unsettled, .queued, .delayed, .running, .watched, .unwatched: return .ignored
    }
    return isStopAsked ? .withdraw : .wait
  }

  enum OnRefused {
    case tell
    /// Another monitor, which this engine does not know of, has made the record.
    case look
    case ignored
  }

  mutating func refused(becauseRecordExists: Bool) -> OnRefused {
    switch phase {
    case .sent, .unsettled:
      guard becauseRecordExists else { return .tell }
      phase = .unsettled
      return .look
    case .queued, .delayed, .running, .watched, .unwatched: return .ignored
    }
  }

  enum OnMonitorGone { case look, ignored }

  func monitorGone() -> OnMonitorGone {
    switch phase {
    case .sent, .running: .look
    // Its watch will report the end, or the end of its launcher settles it.
    case .queued, .delayed, .unsettled, .watched, .unwatched: .ignored
    }
  }

  func watchedGone() -> OnMonitorGone {
    switch phase {
    case .watched: .look
    case .queued, .sent, .delayed, .unsettled, .running, .unwatched: .ignored
    }
  }

  enum OnLauncherGone {
    /// Its monitor must be watched from now on.
    case look
    /// Its record tells once no fork is in flight.
    case settleLater
    case ignored
  }

  mutating func launcherGone() -> OnLauncherGone {
    switch phase {
    case .sent, .unsettled: phase = .unsettled
    case .running: return .look
    case .queued, .delayed, .watched, .unwatched: return .ignored
    }
    return .settleLater
  }

  /// The delay before the next try is over.
  mutating func tryAgain() -> OnSend {
    switch phase {
    case .delayed: phase = .queued
    case .queued, .sent, .unsettled, .running, .watched, .unwatched: return .ignored
    }
    return .send
  }

  // MARK: Findings in its record

  enum OnNeverLaunched {
    case sendAgain
    /// After a delay: the launch that came to nothing may do so again.
    case sendLater
    case withdraw
    /// It was launched, though its record is gone.
    case lost
  }

  mutating func neverLaunched() -> OnNeverLaunched {
    if hasBegun { return .lost }
    if isStopAsked { return .withdraw }
    switch phase {
    case .unsettled:
      phase = .queued
      return .sendAgain
    case .sent, .unwatched, .running, .watched:
      phase = .delayed
      return .sendLater
    case .queued, .delayed: preconditionFailure("an attempt is examined that was not sent")
    }
  }

  mutating func watch(monitorID: Int32) {
    phase = .watched(monitorID: monitorID)
  }

  mutating func unwatch() {
    phase = .unwatched
  }
}
