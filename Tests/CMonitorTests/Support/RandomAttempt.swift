import CMonitor
import Glibc

/// A random attempt: the command, its descendants, requests to stop, the disk and the clock do
/// anything they may. `AttemptRules` checks what the monitor does.
struct RandomAttempt {
  private enum Command: Equatable {
    case none, running
    case ended(Status)
    case reaped
  }

  private var monitor: flow_monitor
  private var dice: Dice
  private var now: Int64
  private(set) var rules: AttemptRules
  /// Which events came in which phase.
  private(set) var met: Set<PhaseAndEvent> = []

  // What really runs.
  private var command = Command.none
  /// Descendants that a signal ends, and those that none does.
  private var mortals = 0
  private var immortals = 0
  private var commandIsImmortal = false
  /// Whether the event about descendants is due.
  private var owesWhoIsLeft = false

  // How likely each thing is, drawn for each seed.
  private let startErrorPercent: Int
  private let endErrorPercent: Int
  private let familyPercent: Int
  private let immortalPercent: Int
  private let stopPercent: Int
  private let isHeldUp: Bool
  /// How long before things that could go on forever end.
  private var patience = 400
  private var errorsLeft = 30

  init(seed: Int) {
    dice = Dice(seed: seed)
    now = Int64(dice.below(1_000_000_000))
    let timeout = dice.pick([nil, nil, 0, 1, 3_000_000, 60_000_000] as [Int64?])
    let grace = dice.pick([0, 1, 10_000_000, 10_000_000, .max] as [Int64])
    let keeps = dice.percent(40)
    let hides = dice.percent(20)
    let hasSecrets = dice.percent(40)
    let hasOutputs = dice.percent(75)
    monitor = flow_monitor(
      timeout: timeout, grace: grace, keepsStragglers: keeps, hidesInterruption: hides,
      hasSecrets: hasSecrets, hasOutputs: hasOutputs)
    startErrorPercent = dice.pick([0, 0, 25])
    endErrorPercent = dice.pick([0, 30, 90])
    familyPercent = dice.pick([0, 20, 60])
    immortalPercent = dice.pick([0, 0, 20, 70])
    stopPercent = dice.pick([0, 3, 15])
    isHeldUp = dice.percent(10)
    rules = AttemptRules(
      timeout: timeout, grace: grace, keepsStragglers: keeps, hidesInterruption: hides,
      hasSecrets: hasSecrets, hasOutputs: hasOutputs, isOnTime: !isHeldUp)
  }

  /// - Returns: the rules that were broken.
  mutating func run() -> [String] {
    interrupt()
    tell(.begin)
    while !rules.hasExited && rules.broken.isEmpty {
      patience -= 1
      if patience < -20_000 { return ["it does not end"] }
      if let action = rules.unanswered { answer(action) } else { live() }
    }
    for event in [Event.stop, .force, .told, .time] where rules.broken.isEmpty { tell(event) }
    return rules.broken + rules.brokenAtTheEnd(monitor.end)
  }

  private mutating func tell(_ event: Event) {
    met.insert(PhaseAndEvent(monitor.phase, event))
    let actions = monitor.step(event, at: now)
    rules.stepped(event, actions, at: now)
    for action in actions { perform(action) }
    if let wakeUp = monitor.wakeUp, event == .time, actions.isEmpty, wakeUp <= now,
      monitor.phase == FLOW_MONITOR_IS_WATCHING || monitor.phase == FLOW_MONITOR_IS_CLEARING
    {
      rules.breaks("it wants to be told a time that it was told")
    }
  }

  /// An event that may come at any time, also while an answer is due.
  private mutating func interrupt() {
    if dice.percent(stopPercent) { tell(dice.pick([.stop, .force, .told, .time])) }
  }

  // MARK: What the caller does

  private mutating func answer(_ action: Action) {
    if dice.percent(30) { now += Int64(dice.below(100)) }
    var result: Int64 = 0
    let errorPercent =
      [.collect, .scrub, .writeEnd].contains(action) ? endErrorPercent : startErrorPercent
    if errorsLeft > 0 && dice.percent(errorPercent) {
      errorsLeft -= 1
      result = -Int64(dice.pick([ENOSPC, EDQUOT, EINTR, EIO, EACCES, EEXIST, ENOENT]))
    } else if action == .spawn {
      result = Int64(1 + dice.below(99_999))
    }
    if action == .spawn {
      if result < 0 {
        monitor.failed_operation = dice.pick([FLOW_LAUNCH_CREATE_OUTPUT, FLOW_LAUNCH_EXECUTE])
      } else {
        command = .running
        commandIsImmortal = dice.percent(immortalPercent)
      }
    }
    if action == .collect, dice.percent(5) { tell(.force) }
    rules.answers(action, with: result)
    interrupt()
    tell(.done(result))
  }

  private mutating func perform(_ action: Action) {
    switch action {
    // Some of them were stopped, and handle the signal only now.
    case .continueGroup, .terminateChildren: if dice.percent(50) { signalled(SIGTERM) }
    case .killChildren: signalled(SIGKILL)
    case .reapCommand:
      command = .reaped
      owesWhoIsLeft = monitor.phase == FLOW_MONITOR_IS_REAPING
    case .nameSurvivors:
      let count = mortals + immortals + (command == .running ? 1 : 0)
      monitor.end.unkillable = Int32(count)
      if count > 0 { monitor.end.unkillable_ids.0 = 77 }
    case .createRecord, .lockRecord, .reserveRecord, .createOutput, .removeRecord, .writeStart,
      .spawn, .writeCommand, .collect, .scrub, .writeEnd, .releaseLauncher, .reportLaunched,
      .reportDeadline,
      .reportTold, .reportEnded,
      .reportShortage, .reportRefused, .terminateGroup, .exit:
      break
    }
  }

  private mutating func signalled(_ signal: Int32) {
    if command == .running && !commandIsImmortal { command = .ended(.signalled(signal)) }
    // Not all of them are children of the monitor yet.
    if mortals > 0 { mortals -= 1 + dice.below(mortals) }
  }

  // MARK: What happens

  private mutating func live() {
    if dice.percent(stopPercent) {
      tell(dice.pick([.stop, .stop, .force, .told, .time]))
    } else if case .ended(let status) = command {
      tell(.commandEnded(status))
    } else if owesWhoIsLeft {
      owesWhoIsLeft = false
      sayWhoIsLeft()
    } else if dice.percent(20) {
      multiply()
    } else if dice.percent(patience > 0 ? 30 : 50) {
      goByThemselves()
    } else {
      letTimePass()
    }
  }

  /// A living process may fork.
  private mutating func multiply() {
    guard command == .running || mortals + immortals > 0, patience > 0 else { return }
    guard dice.percent(familyPercent) else { return }
    if dice.percent(immortalPercent) { immortals += 1 } else { mortals += 1 + dice.below(3) }
  }

  private mutating func goByThemselves() {
    // A process that was given up ends last.
    let canAllGo = monitor.phase == FLOW_MONITOR_IS_WAITING_FOR_SPACE
    if command == .running && (!commandIsImmortal || canAllGo) {
      if dice.percent(60) || patience <= 0 {
        command = .ended(
          dice.pick([
            .exited(0), .exited(3), .exited(143), .signalled(SIGTERM), .signalled(SIGSEGV),
            .dumpedCore(SIGABRT),
          ]))
      }
    } else if patience <= 0 && !canAllGo && dice.percent(5) {
      tell(.force)
    } else if command == .reaped {
      if mortals > 0 { mortals -= 1 } else if immortals > 0, canAllGo { immortals -= 1 }
      sayWhoIsLeft()
    }
  }

  private mutating func sayWhoIsLeft() {
    let count = mortals + immortals
    tell(count == 0 ? .noDescendantLeft : .descendantsLeft(Int64(count)))
  }

  private mutating func letTimePass() {
    let wakeUp = monitor.wakeUp ?? now + 1_000_000
    if isHeldUp && dice.percent(5) {
      now = max(now, wakeUp) + Int64(dice.below(100_000_000))
    } else if dice.percent(70) {
      now = max(now, wakeUp)
    } else {
      now = min(now + Int64(dice.below(1_000_000)), max(now, wakeUp))
    }
    tell(.time)
  }
}
