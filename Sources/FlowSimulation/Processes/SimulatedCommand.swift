import CMonitor
import FlowCore
import FlowPublication
import FlowRuntime
import FlowStorage

/// The command of an attempt, or a process that it has started.
struct SimulatedCommand {
  let attempt: AttemptID
  /// Index into the ledger.
  let entry: Int
  let process: Int
  let isDescendant: Bool
  var ignoresTermination: Bool
  /// It belongs to another user: no signal reaches it.
  let isUnkillable: Bool
  /// How it ends by itself; nil if it does not.
  let ending: AttemptEnd.Result?
  /// What it prints of secrets before it ends by itself, and where.
  var secrets = LaunchSecrets()
  var output: Int?
  /// Where it makes files.
  var stage: LaunchStage?
  /// What it publishes, if it is for that.
  var publication: PublicationPlan?
  /// What is known of it for the cache.
  var cached: SimulatedCachedStep?
  /// What it makes, if it has read its input at once.
  var made: [String: [UInt8]]?
  /// Whether it has used a former result.
  var isReused = false
  /// As `waitpid` gives it, once it has ended.
  var status: Int64 = 0
}

enum SimulatedSignal {
  /// SIGTERM
  case terminate
  /// SIGCONT
  case goOn
  /// SIGKILL
  case kill
}

extension SimulatedProcesses {
  /// - Returns: the command's process id, or a negative error number.
  func spawn(_ monitor: SimulatedMonitor) -> Int64 {
    makeSecretFolder(monitor.request)
    if failsToFork() {
      monitor.state.failed_operation = FLOW_LAUNCH_FORK
      return -Int64(Errno.tryAgain.rawValue)
    }
    let isProbe = world.ledger.entries[monitor.entry].isProbe
    let publication = PublicationPlan(monitor.request, token: "p\(monitor.entry)")
    let look = look(monitor)
    let behaviour: CommandBehaviour
    switch look {
    case .reused: behaviour = behaviourOfLook(.exited(code: 0))
    case .refused: behaviour = behaviourOfLook(.exited(code: 1))
    case .runs, nil:
      behaviour =
        publication == nil
        ? world.behaviour(ofStep: monitor.request.attempt.step, isProbe: isProbe)
        : behaviourOfPublication()
    }
    if let fault = isProbe ? behaviour.answer : behaviour.fault { world.befell(fault) }
    if case .result(.launchFailed(let failure)) = behaviour.ending {
      world.ledger.notStarted(monitor.entry, failure, at: world.now)
      world.checkers.commandStarted(monitor.entry)
      monitor.state.failed_operation = failure.operation.encoded
      return -Int64(failure.errno)
    }
    let serial = table.start(.command, index: commands.count, parent: monitor.process)
    monitor.command = serial
    world.ledger.commandStarted(
      monitor.entry, isUnkillable: behaviour.isUnkillable, at: world.now)
    world.checkers.commandStarted(monitor.entry)
    let output = inherit(monitor.output, monitor.request.secrets, by: serial)
    printSecrets(monitor.request.secrets, to: output, by: serial)
    world.trace.note(
      .launched, monitor.request.attempt, "runs as \(table[serial].processID)")
    var ending: AttemptEnd.Result?
    if case .result(let result) = behaviour.ending { ending = result }
    var command = SimulatedCommand(
      attempt: monitor.request.attempt, entry: monitor.entry, process: serial,
      isDescendant: false, ignoresTermination: behaviour.ignoresTermination,
      isUnkillable: behaviour.isUnkillable, ending: ending,
      secrets: monitor.request.secrets, output: output, stage: monitor.request.stage,
      publication: publication)
    if look == .runs || publication != nil, let cached = SimulatedCachedStep(monitor.request) {
      command.cached = cached
      if publication == nil, world.choices.happens(.inputContent, perMille: 500) {
        command.made = made(by: cached)
      }
    } else if look != nil {
      command.stage = nil
      command.isReused = look == .reused
    }
    begin(
      command,
      microseconds: behaviour.durationMicroseconds, stopsItself: behaviour.stopsItself)
    for descendant in behaviour.descendants {
      arrange(
        .startsDescendant(of: serial, descendant), after: descendant.delayMicroseconds)
    }
    return Int64(table[serial].processID)
  }

  /// How a process behaves that does not become its command.
  private func behaviourOfLook(_ result: AttemptEnd.Result) -> CommandBehaviour {
    CommandBehaviour(
      ending: .result(result),
      durationMicroseconds: Int64(world.choices.choose(.inputContent, below: 3)) * 4_000,
      ignoresTermination: false)
  }

  func startDescendant(_ behaviour: DescendantBehaviour, of command: Int) {
    let parent = behaviour.isNested ? lastDescendant(of: command) : command
    let attempt = commands[table[command].index].attempt
    let entry = commands[table[command].index].entry
    let (secrets, output) = (
      commands[table[command].index].secrets, commands[table[command].index].output
    )
    let serial = table.start(
      .descendant, index: commands.count, parent: parent,
      group: behaviour.leavesGroup ? nil : table[command].group)
    world.ledger.descendantStarted(
      entry, isUnkillable: behaviour.isUnkillable, at: world.now)
    if behaviour.leavesGroup { world.befell(.descendantLeavesGroup) }
    world.trace.note(
      .descendantStarted, attempt, "process \(table[serial].processID)")
    begin(
      SimulatedCommand(
        attempt: attempt, entry: entry, process: serial, isDescendant: true,
        ignoresTermination: behaviour.ignoresTermination, isUnkillable: behaviour.isUnkillable,
        ending: behaviour.durationMicroseconds == nil ? nil : .exited(code: 0), secrets: secrets,
        output: inherit(output, secrets, by: serial)),
      microseconds: behaviour.durationMicroseconds ?? 0, stopsItself: behaviour.stopsItself)
  }

  /// A process gets the output of its attempt, if it has secrets that it could print there.
  private func inherit(_ output: Int?, _ secrets: LaunchSecrets, by serial: Int) -> Int? {
    guard let output, !secrets.values.isEmpty else { return nil }
    world.storage.share(output, with: serial)
    return output
  }

  /// The youngest living descendant of a command, or else the command.
  private func lastDescendant(of command: Int) -> Int {
    table.livingDescendants(of: command).last ?? command
  }

  private func begin(_ command: SimulatedCommand, microseconds: Int64, stopsItself: Bool) {
    commands.append(command)
    if command.ignoresTermination { world.befell(.commandIgnoresTermination) }
    if command.isUnkillable { world.befell(.processIsUnkillable) }
    if stopsItself {
      world.befell(.processStopsItself)
      arrange(.stopsItself(command.process), after: microseconds)
    } else if command.ending != nil {
      arrange(.exits(command.process), after: microseconds)
    }
  }

  /// A process ends by itself.
  func exits(_ serial: Int) {
    guard table.isLiving(serial) else { return }
    let command = commands[table[serial].index]
    guard let ending = command.ending else { return }
    printSecrets(command.secrets, to: command.output, by: serial)
    if let cached = command.cached { world.changeInput(of: cached) }
    guard command.publication != nil else {
      return endCommand(serial, leaveFiles(serial, ending))
    }
    if world.choices.happens(.publicationDeath, perMille: world.options.fileFaultPercent * 10) {
      publishInPart(serial)
      return endCommand(serial, .signalled(signal: 9))
    }
    guard let result = publish(serial) else {
      // There is no space; it tries again.
      return arrange(.exits(serial), after: 1_000_000)
    }
    endCommand(serial, result)
  }

  func deliver(_ signal: SimulatedSignal, to serial: Int) {
    let process = table[serial]
    guard process.life == .living else { return }
    let command = commands[process.index]
    if command.isUnkillable { return }
    if command.publication != nil { return deliverToPublication(signal, serial) }
    switch signal {
    case .kill: endCommand(serial, leaveFiles(serial, .signalled(signal: 9)))
    case .terminate where command.ignoresTermination: break
    case .terminate where process.isStopped: table[serial].hasPendingTermination = true
    case .terminate: endCommand(serial, leaveFiles(serial, .signalled(signal: 15)))
    case .goOn:
      table[serial].isStopped = false
      if process.hasPendingTermination { endCommand(serial, .signalled(signal: 15)) }
    }
  }

  /// It does not let itself be stopped once it has begun to put files in place.
  private func deliverToPublication(_ signal: SimulatedSignal, _ serial: Int) {
    switch signal {
    case .kill:
      publishInPart(serial)
      endCommand(serial, .signalled(signal: 9))
    case .terminate:
      let hasBegun =
        commands[table[serial].index].ignoresTermination
        || world.choices.happens(.publication, perMille: 500)
      commands[table[serial].index].ignoresTermination = hasBegun
      if !hasBegun { endCommand(serial, .signalled(signal: 15)) }
    case .goOn: table[serial].isStopped = false
    }
  }

  private func endCommand(_ serial: Int, _ result: AttemptEnd.Result) {
    let index = table[serial].index
    let command = commands[index]
    commands[index].status = Self.status(result)
    if let output = command.output { close(output, of: serial) }
    if command.isDescendant {
      world.ledger.descendantEnded(
        command.entry, isUnkillable: command.isUnkillable, at: world.now)
      world.trace.note(.descendantEnded, command.attempt, "")
    } else {
      world.ledger.commandEnded(
        command.entry, result, isUnkillable: command.isUnkillable, at: world.now)
      world.trace.note(
        .ended, command.attempt, EventWording.text(result))
      if result == .exited(code: 0), !command.isReused,
        world.ledger.entries[command.entry].task == .command
      {
        world.work.wrote(command.attempt)
      }
      if world.ledger.entries[command.entry].living > 0 { world.befell(.stragglers) }
    }
    end(serial)
  }

  private static func status(_ result: AttemptEnd.Result) -> Int64 {
    switch result {
    case .exited(let code): Int64(code) << 8
    case .signalled(let signal): Int64(signal)
    case .launchFailed, .lost: preconditionFailure("no process ends like that: \(result)")
    }
  }
}

extension LaunchFailure.Operation {
  /// As a monitor notes it.
  fileprivate var encoded: flow_launch_operation {
    switch self {
    case .createOutput: FLOW_LAUNCH_CREATE_OUTPUT
    case .changeDirectory: FLOW_LAUNCH_CHANGE_DIRECTORY
    case .execute: FLOW_LAUNCH_EXECUTE
    case .createRecord: FLOW_LAUNCH_CREATE_RECORD
    case .fork: FLOW_LAUNCH_FORK
    case .makeSecret: FLOW_LAUNCH_MAKE_SECRET
    case .makeOutputs: FLOW_LAUNCH_MAKE_OUTPUTS
    case .readSecret, .useSecret, .makeInputs, .makeStage, .useFiles:
      preconditionFailure("an engine sends no such attempt")
    }
  }
}
