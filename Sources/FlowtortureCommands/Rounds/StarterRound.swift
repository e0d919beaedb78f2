import FlowJSON
import FlowStorage
import FlowSystem
import Glibc

/// One round with many starters of one group, whose processes are killed.
final class StarterRound: PlayedRound {
  private let plan: StarterPlan
  private let folder: RoundFolder
  private let world: RoundWorld
  private let flow: String
  private let program: String
  private(set) var totals = RoundTotals()
  /// What starters and restarts were to do where another run lives, by process.
  private var conflicts: [Int32: StarterPlan.OnConflict] = [:]
  /// By run.
  private var conflictsOfRuns: [String: StarterPlan.OnConflict] = [:]

  /// Time limit for the end of undisturbed runs, one after the other.
  private static let liveMicroseconds = 180_000_000
  private static let commandMicroseconds = 30_000_000
  /// After this time, a run that nobody drives is resumed although other runs wait.
  private static let helpMicroseconds = 5_000_000

  init(_ plan: StarterPlan, _ folder: RoundFolder, flow: String, program: String) {
    self.plan = plan
    self.folder = folder
    self.flow = flow
    self.program = program
    world = RoundWorld(folder, flow: flow)
  }

  func play() throws(RoundFailure) -> [Violation] {
    try prepare()
    for starter in plan.starters {
      if starter.delayMicroseconds > 0 { world.wait(microseconds: starter.delayMicroseconds) }
      start(starter.onConflict, isOfWorkflow: starter.isOfWorkflow)
    }
    for beat in plan.beats {
      world.wait(microseconds: beat.pauseMicroseconds)
      play(beat.disturbance)
    }
    var problems = settle()
    if problems.isEmpty { problems += histories() }
    Descendant.killAll()
    let ledger = folder.text(folder.ledger)
    problems += ExclusionChecker.check(ledger).map { Violation(.exclusion, $0) }
    problems += world.commands.compactMap(complain).map { Violation(.said, $0) }
    totals.rounds = 1
    totals.violations = problems.count
    if !problems.isEmpty { leaveEvidence(problems) }
    return problems
  }

  private func prepare() throws(RoundFailure) {
    do throws(Errno) {
      try folder.create(mounting: nil)
      let words = WorkflowText(program: program, ledger: folder.ledger)
      for namesGroup in [true, false] {
        try FileWriting.write(
          Array(plan.text(words, namesGroup: namesGroup).utf8), to: workflow(namesGroup))
      }
      for file in [folder.ledger, "\(folder.ledger).lock"] { try FileWriting.write([], to: file) }
    } catch {
      throw RoundFailure(text: "cannot create the folder \(folder.path): \(error)")
    }
  }

  private func workflow(_ namesGroup: Bool) -> String {
    namesGroup ? folder.workflow : "\(folder.path)/workflow-without-group.json"
  }

  // MARK: Commands

  private func run(
    _ kind: CommandRecord.Kind, _ arguments: [String], _ onConflict: StarterPlan.OnConflict? = nil
  ) -> Int32? {
    do throws(Errno) {
      let process = try world.start(kind, arguments)
      conflicts[process] = onConflict
      return process
    } catch {
      world.note("could not start flow: \(error)")
      return nil
    }
  }

  private func start(_ onConflict: StarterPlan.OnConflict, isOfWorkflow: Bool) {
    let id = "s\(totals.starters)"
    totals.starters += 1
    conflictsOfRuns[id] = onConflict
    var line = ["run", workflow(isOfWorkflow), "--run-id", id, "--json"]
    if !isOfWorkflow { line += ["--exclusive", StarterPlan.group] }
    _ = run(.run, line + ["--on-conflict", onConflict.rawValue], onConflict)
  }

  private func restart(_ id: String) {
    totals.restarts += 1
    _ = run(.restart, ["restart", id, "--json"], conflictsOfRuns[id])
  }

  private func processes(among all: [Descendant] = Descendant.all()) -> FlowProcesses {
    FlowProcesses(flow: flow, own: Set(world.commands.map(\.process)), among: all)
  }

  /// The states of all runs.
  private func states() -> [(id: String, state: String)] {
    guard let process = run(.reader, ["list", "--json"]),
      let text = world.output(of: process, within: Self.commandMicroseconds),
      let runs = try? JSON(text).elements
    else { return [] }
    return runs.compactMap { run in
      guard let id = run["runId"]?.string, let state = run["state"]?.string else { return nil }
      return (id, state)
    }
  }

  private func unfinished() -> [String] {
    states().filter { !StatusReport.ends.contains($0.state) }.map(\.id)
  }

  // MARK: Disturbances

  private func play(_ disturbance: StarterPlan.Disturbance) {
    switch disturbance {
    case .killEngine(let share): killEngines(share)
    case .killLauncher(let share):
      for process in one(share, of: processes().launchers) where process.signal(SIGKILL) {
        totals.launcherKills += 1
        world.note("killed the launcher \(process.process)")
      }
    case .killMonitor(let share): killMonitors(one(share, of: processes().monitors))
    case .killAll(let steps):
      let others = processes()
      killEngines(nil)
      killMonitors(others.monitors)
      for launcher in others.launchers where launcher.signal(SIGKILL) { totals.launcherKills += 1 }
      if steps { for step in others.steps { step.signal(SIGKILL) } }
      world.note("killed everything\(steps ? ", steps too" : "")")
    case .terminateAll(let shutdown): terminateAll(shutdown)
    case .restart(let share): for id in one(share, of: unfinished()) { restart(id) }
    case .restartAll:
      totals.restarts += 1
      _ = run(.restartFailed, ["restart", "--all", "--quiet"])
    case .cancel(let share, let force):
      for id in one(share, of: unfinished()) {
        totals.cancels += 1
        _ = run(.cancel, ["cancel", id] + (force ? ["--force"] : []))
      }
    case .start(let onConflict): start(onConflict, isOfWorkflow: true)
    case .pause(let share, let milliseconds):
      let engines = Set(world.drivers)
      let all = Descendant.all().filter { engines.contains($0.process) }
      world.pause(one(share, of: all), microseconds: milliseconds * 1_000)
    }
  }

  private func one<Value>(_ share: Int?, of values: [Value]) -> [Value] {
    guard let share else { return values }
    return values.isEmpty ? [] : [values[share * values.count / 1_000]]
  }

  private func killEngines(_ share: Int?) {
    for process in one(share, of: world.drivers) where world.signal(process, SIGKILL) {
      totals.engineKills += 1
    }
    if share != nil { return }
    for engine in processes().engines where engine.signal(SIGKILL) { totals.engineKills += 1 }
  }

  private func killMonitors(_ monitors: [Descendant]) {
    for monitor in monitors where monitor.signal(SIGKILL) {
      totals.monitorKills += 1
      world.note("killed the monitor \(monitor.process)")
    }
  }

  private func terminateAll(_ shutdown: Shutdown) {
    totals.shutdowns += 1
    world.noteTermination()
    let all = shutdown.ordered(Descendant.all().filter { !$0.hasEnded })
    for process in all { process.signal(SIGTERM) }
    world.note("told all to end")
    guard let milliseconds = shutdown.killsAfterMilliseconds else { return }
    world.wait(microseconds: milliseconds * 1_000)
    play(.killAll(steps: true))
  }

  // MARK: The end

  /// Lets the starters end, and resumes what is left, one run after the other. A run that nobody drives can
  /// have a command that lives, for which the others wait: it is resumed beside them.
  private func settle() -> [Violation] {
    let deadline = RoundWorld.now + Self.liveMicroseconds
    var helpsAt = RoundWorld.now + Self.helpMicroseconds
    while RoundWorld.now < deadline {
      if !world.hasLiving, processes().engines.isEmpty {
        let left = unfinished()
        guard let first = left.first else { return [] }
        restart(first)
      } else if RoundWorld.now >= helpsAt {
        if let blocker = states().first(where: { $0.state == "interrupted" }) {
          restart(blocker.id)
        }
        helpsAt = RoundWorld.now + Self.helpMicroseconds
      }
      world.wait(microseconds: 200_000) { !world.hasLiving }
    }
    return [Violation(.live, "not all runs have ended: \(states())")]
  }

  private func histories() -> [Violation] {
    states().compactMap { id, _ in
      guard let process = run(.reader, ["replay", id, "--verify"]) else { return nil }
      _ = world.output(of: process, within: Self.commandMicroseconds)
      let command = world.command(process)
      return command?.ending == .exit(0)
        ? nil : Violation(.terminal, "the history of \(id): \(command?.errors ?? "no answer")")
    }
  }

  /// How a process of `flow` may not end.
  private func complain(_ command: CommandRecord) -> String? {
    let isRight =
      switch command.ending {
      case nil: false
      case .signal(let number):
        number == 9 && command.wasKilled || number == 15 && command.wasTerminated
      case .exit(let code): mayExit(code, command)
      }
    if isRight { return nil }
    let ending = command.ending.map { "\($0)" } ?? "has not ended"
    return "\(command.kind.rawValue) (process \(command.process)) \(ending): \(command.errors)"
  }

  private func mayExit(_ code: Int, _ command: CommandRecord) -> Bool {
    let onConflict = conflicts[command.process]
    let isRefused = code == 7 && (onConflict == .fail || onConflict == .resume)
    switch command.kind {
    case .reader: return code == 0 || code == 4 && command.wasTerminated
    case .run: return [0, 1, 3].contains(code) || code == 4 && command.wasTerminated || isRefused
    // Another engine may drive the run, or may have ended it.
    case .restart:
      return [0, 1, 2, 3].contains(code) || code == 4 && command.wasTerminated || isRefused
    // The code is that of the first run that was not resumed.
    case .restartFailed: return [0, 2, 7].contains(code) || code == 4 && command.wasTerminated
    // The run may be one that a starter has not created yet.
    case .cancel: return [0, 2].contains(code) || code == 4 && command.wasTerminated
    case .answer, .earlierRun: return false
    }
  }

  private func leaveEvidence(_ problems: [Violation]) {
    folder.write(problems.map { "\($0)\n" }.joined(), to: "violations")
    folder.write(world.journal.map { "\($0)\n" }.joined(), to: "journal")
    folder.write("\(plan)\n", to: "plan")
    folder.write(world.commands.map { "\($0)\n" }.joined(), to: "commands")
  }
}
