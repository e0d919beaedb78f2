import FlowStorage
import FlowSystem
import Glibc

/// One round of runs whose steps make files, one after the other in one folder. Their processes are killed,
/// mostly while they publish.
final class FilesRound: PlayedRound {
  let plan: FilesPlan
  let world: RoundWorld
  private let flow: String
  private let disk: ImageDisk?
  private(set) var totals = RoundTotals()
  /// The run that is played.
  private var run = ""
  private var checker: FilesChecker
  /// Runs whose engine has seen their end and was not killed.
  private var tidied: Set<String> = []
  private var failure: RoundFailure?
  private var folder: RoundFolder { world.folder }

  private static let liveMicroseconds = 120_000_000
  private static let commandMicroseconds = 30_000_000
  private static let awaitMicroseconds = 400_000

  init(_ plan: FilesPlan, _ folder: RoundFolder, flow: String) {
    self.plan = plan
    self.flow = flow
    world = RoundWorld(folder, flow: flow)
    disk = plan.image.map { ImageDisk(folder, $0) }
    checker = FilesChecker(plan, folder)
    world.onEnd = { [unowned self] command, output in
      if command.kind.drives { note(command, said: output) }
    }
  }

  func play() throws(RoundFailure) -> [Violation] {
    try prepare()
    for (number, beats) in plan.runs.enumerated() where checker.problems.isEmpty && failure == nil {
      run = "r\(number)"
      play(beats)
    }
    if checker.problems.isEmpty, failure == nil { removeRuns() }
    Descendant.killAll()
    if let failure { throw failure }
    totals.rounds = 1
    let problems = checker.problems.map { Violation(.files, $0) }
    totals.violations = problems.count
    if !problems.isEmpty { leaveEvidence(problems) }
    return problems
  }

  private func note(_ command: CommandRecord, said output: String) {
    checker.note(said: output, of: run)
    // One that was killed behind the end of its run has not tidied.
    if command.hasEndedRun, output.contains("\"runFinished\"") { tidied.insert(run) }
  }

  private func prepare() throws(RoundFailure) {
    do throws(Errno) {
      try folder.create(mounting: nil)
      try disk?.create()
      try LinuxStorage().makeDirectory(checker.work)
      let text = plan.text(folder: checker.work, ledger: folder.ledger)
      try FileWriting.write(Array(text.utf8), to: folder.workflow)
      try FileWriting.write([], to: folder.ledger)
    } catch {
      throw RoundFailure(text: "cannot create the folder \(folder.path): \(error)")
    }
  }

  // MARK: Commands

  private func start(_ kind: CommandRecord.Kind, _ arguments: [String]) -> Int32? {
    do throws(Errno) { return try world.start(kind, arguments) } catch {
      world.note("could not start flow: \(error)")
      return nil
    }
  }

  /// Starts the run, or resumes it.
  private func drive() {
    if folder.exists("\(folder.home)/runs/\(run)") {
      totals.restarts += 1
      _ = start(.restart, ["restart", run, "--json"])
    } else {
      _ = start(.run, ["run", folder.workflow, "--run-id", run, "--json"])
    }
  }

  /// - Returns: what it has printed; nil if it has not succeeded in time.
  private func ask(_ arguments: [String]) -> String? {
    guard let process = start(.reader, arguments),
      let text = world.output(of: process, within: Self.commandMicroseconds)
    else { return nil }
    if world.command(process)?.ending == .exit(0) { return text }
    world.note("flow \(arguments) said: \(text) \(world.command(process)?.errors ?? "")")
    return nil
  }

  // MARK: Disturbances

  private func play(_ beats: [FilesPlan.Beat]) {
    let first = world.commands.count
    drive()
    for beat in beats where failure == nil && checker.problems.isEmpty {
      if world.commands.dropFirst(first).contains(where: \.hasEndedRun) { break }
      if beat.awaitsPublication {
        world.wait(microseconds: Self.awaitMicroseconds, every: 1_000) {
          world.drivers.isEmpty || !publishers().isEmpty
        }
      }
      world.wait(microseconds: beat.pauseMicroseconds)
      play(beat.disturbance)
      checker.look()
      if world.drivers.isEmpty { drive() }
    }
    settle()
  }

  private func processes() -> FlowProcesses {
    FlowProcesses(flow: flow, own: Set(world.commands.map(\.process)))
  }

  private func publishers(among processes: FlowProcesses? = nil) -> [Descendant] {
    (processes ?? self.processes()).engines.filter {
      $0.arguments.dropFirst().first == "publish-files"
    }
  }

  private func play(_ disturbance: FilesPlan.Disturbance) {
    let others = processes()
    let publishers = publishers(among: others)
    if !publishers.isEmpty, disturbance != .cancel { totals.publicationKills += 1 }
    switch disturbance {
    case .killEngine: killEngines()
    case .killLauncher: kill(others.launchers, \.launcherKills)
    case .killMonitors: kill(others.monitors, \.monitorKills)
    case .killPublishers(let monitorsToo):
      if monitorsToo { kill(others.monitors, \.monitorKills) }
      kill(publishers, \.publisherKills)
    case .killAll(let steps):
      killEngines()
      kill(others.launchers, \.launcherKills)
      kill(others.monitors, \.monitorKills)
      kill(publishers, \.publisherKills)
      if steps { for step in others.steps { step.signal(SIGKILL) } }
    case .cancel:
      totals.cancels += 1
      _ = start(.cancel, ["cancel", run])
    case .cutPower(let cut): cutPower(cut)
    }
  }

  private func killEngines() {
    for process in world.drivers where world.signal(process, SIGKILL) { totals.engineKills += 1 }
  }

  private func kill(_ processes: [Descendant], _ counter: WritableKeyPath<RoundTotals, Int>) {
    for process in processes where process.signal(SIGKILL) {
      world.note("killed \(process.process), a \(process.name)")
      totals[keyPath: counter] += 1
    }
  }

  private func cutPower(_ cut: PowerCut) {
    guard let disk else { return }
    guard world.killAll() else {
      failure = RoundFailure(text: "processes do not die: \(Descendant.all())")
      return
    }
    world.wait(microseconds: cut.milliseconds * 1_000)
    do throws(Errno) { try disk.cut() } catch {
      failure = RoundFailure(text: "cannot cut the power of \(folder.path): \(error)")
      return
    }
    totals.cuts += 1
    world.note("cut the power")
    checker.lookAfterCut()
  }

  // MARK: The end

  private func settle() {
    let deadline = RoundWorld.now + Self.liveMicroseconds
    while RoundWorld.now < deadline, failure == nil, checker.problems.isEmpty {
      world.wait(microseconds: 100_000) { world.drivers.isEmpty }
      checker.look()
      guard world.drivers.isEmpty else { continue }
      if folder.exists("\(folder.home)/runs/\(run)"), let status = status(), status.isFinished {
        return check(status)
      }
      drive()
    }
    if checker.problems.isEmpty { checker.problems.append("\(run) did not end") }
  }

  private func status() -> StatusReport? {
    ask(["status", run, "--json"]).flatMap { try? StatusReport($0) }
  }

  private func check(_ status: StatusReport) {
    world.wait(microseconds: 3_000_000, every: 2_000) { processes().isWithoutFlow }
    // A cut undoes it.
    checker.check(status, of: run, isTidy: disk == nil && tidied.contains(run))
    totals.attempts += status.steps.reduce(0) { $0 + $1.attempts.count }
    totals.lost += status.steps.reduce(0) { $0 + $1.attempts.count { $0.outcome == "lost" } }
    if ask(["replay", run, "--verify"]) == nil {
      checker.problems.append("the history of \(run) is not what it should be")
    }
    if status.state == "succeeded", ask(["verify", run, "--files"]) == nil {
      checker.problems.append("flow verify does not find the files of \(run) as published")
    }
  }

  private func removeRuns() {
    for number in plan.runs.indices where ask(["rm", "r\(number)"]) == nil {
      checker.problems.append("r\(number) cannot be removed")
    }
    checker.checkRemoval(wasCut: totals.cuts > 0)
  }

  private func leaveEvidence(_ problems: [Violation]) {
    folder.write(problems.map { "\($0)\n" }.joined(), to: "violations")
    folder.write(world.journal.map { "\($0)\n" }.joined(), to: "journal")
    folder.write("\(plan)\n", to: "plan")
    folder.write(world.commands.map { "\($0)\n" }.joined(), to: "commands")
    guard disk != nil else { return }
    let line = ["/bin/cp", "-a", folder.home, "\(folder.path)/kept"]
    guard
      let process = try? ChildProcess.start(
        line, environment: [], output: .nothing, errors: .nothing)
    else { return }
    var status: Int32 = 0
    _ = unsafe waitpid(process, &status, 0)
  }
}

extension CommandRecord {
  /// Whether it has driven a run to its end.
  fileprivate var hasEndedRun: Bool {
    kind.drives && kind != .cancel && [.exit(0), .exit(1), .exit(3)].contains(ending)
  }
}
