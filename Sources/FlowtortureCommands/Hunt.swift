import CLinux
import FlowCommandLine
import FlowStorage
import FlowSystem
import Glibc

/// Plays many rounds, several at a time. Each has its own process, so that its descendants are the processes
/// of this round alone.
final class Hunt {
  private struct Playing {
    let seed: UInt64
    /// The reading end of the pipe for the output of the round.
    let descriptor: Int32
    let startedAt: Int
  }

  private let options: TortureOptions
  private let workspace: TortureWorkspace
  private let output: StandardStream
  private let errors: StandardStream
  private var playing: [Int32: Playing] = [:]
  private var totals = RoundTotals()
  private var nextSeed: UInt64
  private var broken: [String] = []
  private var isInterrupted = false

  private static let wordMicroseconds = 10_000_000
  /// Longer than a round that uses up all its time limits.
  private static let roundMicroseconds = 300_000_000

  init(
    _ options: TortureOptions, _ workspace: TortureWorkspace, _ output: StandardStream,
    _ errors: StandardStream
  ) {
    self.options = options
    self.workspace = workspace
    self.output = output
    self.errors = errors
    nextSeed = options.seed
  }

  func run() throws(RoundFailure) -> ExitCode {
    // This process adopts the orphans of a round that dies.
    _ = clinux_become_subreaper()
    if options.kind == .kills { sayWhatIsNotTested() }
    say("first seed \(options.seed), in \(workspace.folder)")
    let signals = Self.blockSignals()
    let start = RoundWorld.now
    var nextWord = start + Self.wordMicroseconds
    while true {
      while playing.count < options.parallel, goesOn(since: start) { try startRound() }
      if playing.isEmpty { break }
      wait(for: signals, until: nextWord)
      if isInterrupted { break }
      if RoundWorld.now >= nextWord {
        say(text(since: start))
        nextWord = RoundWorld.now + Self.wordMicroseconds
      }
      killOverdue()
    }
    finish()
    output.write("\(text(since: start))\n")
    if isInterrupted || !broken.isEmpty { return .environment }
    return totals.violations == 0 ? .success : .runFailed
  }

  private func sayWhatIsNotTested() {
    if geteuid() != 0 { say("full disks are not tested, because that needs root") }
    if !ProcessLimit.isPossible(workspace, seed: options.seed) {
      say(
        "limits of processes are not tested: that needs root, and a folder that all users can reach"
      )
    }
  }

  private func say(_ text: String) {
    errors.write("flowtorture: \(text)\n")
    errors.flush()
  }

  private func goesOn(since start: Int) -> Bool {
    if isInterrupted || !broken.isEmpty { return false }
    if let most = options.most, totals[keyPath: options.kind.counter] >= most { return false }
    guard let minutes = options.minutes else { return true }
    return RoundWorld.now - start < minutes * 60_000_000
  }

  // MARK: Rounds

  private func startRound() throws(RoundFailure) {
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else {
      throw RoundFailure(text: "cannot create a pipe: error \(errno)")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { _ = close(ends[1]) }
    var line = [workspace.program] + (options.kind.subcommand.map { [$0] } ?? [])
    line += ["--round", "--seed", String(nextSeed)]
    line += ["--flow", workspace.flow, "--folder", workspace.folder]
    if let mode = options.mode { line += ["--kill", mode.rawValue] }
    do throws(Errno) {
      let process = try ChildProcess.start(
        line, environment: [], output: .descriptor(ends[1]), errors: .descriptor(ends[1]))
      playing[process] = Playing(seed: nextSeed, descriptor: ends[0], startedAt: RoundWorld.now)
    } catch {
      throw RoundFailure(text: "cannot start a round: \(error)")
    }
    nextSeed &+= 1
  }

  private func killOverdue() {
    for (process, round) in playing
    where RoundWorld.now - round.startedAt > Self.roundMicroseconds { kill(process, SIGKILL) }
  }

  /// Adds the output of a finished round to the totals.
  private func ended(_ round: Playing, _ ending: CommandRecord.Ending) {
    var said: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = unsafe read(round.descriptor, &buffer, buffer.count), count > 0 {
      said += buffer[..<count]
    }
    _ = close(round.descriptor)
    var lines = String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
    guard ending == .exit(0) || ending == .exit(1), let last = lines.popLast(),
      let totals = RoundTotals(line: last)
    else {
      broken.append(
        "the round of seed \(round.seed) could not be played (\(ending)): \(String(decoding: said, as: UTF8.self))"
      )
      return
    }
    self.totals += totals
    for line in lines { output.write("\(line)\n") }
    if !lines.isEmpty { output.write("evidence: \(workspace.folder)/\(round.seed)\n") }
    output.flush()
  }

  /// Removes everything that rounds left, and the rounds that were interrupted.
  private func finish() {
    Descendant.killAll()
    for (_, round) in playing { RoundFolder(path: "\(workspace.folder)/\(round.seed)").remove() }
    for text in broken { say(text) }
    if isInterrupted { say("interrupted; the running rounds are discarded") }
    workspace.leave()
  }

  // MARK: Waiting

  private static func blockSignals() -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in [SIGCHLD, SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&set, number) }
    unsafe sigprocmask(SIG_BLOCK, &set, nil)
    return set
  }

  private func wait(for signals: sigset_t, until deadline: Int) {
    var signals = signals
    let left = max(0, deadline - RoundWorld.now)
    var timeout = timespec(tv_sec: left / 1_000_000, tv_nsec: left % 1_000_000 * 1_000)
    let number = unsafe sigtimedwait(&signals, nil, &timeout)
    if number > 0 && number != SIGCHLD { isInterrupted = true }
    var status: Int32 = 0
    while case let process = unsafe waitpid(-1, &status, WNOHANG), process > 0 {
      if let round = playing.removeValue(forKey: process) {
        ended(round, ChildProcess.ending(status))
      }
    }
  }

  /// What the rounds are about.
  private var subject: String {
    switch options.kind {
    case .kills: ""
    case .cuts: ", \(totals.cuts) cuts of the power"
    case .starters: ", \(totals.starters) starters"
    case .files:
      ", \(totals.publicationKills) kills amid publications (\(totals.publisherKills) of what publishes),"
        + " \(totals.cuts) cuts of the power"
    }
  }

  private func text(since start: Int) -> String {
    let seconds = max(1, (RoundWorld.now - start) / 1_000_000)
    return """
      \(seconds) s, \(totals.rounds) rounds\(subject): \(totals.engineKills) engines killed \
      (\(totals.launcherKills) launchers, \(totals.monitorKills) monitors), \
      \(totals.restarts) restarts, \(totals.cancels) cancels, \(totals.fullDisks) full disks, \
      \(totals.locksRemoved) locks removed, \(totals.shutdowns) shutdowns, \
      \(totals.suspensions) processes suspended, \(totals.limits) limits of processes; \
      \(totals.attempts) attempts, \(totals.items) items, \(totals.refused) conditions false, \
      \(totals.questions) questions, \(totals.answers) answers (\(totals.counted) counted, \
      \(totals.kept) kept), \(totals.lives) engine lives, \
      \(totals.reattached) reattached, \(totals.lost) lost, \(totals.interrupted) interrupted; \
      \(totals.violations) violations
      """
  }
}
