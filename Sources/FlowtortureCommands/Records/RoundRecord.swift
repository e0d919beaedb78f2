/// All that is known of a round once it is over: what oracles judge.
package struct RoundRecord: Sendable {
  package var plan: RoundPlan
  /// `flow events --json`, line by line.
  package var lines: [String] = []
  package var history: [HistoryEvent] = []
  package var ledger: [LedgerLine] = []
  /// Lines of the ledger that cannot be read.
  package var foreignLines: [String] = []
  /// `flow status --json` at the end.
  package var status = StatusReport(state: "running")
  /// What was said before.
  package var statuses: [StatusReport] = []
  /// Of `events`, each from the first line on.
  package var eventTexts: [String] = []
  /// Of engines that print events.
  package var engineTexts: [String] = []
  package var commands: [CommandRecord] = []
  package var leftovers: [Leftover] = []
  package var outputs: [OutputRecord] = []
  /// Requests to cancel that lie in the run's folder.
  package var requests: [RequestRecord] = []
  /// Attempts whose monitors were killed.
  package var killedMonitors: Set<AttemptName> = []
  /// Whether a launcher was killed, which is to find what a monitor that was killed has left.
  package var hasKilledLaunchers = false
  /// Monitors that were killed before they said of which attempt they were.
  package var nameless = 0
  /// Whether the disk was ever filled.
  package var wasDiskFull = false
  /// By how much this process itself was late at worst: on a machine that is busy, everybody is.
  package var lateMicroseconds = 0
  /// The longest that monitors were paused.
  package var pausedMicroseconds = 0
  /// When the round ended, by CLOCK_MONOTONIC.
  package var endedAt = 0

  package init(plan: RoundPlan) {
    self.plan = plan
  }

  /// What may be added to every bound: a second, as the contract has it, and what the machine takes.
  package var slackMicroseconds: Int {
    1_000_000 + 500_000 + 4 * lateMicroseconds + pausedMicroseconds
  }

  /// An engine looks at the clock when it wakes up, and then reads what it is told: that may be of a
  /// moment later.
  package var readMicroseconds: Int { 50_000 + 4 * lateMicroseconds + pausedMicroseconds }
}

/// A process of `flow` that the torture started.
package struct CommandRecord: Equatable, Sendable {
  package enum Kind: String, Sendable {
    case run, restart, restartFailed, cancel, reader
  }

  package enum Ending: Equatable, Sendable {
    case exit(Int)
    case signal(Int)
  }

  package var kind: Kind
  package var process: Int32
  package var startedAt: Int
  /// Nil while it lives.
  package var endedAt: Int?
  package var ending: Ending?
  package var wasKilled = false
  package var wasTerminated = false
  package var wasInterrupted = false
  /// Whether the run was there, and under its lock, all the time.
  package var sawRunMissing = false
  package var sawLockRemoved = false
  package var sawDiskFull = false
  package var errors = ""

  package init(_ kind: Kind, process: Int32, startedAt: Int) {
    self.kind = kind
    self.process = process
    self.startedAt = startedAt
  }
}

/// A process that was still there when the run had ended.
package struct Leftover: Equatable, Sendable {
  package enum Owner: Equatable, Sendable {
    case flow
    case step(AttemptName, hasEnvironment: Bool)
    case unknown
  }

  package let process: Int32
  package let owner: Owner
  package let line: String

  package init(_ process: Int32, _ owner: Owner, line: String = "") {
    self.process = process
    self.owner = owner
    self.line = line
  }
}

/// What an attempt printed.
package struct OutputRecord: Equatable, Sendable {
  package let attempt: AttemptName
  package let byteCount: Int
  /// How many bytes from the first on are what the step program prints there.
  package let rightCount: Int

  package init(_ attempt: AttemptName, byteCount: Int, rightCount: Int? = nil) {
    self.attempt = attempt
    self.byteCount = byteCount
    self.rightCount = rightCount ?? byteCount
  }
}

/// A request to cancel, as it lies in the run's folder.
package struct RequestRecord: Equatable, Sendable {
  /// As in the history.
  package let id: String
  /// How long before the end of the round it was made.
  package let ageMicroseconds: Int

  package init(id: String, ageMicroseconds: Int) {
    self.id = id
    self.ageMicroseconds = ageMicroseconds
  }
}
