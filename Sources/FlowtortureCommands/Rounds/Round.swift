import FlowStorage
import FlowSystem
import Glibc

/// A round that can be played once.
protocol PlayedRound {
  var totals: RoundTotals { get }

  /// Plays the round. Afterwards only the folder is left.
  ///
  /// - Returns: the violations.
  func play() throws(RoundFailure) -> [Violation]
}

/// One round: runs a workflow, disturbs it, and checks the properties.
final class Round: PlayedRound {
  let plan: RoundPlan
  let world: RoundWorld
  private let flow: String
  /// The path of the step program.
  private let program: String
  var folder: RoundFolder { world.folder }
  /// Nil unless the power is cut.
  let disk: ImageDisk?
  /// The round cannot be played on.
  var failure: RoundFailure?
  var record: RoundRecord
  var totals = RoundTotals()

  /// Time limit for the end of an undisturbed run. No step takes more than a few seconds.
  private static let liveMicroseconds = 60_000_000
  /// More for each attempt that the run needs beyond those of a few steps.
  private static let childMicroseconds = 40_000
  /// Time limit for a sign of life of a step.
  private static let stepMicroseconds = 300_000
  /// Time limit for a reader, or for an engine that did not get the run.
  private static let commandMicroseconds = 30_000_000

  init(_ plan: RoundPlan, _ folder: RoundFolder, flow: String, program: String) {
    self.plan = plan
    self.flow = flow
    self.program = program
    record = RoundRecord(plan: plan.withChildren)
    world = RoundWorld(folder, flow: flow)
    disk = plan.image.map { ImageDisk(folder, $0) }
    world.onEnd = { [unowned self] in ended($0, $1) }
  }

  func play() throws(RoundFailure) -> [Violation] {
    try prepare()
    var problems: [Violation] = []
    runEarlier()
    startRun()
    play(plan.beats)
    if record.cuts.isEmpty { cutPower(PowerCut(milliseconds: 0)) }
    problems += settle()
    if problems.isEmpty, let beats = plan.beatsAgain { problems += playAgain(beats) }
    record.stragglers = stragglers()
    if problems.isEmpty { problems += gather() }
    Descendant.killAll()
    if let failure { throw failure }
    ProcessLimit.becomeRootAgain()
    totals.rounds = 1
    totals.violations = problems.count
    if !problems.isEmpty { leaveEvidence(problems) }
    return problems
  }

  private func prepare() throws(RoundFailure) {
    do throws(Errno) {
      try folder.create(mounting: plan.hasSmallDisk ? RoundPlan.smallDiskBytes : nil)
      try disk?.create()
      if plan.limitsProcesses {
        try ProcessLimit.become(userOf: plan.seed, owning: [folder.path, folder.home])
      }
      let text = WorkflowText(program: program, ledger: folder.ledger).text(plan)
      try FileWriting.write(Array(text.utf8), to: folder.workflow)
      try FileWriting.write([], to: folder.ledger)
    } catch {
      throw RoundFailure(text: "cannot create the folder \(folder.path): \(error)")
    }
  }

  private func ended(_ command: CommandRecord, _ output: String) {
    guard plan.printsEvents else { return }
    switch command.kind {
    case .run where !plan.isDetached, .restart, .restartFailed:
      if !output.isEmpty { record.engineTexts.append(output) }
    case .run, .cancel, .reader, .answer, .earlierRun: break
    }
  }

  // MARK: Commands

  func start(
    _ kind: CommandRecord.Kind, _ arguments: [String], answer: GivenAnswer? = nil
  ) -> Int32? {
    do throws(Errno) { return try world.start(kind, arguments, answer: answer) } catch {
      world.note("could not start flow: \(error)")
      return nil
    }
  }

  private func startRun() {
    var line = ["run", folder.workflow, "--run-id", RoundFolder.runID]
    if plan.isDetached {
      line.append("--detach")
    } else if plan.printsEvents {
      line.append("--json")
    }
    _ = start(.run, line)
  }

  private func restart(failed: Bool = false) {
    // The engine was killed before it created the run.
    if !folder.hasRun {
      if drivers.isEmpty { startRun() }
      return
    }
    totals.restarts += 1
    var line = ["restart", RoundFolder.runID]
    if failed { line.append("--failed") }
    if plan.printsEvents { line.append("--json") }
    _ = start(failed ? .restartFailed : .restart, line)
  }

  func processes(among all: [Descendant] = Descendant.all()) -> FlowProcesses {
    FlowProcesses(flow: flow, own: Set(world.commands.map(\.process)), among: all)
  }

  /// All processes that may drive the run, detached engines included.
  private var drivers: [Int32] {
    world.drivers + (plan.isDetached ? processes().engines.map(\.process) : [])
  }

  // MARK: Disturbances

  /// Plays the beats until the run has ended.
  private func play(_ beats: [RoundPlan.Beat]) {
    let before = world.commands.count
    for beat in beats where !hasEnded(since: before) && failure == nil { play(beat) }
  }

  /// Whether a command that was started later has exited with an outcome of the run.
  private func hasEnded(since before: Int) -> Bool {
    if plan.isDetached { return false }
    return world.commands.dropFirst(max(0, before - 1)).contains { command in
      command.kind.drives && command.kind != .cancel
        && [.exit(0), .exit(1), .exit(3)].contains(command.ending)
    }
  }

  private func play(_ beat: RoundPlan.Beat) {
    if beat.awaitsStep, !drivers.isEmpty { awaitStep() }
    world.wait(microseconds: beat.pauseMicroseconds)
    switch beat.disturbance {
    case .killEngine: killEngines()
    case .killLauncher: kill(launchersOf: processes())
    case .killMonitor(let share):
      let monitors = processes().monitors
      if !monitors.isEmpty { kill(monitors: [monitors[share * monitors.count / 1_000]]) }
    case .killMonitors: kill(monitors: processes().monitors)
    case .killAll:
      let others = processes()
      killEngines()
      kill(launchersOf: others)
      kill(monitors: others.monitors)
    case .restart: restart()
    case .restartTwice:
      restart()
      restart()
    case .cancel(let force, let wait):
      totals.cancels += 1
      let options = (force ? ["--force"] : []) + (wait ? ["--wait"] : [])
      _ = start(.cancel, ["cancel", RoundFolder.runID] + options)
    case .terminate: for process in engines { world.signal(process, SIGTERM) }
    case .interrupt: for process in engines { world.signal(process, SIGINT) }
    case .readStatus: read(["status", RoundFolder.runID, "--json"])
    case .readEvents: read(["events", RoundFolder.runID, "--json"])
    case .follow: read(["events", RoundFolder.runID, "--json", "--follow"])
    case .removeLock:
      totals.locksRemoved += 1
      world.removeLock()
    case .removeLauncherLock:
      totals.locksRemoved += 1
      if folder.removeFile(folder.launcherLock) { world.note("removed the launcher's lock file") }
    case .pauseEngine(let milliseconds):
      world.pause(engineProcesses, microseconds: milliseconds * 1_000)
    case .pauseMonitors(let milliseconds):
      world.pause(processes().monitors, microseconds: milliseconds * 1_000)
    case .suspendEngine: totals.suspensions += world.suspend(engineProcesses).count
    case .suspendMonitors(let share): suspendMonitors(share)
    case .resume: world.resume()
    case .terminateAll(let shutdown): terminateAll(shutdown)
    case .limitProcesses(let spare):
      totals.limits += 1
      record.wasLimited = true
      world.limitProcesses(spare: spare)
    case .unlimitProcesses: world.unlimitProcesses()
    case .cutPower(let cut): cutPower(cut)
    case .answer(let share, let approvals): answer(share, approvals)
    case .fillDisk:
      totals.fullDisks += 1
      world.fillDisk()
    case .freeDisk: world.freeDisk()
    }
  }

  /// Waits until a step writes into the ledger.
  private func awaitStep() {
    let size = folder.ledgerSize
    world.wait(microseconds: Self.stepMicroseconds, every: 2_000) { folder.ledgerSize > size }
  }

  /// Processes that detach or cancel on a signal; `flow cancel` reacts differently.
  private var engines: [Int32] {
    world.commands.filter { command in
      command.ending == nil && [.run, .restart, .restartFailed].contains(command.kind)
    }.map(\.process)
  }

  /// The same as what `drivers` names.
  private var engineProcesses: [Descendant] {
    let drivers = drivers
    return Descendant.all().filter { drivers.contains($0.process) }
  }

  func killEngines() {
    for process in world.drivers where world.signal(process, SIGKILL) { totals.engineKills += 1 }
    guard plan.isDetached else { return }
    for engine in processes().engines where engine.signal(SIGKILL) {
      world.note("killed the detached engine \(engine.process)")
      totals.engineKills += 1
    }
  }

  func kill(launchersOf processes: FlowProcesses) {
    for launcher in processes.launchers where launcher.signal(SIGKILL) {
      world.note("killed the launcher \(launcher.process)")
      totals.launcherKills += 1
      record.hasKilledLaunchers = true
    }
  }

  func kill(monitors: [Descendant]) {
    for monitor in monitors {
      let attempt = FlowProcesses.attempt(of: monitor)
      guard monitor.signal(SIGKILL) else { continue }
      world.note("killed the monitor \(monitor.process) of \(attempt?.description ?? "?")")
      totals.monitorKills += 1
      if let attempt { record.killedMonitors.insert(attempt) } else { record.nameless += 1 }
    }
  }

  private func read(_ arguments: [String]) {
    if let process = start(.reader, arguments) { readers[process] = arguments[0] }
  }

  /// The subcommands of the readers.
  private var readers: [Int32: String] = [:]

  // MARK: The end

  /// Restarts the run until it ends.
  private func settle() -> [Violation] {
    world.freeDisk()
    world.unlimitProcesses()
    world.resume()
    let limit = Self.liveMicroseconds + Self.childMicroseconds * record.plan.steps.count
    let deadline = RoundWorld.now + limit
    var pause = 0
    while RoundWorld.now < deadline {
      if drivers.isEmpty {
        if isFinished() { return [] }
        // A command that fails at once must not be started a thousand times.
        world.wait(microseconds: pause)
        pause = min(2 * pause + 1_000, 1_000_000)
        restart()
      }
      answerQuestions()
      // The end of a detached engine sends no signal to this process, so look regularly.
      world.wait(microseconds: 200_000) { world.drivers.isEmpty }
    }
    world.note("alive: \(lines(of: Descendant.all()))")
    return [
      Violation(
        .live,
        "the run did not end within \(limit) us; status: \(status(within: 5_000_000) ?? "none")"
      )
    ]
  }

  private func isFinished() -> Bool {
    guard folder.hasRun, let text = status(within: Self.commandMicroseconds) else { return false }
    return (try? StatusReport(text))?.isFinished ?? false
  }

  func status(within microseconds: Int) -> String? {
    start(.reader, ["status", RoundFolder.runID, "--json"])
      .flatMap { world.output(of: $0, within: microseconds) }
  }

  private func isOwn(_ step: String) -> Bool { record.plan.step(step)?.isOwn == true }

  /// Reopens the run if a step did not succeed.
  private func playAgain(_ beats: [RoundPlan.Beat]) -> [Violation] {
    let text = status(within: Self.commandMicroseconds) ?? ""
    let status = try? StatusReport(text)
    if status?.steps.allSatisfy({ $0.state == "succeeded" || !isOwn($0.id) }) ?? true {
      record.plan.beatsAgain = nil
      return []
    }
    restart(failed: true)
    play(beats)
    return settle()
  }

  /// Processes that are alive after the end of the run. Launchers end shortly after their monitors, and
  /// monitors shortly after their report, so both get some time. A process without arguments is about to
  /// end, and gets time too.
  private func stragglers() -> [Straggler] {
    func named(_ process: Descendant) -> Straggler {
      Straggler(process.process, FlowProcesses.owner(of: process), line: lines(of: [process]))
    }
    var left = processes().steps.filter { !$0.arguments.isEmpty }.map(named)
    world.wait(microseconds: 3_000_000) {
      let others = processes()
      return others.isWithoutFlow && !others.steps.contains(where: \.arguments.isEmpty)
    }
    let others = processes()
    left += others.steps.filter(\.arguments.isEmpty).map(named)
    for process in others.launchers + others.monitors + others.engines {
      left.append(Straggler(process.process, .flow, line: lines(of: [process])))
    }
    return left
  }

  private func lines(of processes: [Descendant]) -> String {
    processes.map {
      "[\($0.process) of \($0.parent) \($0.state) \($0.arguments.joined(separator: " "))]"
    }
    .joined(separator: " ")
  }

  // MARK: Checks

  private func gather() -> [Violation] {
    world.wait(microseconds: Self.commandMicroseconds) { !world.hasLiving }
    let process = start(.reader, ["events", RoundFolder.runID, "--json"])
    let events = process.flatMap { world.output(of: $0, within: Self.commandMicroseconds) } ?? ""
    let status = status(within: Self.commandMicroseconds) ?? ""
    record.endedAt = RoundWorld.now
    do throws(Unreadable) {
      record.lines = events.split(separator: "\n").map(String.init)
      record.history = try record.lines.map { line throws(Unreadable) in try HistoryEvent(line) }
      record.status = try StatusReport(status)
      try gatherReaders()
    } catch {
      return [Violation(.said, "cannot read output of flow: \(error.text)")]
    }
    for line in folder.text(folder.ledger).split(separator: "\n") {
      if let line = LedgerLine(line) {
        record.ledger.append(line)
      } else {
        record.foreignLines.append(String(line))
      }
    }
    record.outputs = folder.outputs()
    record.nameChildren()
    record.requests = folder.requests()
    record.commands = world.commands
    record.lateMicroseconds = world.lateMicroseconds
    record.pausedMicroseconds = world.pausedMicroseconds
    record.wasDiskFull = world.wasDiskFull
    count()
    return Property.check(record)
  }

  private func gatherReaders() throws(Unreadable) {
    for command in world.commands {
      // What a reader had printed when it was killed holds as well.
      let isWhole = command.ending == .exit(0) || command.ending == .exit(4)
      guard isWhole || command.ending == .signal(9) && readers[command.process] == "events",
        let what = readers[command.process],
        let text = world.output(of: command.process, within: 0)
      else { continue }
      if what == "events" { record.eventTexts.append(text) }
      if what == "status" { record.statuses.append(try StatusReport(text)) }
    }
  }

  private func count() {
    totals.answers = record.commands.count { $0.kind == .answer }
    totals.kept = record.commands.count { $0.kind == .answer && $0.ending == .exit(4) }
    for event in record.history {
      switch event.body {
      case .engineStarted: totals.lives += 1
      case .scheduled: totals.attempts += 1
      case .expanded(_, let items): totals.items += items
      case .stepSkipped(_, reason: "condition"): totals.refused += 1
      case .asked: totals.questions += 1
      case .answered: totals.counted += 1
      case .found(_, isRunning: true): totals.reattached += 1
      case .ended(_, let result) where result.outcome == "lost": totals.lost += 1
      case .ended(_, let result) where result.outcome == "interrupted": totals.interrupted += 1
      default: break
      }
    }
  }

  private func leaveEvidence(_ problems: [Violation]) {
    folder.write(problems.map { "\($0)\n" }.joined(), to: "violations")
    folder.write(world.journal.map { "\($0)\n" }.joined(), to: "journal")
    folder.write(record.lines.map { "\($0)\n" }.joined(), to: "events.json")
    folder.write("\(record.status)\n", to: "status")
    folder.write("\(plan)\n", to: "plan")
    folder.write(record.commands.map { "\($0)\n" }.joined(), to: "commands")
    if plan.hasSmallDisk || disk != nil { folder.keepRun() }
  }
}

/// A round could not be played.
struct RoundFailure: Error {
  let text: String
}

extension RoundPlan {
  /// Enough for all outputs and for one segment of the log for each engine life, until the disk is filled.
  fileprivate static var smallDiskBytes: Int { 64 << 20 }
}
