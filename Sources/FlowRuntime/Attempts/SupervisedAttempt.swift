import FlowCore

/// Where one attempt stands in the eyes of its engine, from its launch to its end.
///
///     queued ─▶ sent ─▶ running ─▶ (watched) ─▶ ended
///       ▲ ▲      │ │                  ▲
///       │ │      │ └──▶ unsettled ────┤
///       │ └── outOfRoom     │         ▼
///       └───────────────────┘    unwatched
struct SupervisedAttempt {
  enum Phase: Hashable {
    /// To be sent when there is a launcher.
    case queued
    /// The launcher has it, and has told nothing of it yet.
    case sent
    /// Nothing was started, for want of room or by the death of its monitor; it is sent again later.
    case outOfRoom
    /// It was sent, and whether anything came of it only its record can tell.
    case unsettled
    /// It runs, and the launcher tells when its monitor is gone.
    case running(monitorID: Int32)
    /// It runs, and the host tells when its monitor is gone.
    case watched(monitorID: Int32)
    /// Nobody tells when its monitor is gone, but the lock of its record.
    case unwatched
  }

  let request: LaunchRequest
  private(set) var phase: Phase
  /// Whether the engine knows that it was launched.
  private(set) var isLaunchTold = false
  private var isDeadlineTold = false
  /// What its monitor is to be told once it can be reached.
  private(set) var pendingStop: ProcessSignal?
  /// Whether it is on the list of those to be looked at again.
  var isPolled = false
  /// When its record could not be read for the first time; nil if it could at the last look.
  var unreadableSince: Instant?

  /// One that is to be launched.
  init(_ request: LaunchRequest, isSent: Bool) {
    self.request = request
    phase = isSent ? .sent : .queued
  }

  /// One that an earlier engine launched.
  ///
  /// - Parameter monitorID: of a monitor that is watched; nil if none is.
  init(survivor request: LaunchRequest, monitorID: Int32?) {
    self.request = request
    phase = monitorID.map { .watched(monitorID: $0) } ?? .unwatched
    isLaunchTold = true
  }

  /// The monitor that can be told to stop it.
  var monitorID: Int32? {
    switch phase {
    case .running(let monitorID), .watched(let monitorID): monitorID
    case .queued, .sent, .outOfRoom, .unsettled, .unwatched: nil
    }
  }

  /// Whether nothing happens to it by itself: it must be looked at again.
  var needsLook: Bool {
    switch phase {
    case .unwatched: true
    case .running: pendingStop != nil
    case .watched: pendingStop != nil || !isLaunchTold
    case .queued, .sent, .outOfRoom, .unsettled: false
    }
  }

  // MARK: What the engine wants

  enum OnSend { case send, ignored }

  mutating func send() -> OnSend {
    switch phase {
    case .queued: phase = .sent
    case .sent, .outOfRoom, .unsettled, .running, .watched, .unwatched: return .ignored
    }
    return .send
  }

  enum OnStop {
    /// Nothing of it was started, and nothing will be.
    case withdraw
    /// Its monitor can be told.
    case deliver
    /// It is done as soon as there is a monitor to tell, or nothing is left to stop.
    case remembered
  }

  mutating func stop(force: Bool) -> OnStop {
    if pendingStop != .force { pendingStop = force ? .force : .stop }
    switch phase {
    case .queued, .outOfRoom: return .withdraw
    case .sent, .unsettled, .unwatched: return .remembered
    case .running, .watched: return .deliver
    }
  }

  /// Its monitor was told to stop it, or is gone.
  mutating func stopDelivered() {
    pendingStop = nil
  }

  // MARK: What is told of it

  enum OnLaunched {
    case tell
    /// The launcher that would tell of its monitor is gone.
    case tellAndLook
    case ignored
  }

  mutating func launched(by monitorID: Int32) -> OnLaunched {
    switch phase {
    case .sent: phase = .running(monitorID: monitorID)
    case .unsettled: return tellOnce() ? .tellAndLook : .ignored
    case .watched, .unwatched: break
    // Said of an earlier try, or again.
    case .queued, .outOfRoom, .running: return .ignored
    }
    return tellOnce() ? .tell : .ignored
  }

  /// - Returns: false if the engine knows already that it was launched.
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
    case .queued, .sent, .outOfRoom, .unsettled: return .ignored
    }
  }

  enum OnEnded { case tell, ignored }

  func ended() -> OnEnded {
    switch phase {
    case .sent, .unsettled, .running, .watched, .unwatched: .tell
    // Said of an earlier try.
    case .queued, .outOfRoom: .ignored
    }
  }

  enum OnNoRoom { case wait, withdraw, ignored }

  mutating func noRoom() -> OnNoRoom {
    switch phase {
    case .sent: phase = .outOfRoom
    // Its record will say so; or it was said of an earlier try.
    case .unsettled, .queued, .outOfRoom, .running, .watched, .unwatched: return .ignored
    }
    return pendingStop == nil ? .wait : .withdraw
  }

  enum OnRefused {
    case tell
    /// A monitor that nobody knows of has made the record before.
    case look
    case ignored
  }

  mutating func refused(becauseRecordExists: Bool) -> OnRefused {
    switch phase {
    case .sent, .unsettled:
      guard becauseRecordExists else { return .tell }
      phase = .unsettled
      return .look
    case .queued, .outOfRoom, .running, .watched, .unwatched: return .ignored
    }
  }

  enum OnMonitorGone { case look, ignored }

  func monitorGone() -> OnMonitorGone {
    switch phase {
    case .sent, .running: .look
    // What watches it tells, or the end of the launcher that had it.
    case .queued, .outOfRoom, .unsettled, .watched, .unwatched: .ignored
    }
  }

  func watchedGone() -> OnMonitorGone {
    switch phase {
    case .watched: .look
    case .queued, .sent, .outOfRoom, .unsettled, .running, .unwatched: .ignored
    }
  }

  enum OnLauncherGone {
    /// Its monitor is to be watched.
    case look
    /// When no fork is in flight any more, its record tells.
    case settleLater
    case ignored
  }

  mutating func launcherGone() -> OnLauncherGone {
    switch phase {
    case .sent, .unsettled: phase = .unsettled
    case .running: return .look
    case .queued, .outOfRoom, .watched, .unwatched: return .ignored
    }
    return .settleLater
  }

  /// The wait for room is over.
  mutating func tryAgain() -> OnSend {
    switch phase {
    case .outOfRoom: phase = .queued
    case .queued, .sent, .unsettled, .running, .watched, .unwatched: return .ignored
    }
    return .send
  }

  // MARK: What its record tells

  enum OnNeverLaunched {
    case sendAgain
    /// What became of it once may become of it again.
    case sendLater
    case withdraw
    /// It was launched, whatever the record says that is not there any more.
    case lost
  }

  mutating func neverLaunched() -> OnNeverLaunched {
    if isLaunchTold { return .lost }
    if pendingStop != nil { return .withdraw }
    switch phase {
    case .unsettled:
      phase = .queued
      return .sendAgain
    case .sent, .unwatched, .running, .watched:
      phase = .outOfRoom
      return .sendLater
    case .queued, .outOfRoom: preconditionFailure("nothing was sent of what is looked for")
    }
  }

  mutating func watch(monitorID: Int32) {
    phase = .watched(monitorID: monitorID)
  }

  mutating func unwatch() {
    phase = .unwatched
  }
}
