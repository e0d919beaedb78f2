package import FlowSystem

/// Everything that is known about a finished round; the checkers read it.
package struct RoundRecord: Sendable {
  package var plan: RoundPlan
  /// `flow events --json`, line by line.
  package var lines: [String] = []
  package var history: [HistoryEvent] = []
  package var ledger: [LedgerLine] = []
  /// Invalid lines of the ledger.
  package var foreignLines: [String] = []
  /// `flow status --json` at the end.
  package var status = StatusReport(state: "running")
  /// What `flow status --json` printed earlier.
  package var statuses: [StatusReport] = []
  /// What `flow events` printed, each from the first event.
  package var eventTexts: [String] = []
  /// What engines printed as events.
  package var engineTexts: [String] = []
  package var commands: [CommandRecord] = []
  package var stragglers: [Straggler] = []
  package var outputs: [OutputRecord] = []
  /// Requests to cancel in the run's folder.
  package var requests: [RequestRecord] = []
  /// Processes of steps that ask.
  package var processesOfQuestions: [String] = []
  /// Attempts whose monitors were killed.
  package var killedMonitors: Set<AttemptName> = []
  /// Whether a launcher was killed. It would have found the processes of a killed monitor.
  package var hasKilledLaunchers = false
  /// How many monitors were killed before they opened the record of their attempt.
  package var nameless = 0
  /// When monitors were told to end, by attempt.
  package var toldMonitors: [AttemptName: [ClosedRange<Int>]] = [:]
  /// How many monitors were told to end before they opened the record of their attempt.
  package var namelessTold = 0
  /// Attempts whose monitors were stopped for a while.
  package var suspendedMonitors: Set<AttemptName> = []
  /// When all processes were dead, and the power was cut.
  package var cuts: [Int] = []
  /// Whether processes were ever limited.
  package var wasLimited = false
  /// Whether the disk was ever filled.
  package var wasDiskFull = false
  /// The longest delay of a wake-up of this process, which shows how busy the machine is.
  package var lateMicroseconds = 0
  /// For how long processes were paused in total.
  package var pausedMicroseconds = 0
  /// CLOCK_MONOTONIC at the end of the round.
  package var endedAt = 0

  package init(plan: RoundPlan) {
    self.plan = plan
  }

  /// Added to every time limit: one second, which flow allows itself, and the delays of the machine.
  package var slackMicroseconds: Int {
    1_000_000 + 500_000 + 4 * lateMicroseconds + pausedMicroseconds
  }

  /// Whether the power was cut while the attempt had no end.
  func wasCut(_ attempt: Story.Attempt?) -> Bool {
    guard let attempt else { return false }
    let begin = attempt.firstScheduled.microseconds
    let end = attempt.ended?.microseconds ?? .max
    return cuts.contains { begin <= $0 && $0 <= end }
  }

  /// How much older than a report the time of its event can be: an engine reads the clock before it reads
  /// reports.
  package var readMicroseconds: Int { 50_000 + 4 * lateMicroseconds + pausedMicroseconds }
}

/// A process of `flow` that the torture started.
package struct CommandRecord: Equatable, Sendable {
  package enum Kind: String, Sendable {
    case run, restart, restartFailed, cancel, reader, answer
    /// A run of the same workflow that has ended before.
    case earlierRun

    /// Whether such a process drives the run, or may begin to.
    package var drives: Bool { ![.reader, .answer, .earlierRun].contains(self) }
  }

  package typealias Ending = ChildProcess.Ending

  package var kind: Kind
  package var process: Int32
  package var startedAt: Int
  /// Nil while it is alive.
  package var endedAt: Int?
  package var ending: Ending?
  package var wasKilled = false
  package var wasTerminated = false
  package var wasInterrupted = false
  /// Whether the run, its lock, disk space or processes were missing at any time during its life.
  package var sawRunMissing = false
  package var sawLockRemoved = false
  package var sawDiskFull = false
  package var sawLimit = false
  package var errors = ""
  /// What it says, if it is an answer.
  package var answer: GivenAnswer?

  package init(_ kind: Kind, process: Int32, startedAt: Int) {
    self.kind = kind
    self.process = process
    self.startedAt = startedAt
  }
}

/// What a process of `flow answer` says. Its note tells it from all others.
package struct GivenAnswer: Equatable, Sendable {
  package let step: String
  package let approves: Bool
  package let note: String
  package let value: String?

  package init(_ step: String, approves: Bool, note: String, value: String? = nil) {
    self.step = step
    self.approves = approves
    self.note = note
    self.value = value
  }

  /// As the history should have it.
  package var recorded: RecordedAnswer {
    RecordedAnswer(approves ? "approved" : "rejected", note: note, value: value)
  }
}

/// A process that was alive after the end of the run.
package struct Straggler: Equatable, Sendable {
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

/// The output of an attempt.
package struct OutputRecord: Equatable, Sendable {
  package let attempt: AttemptName
  package let byteCount: Int
  /// How many bytes from the first are right.
  package let rightCount: Int

  package init(_ attempt: AttemptName, byteCount: Int, rightCount: Int? = nil) {
    self.attempt = attempt
    self.byteCount = byteCount
    self.rightCount = rightCount ?? byteCount
  }
}

/// A request to cancel in the run's folder.
package struct RequestRecord: Equatable, Sendable {
  /// Spelled as in the history.
  package let id: String
  /// Its age at the end of the round.
  package let ageMicroseconds: Int

  package init(id: String, ageMicroseconds: Int) {
    self.id = id
    self.ageMicroseconds = ageMicroseconds
  }
}
