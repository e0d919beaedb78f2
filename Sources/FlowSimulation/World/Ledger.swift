package import FlowCore

/// What really happened to the attempts, whatever the history says. Checkers compare the two.
package struct Ledger: Equatable, Sendable {
  /// One monitor, and what it has started.
  package struct Entry: Equatable, Sendable {
    package let attempt: AttemptID
    package let task: AttemptTask
    /// The life of the engine that asked for it.
    package let life: Int
    /// When the monitor was forked.
    package let forkedAt: WorldTime
    /// When the command was started, or could not be; nil before.
    package fileprivate(set) var startedAt: WorldTime?
    /// When the command itself ended.
    package fileprivate(set) var endedAt: WorldTime?
    /// How the command itself ended; nil while it runs, and for ever where the machine lost power.
    package fileprivate(set) var result: AttemptEnd.Result?
    /// How many of its processes live that can be killed, the command included.
    package fileprivate(set) var living = 0
    /// How many of its processes live that cannot be killed, the command included.
    package fileprivate(set) var unkillable = 0
    /// Whether any of its processes could not be killed.
    package fileprivate(set) var hadUnkillable = false
    /// When the last process ended that could be killed.
    package fileprivate(set) var clearedAt: WorldTime?
    /// How many descendants it started.
    package fileprivate(set) var descendants = 0
    /// When its monitor was first told to stop, and when to kill.
    package fileprivate(set) var stopAskedAt: WorldTime?
    package fileprivate(set) var forceAskedAt: WorldTime?
    /// When its monitor heard that the system ends everything.
    package fileprivate(set) var toldToEndAt: [WorldTime] = []
    package fileprivate(set) var monitorEndedAt: WorldTime?
    /// Whether the monitor was killed.
    package fileprivate(set) var wasMonitorKilled = false
    /// Whether the monitor was stopped for a while, and enforced nothing.
    package fileprivate(set) var wasMonitorStopped = false
    /// Whether the attempt record lacks the end of the attempt, because the disk refused it.
    package fileprivate(set) var lacksRecord = false
    package fileprivate(set) var lostPower = false
    /// What its command has put out, by the places of its step's outputs; nil where its monitor has not
    /// looked.
    package fileprivate(set) var outputs: [[UInt8]]?
    /// What is wrong with that.
    package fileprivate(set) var outputFault: OutputFault?

    package var isProbe: Bool { task == .probe }
    package var commandRuns: Bool { startedAt != nil && endedAt == nil && !lostPower }
    package var isStarted: Bool { startedAt != nil }
  }

  /// A fault of the machine, or of a process on it, that can cost attempts their work.
  package struct Mishap: Equatable, Sendable {
    package let cause: HazardCause
    package let time: WorldTime
  }

  /// In the order in which their monitors were forked.
  package private(set) var entries: [Entry] = []
  /// In the order in which they struck.
  package private(set) var mishaps: [Mishap] = []

  package init() {}

  /// How many commands run now.
  package var running: Int { entries.count(where: \.commandRuns) }

  package mutating func befell(_ cause: HazardCause, at now: WorldTime) {
    mishaps.append(Mishap(cause: cause, time: now))
  }

  // MARK: Monitors

  /// - Returns: the index of the entry.
  package mutating func forked(
    _ attempt: AttemptID, _ task: AttemptTask = .command, life: Int, at now: WorldTime
  ) -> Int {
    entries.append(Entry(attempt: attempt, task: task, life: life, forkedAt: now))
    return entries.count - 1
  }

  package mutating func monitorEnded(_ index: Int, wasKilled: Bool, at now: WorldTime) {
    entries[index].monitorEndedAt = now
    entries[index].wasMonitorKilled = wasKilled
  }

  package mutating func monitorStopped(_ index: Int) {
    entries[index].wasMonitorStopped = true
  }

  package mutating func stopAsked(_ index: Int, force: Bool, at now: WorldTime) {
    if force {
      if entries[index].forceAskedAt == nil { entries[index].forceAskedAt = now }
    } else if entries[index].stopAskedAt == nil {
      entries[index].stopAskedAt = now
    }
  }

  package mutating func toldToEnd(_ index: Int, at now: WorldTime) {
    entries[index].toldToEndAt.append(now)
  }

  package mutating func recordWritten(_ index: Int, failed: Bool) {
    entries[index].lacksRecord = failed
  }

  package mutating func putOut(_ index: Int, _ outputs: [[UInt8]], _ fault: OutputFault?) {
    entries[index].outputs = outputs
    entries[index].outputFault = fault
  }

  // MARK: Commands

  package mutating func notStarted(_ index: Int, _ failure: LaunchFailure, at now: WorldTime) {
    entries[index].startedAt = now
    entries[index].endedAt = now
    entries[index].clearedAt = now
    entries[index].result = .launchFailed(failure)
  }

  package mutating func commandStarted(
    _ index: Int, isUnkillable: Bool = false, at now: WorldTime
  ) {
    entries[index].startedAt = now
    count(index, isUnkillable, 1, at: now)
  }

  package mutating func commandEnded(
    _ index: Int, _ result: AttemptEnd.Result, isUnkillable: Bool = false, at now: WorldTime
  ) {
    entries[index].endedAt = now
    entries[index].result = result
    count(index, isUnkillable, -1, at: now)
  }

  package mutating func descendantStarted(
    _ index: Int, isUnkillable: Bool = false, at now: WorldTime
  ) {
    entries[index].descendants += 1
    count(index, isUnkillable, 1, at: now)
  }

  package mutating func descendantEnded(
    _ index: Int, isUnkillable: Bool = false, at now: WorldTime
  ) {
    count(index, isUnkillable, -1, at: now)
  }

  private mutating func count(
    _ index: Int, _ isUnkillable: Bool, _ change: Int, at now: WorldTime
  ) {
    if isUnkillable {
      entries[index].hadUnkillable = true
      entries[index].unkillable += change
    } else {
      entries[index].living += change
    }
    entries[index].clearedAt = entries[index].living == 0 ? now : nil
  }

  /// All processes are gone, and it is unknown how the commands ended.
  package mutating func powerLost(at now: WorldTime) {
    for index in entries.indices {
      let entry = entries[index]
      guard entry.commandRuns || entry.monitorEndedAt == nil || entry.living + entry.unkillable > 0
      else { continue }
      entries[index].lostPower = true
      if entry.startedAt != nil {
        entries[index].endedAt = entry.endedAt ?? now
        entries[index].clearedAt = entry.clearedAt ?? now
      }
      entries[index].monitorEndedAt = entry.monitorEndedAt ?? now
      entries[index].living = 0
      entries[index].unkillable = 0
    }
  }
}
