import FlowCore
import FlowStorage

@testable import FlowRuntime
@testable import FlowSimulation

/// Several processes of one machine that start, resume and queue runs of one group. Before any of
/// their operations another process may do something, and the process itself may die.
final class GroupWorld {
  /// A process that starts or resumes a run; once admitted, the engine of it.
  private final class Starter {
    let owner: Int
    let run: String
    let queues: Bool
    var ticket: RunGroup<SimulatedStorage>.Ticket?
    var membership: RunGroup<SimulatedStorage>.Membership?
    var launcher: Int?
    var isAtWork = false
    /// Whether it has written its run's name: the group's file did not have it.
    var hasWritten = false
    var isDead = false

    init(_ owner: Int, _ run: String, queues: Bool) {
      self.owner = owner
      self.run = run
      self.queues = queues
    }
  }

  private let storage = SimulatedStorage()
  private let group: RunGroup<SimulatedStorage>
  private let choices: SeededChoices
  private var starters: [Starter] = []
  /// By run: the launchers that live, and the monitors of each.
  private var launchers: [(run: String, owner: Int, engine: Int, monitors: [Int])] = []
  /// Runs of which commands live, although everything that watched them was killed.
  private var orphaned: [String] = []
  private var unfinished: [String] = []
  private var nextOwner = 100
  private var depth = 0

  private(set) var admitted = 0
  private(set) var refused = 0
  private(set) var resumedBesideSurvivors = 0
  private(set) var refusedForOrphans = 0
  private(set) var violations: [String] = []

  init(seed: UInt64) {
    group = RunGroup("nightly", in: RunHome("/home", in: storage))
    choices = SeededChoices(seed: seed)
    // The simulated disk is asked before an operation, but not at once with it: names that several
    // processes would create are there already.
    _ = (try? group.admit("first") { _ in false }, try? group.queueUp())
    storage.decide = { [unowned self] operation, _ in
      guard goesOn() else { return .refused(.inputOutput) }
      if operation == .write { current?.hasWritten = true }
      return .done
    }
    storage.failedLook = { [unowned self] _ in goesOn() ? nil : .inputOutput }
  }

  deinit {
    // Files are closed after this.
    storage.decide = { _, _ in .done }
    storage.failedLook = { _ in nil }
  }

  private var current: Starter? { starters.last { $0.isAtWork } }

  /// Whether the process that acts lives to see its operation through.
  private func goesOn() -> Bool {
    guard let current else { return true }
    if current.isDead { return false }
    if depth < 3, choices.happens(.operationTime, perMille: 150) { happen() }
    if choices.happens(.crash, perMille: 8) { current.isDead = true }
    return !current.isDead
  }

  func play(_ count: Int) {
    for _ in 0..<count where violations.isEmpty { happen() }
  }

  private func happen() {
    depth += 1
    defer { depth -= 1 }
    let idle = starters.filter { !$0.isAtWork }
    switch choices.choose(.misfortune, below: 8) {
    case 0 where starters.count < 6: arrive()
    case 1...4 where !idle.isEmpty: work(idle[choices.choose(.misfortune, below: idle.count)])
    case 5 where !idle.isEmpty: die(idle[choices.choose(.misfortune, below: idle.count)])
    case 6: endMonitor()
    case 7: choices.happens(.crash, perMille: 300) ? killLauncher() : endOrphan()
    default: break
    }
    check()
  }

  private func arrive() {
    nextOwner += 1
    // Either a new run, or one whose engine may be gone.
    var run = "run-\(nextOwner)"
    if !unfinished.isEmpty, choices.happens(.newRun, perMille: 500) {
      run = unfinished[choices.choose(.newRun, below: unfinished.count)]
    }
    // The run's own lock keeps a second engine out.
    if starters.contains(where: { $0.run == run }) { return }
    starters.append(Starter(nextOwner, run, queues: choices.happens(.newRun, perMille: 600)))
  }

  private func work(_ starter: Starter) {
    starter.isAtWork = true
    // It comes last, so that its operations are asked for.
    starters.removeAll { $0 === starter }
    starters.append(starter)
    do {
      try storage.act(as: starter.owner) { () throws(Errno) in
        do throws(RunError) { try act(starter) } catch {
          if !starter.isDead { violations.append("\(error)") }
        }
      }
    } catch {
      violations.append("\(error)")
    }
    starter.isAtWork = false
    if starter.isDead { die(starter) }
  }

  private func act(_ starter: Starter) throws(RunError) {
    if starter.membership != nil { return goOn(starter) }
    // Another may queue up once this one is admitted, before it knows.
    let waiting = starters.filter { $0 !== starter && $0.ticket != nil && $0.membership == nil }
    switch try group.admit(
      starter.run, starter.ticket, hasCommands: { [unowned self] in orphaned.contains($0) })
    {
    case .busy: break
    case .taken(let other):
      refused += 1
      if orphaned.contains(where: { $0 == other }) { refusedForOrphans += 1 }
      if !starter.queues {
        starter.isDead = true
      } else if starter.ticket == nil {
        starter.ticket = try group.queueUp()
      }
    case .admitted(let membership):
      if starter.isDead { return }
      admitted += 1
      if launchers.contains(where: { $0.run == starter.run }) { resumedBesideSurvivors += 1 }
      checkOrder(starter, waiting)
      starter.membership = membership
      if !unfinished.contains(starter.run) { unfinished.append(starter.run) }
    }
  }

  /// An engine starts a launcher, or a monitor by it, or comes to its end.
  private func goOn(_ starter: Starter) {
    guard let membership = starter.membership else { return }
    // An engine that takes a run over kills what is left of its attempts before it does anything.
    orphaned.removeAll { $0 == starter.run }
    guard let index = launchers.firstIndex(where: { $0.engine == starter.owner }) else {
      nextOwner += 1
      starter.launcher = nextOwner
      storage.share(membership.handle, with: nextOwner)
      launchers.append((starter.run, nextOwner, starter.owner, []))
      return
    }
    if choices.happens(.commandBehaviour, perMille: 600) {
      nextOwner += 1
      storage.share(membership.handle, with: nextOwner)
      launchers[index].monitors.append(nextOwner)
    } else if launchers.filter({ $0.run == starter.run }).allSatisfy(\.monitors.isEmpty) {
      unfinished.removeAll { $0 == starter.run }
      starter.isDead = true
    }
  }

  /// SIGKILL, or the end of a process: its launcher stays until its last monitor has ended.
  private func die(_ starter: Starter) {
    starter.isDead = true
    storage.closeAll(of: starter.owner)
    starters.removeAll { $0 === starter }
    leaveLaunchers()
  }

  private func endMonitor() {
    let busy = launchers.indices.filter { !launchers[$0].monitors.isEmpty }
    if busy.isEmpty { return }
    let index = busy[choices.choose(.commandDuration, below: busy.count)]
    storage.closeAll(of: launchers[index].monitors.removeLast())
    leaveLaunchers()
  }

  /// SIGKILL to a launcher and its monitors, whose commands go on.
  private func killLauncher() {
    let busy = launchers.indices.filter { !launchers[$0].monitors.isEmpty }
    if busy.isEmpty { return }
    let launcher = launchers.remove(at: busy[choices.choose(.commandDuration, below: busy.count)])
    for process in launcher.monitors + [launcher.owner] { storage.closeAll(of: process) }
    // Its engine, if it lives, kills them at once.
    if !starters.contains(where: { $0.owner == launcher.engine }) { orphaned.append(launcher.run) }
  }

  private func endOrphan() {
    if !orphaned.isEmpty {
      orphaned.remove(at: choices.choose(.commandDuration, below: orphaned.count))
    }
  }

  private func leaveLaunchers() {
    let engines = starters.map(\.owner)
    for launcher in launchers where launcher.monitors.isEmpty && !engines.contains(launcher.engine)
    {
      storage.closeAll(of: launcher.owner)
    }
    launchers.removeAll { $0.monitors.isEmpty && !engines.contains($0.engine) }
  }

  // MARK: What must hold

  /// Never two runs of the group of which something lives.
  private func check() {
    let engines = starters.filter { $0.membership != nil && !$0.isDead }.map(\.run)
    let living = Set(engines + launchers.map(\.run) + orphaned)
    if living.count > 1 { violations.append("several runs live: \(living.sorted())") }
  }

  /// Who waits is admitted in the order of arrival. The run that was admitted last may be resumed.
  ///
  /// - Parameter waiting: who waited already when the starter began.
  private func checkOrder(_ starter: Starter, _ waiting: [Starter]) {
    if !starter.hasWritten { return }
    for other in waiting where !other.isDead && starters.contains(where: { $0 === other }) {
      guard let before = other.ticket?.number, other.membership == nil else { continue }
      if starter.ticket.map({ before < $0.number }) ?? true {
        violations.append("\(starter.run) overtakes \(other.run)")
      }
    }
  }
}
