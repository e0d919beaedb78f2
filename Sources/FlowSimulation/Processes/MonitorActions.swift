import CMonitor
import FlowCore
import FlowRuntime
import FlowStorage

/// The actions of monitors.
extension SimulatedProcesses {
  func perform(_ action: flow_monitor_action, _ monitor: SimulatedMonitor) {
    switch action {
    case FLOW_MONITOR_CREATE_RECORD, FLOW_MONITOR_LOCK_RECORD, FLOW_MONITOR_RESERVE_RECORD,
      FLOW_MONITOR_CREATE_OUTPUT, FLOW_MONITOR_REMOVE_RECORD, FLOW_MONITOR_WRITE_START,
      FLOW_MONITOR_WRITE_COMMAND,
      FLOW_MONITOR_WRITE_END:
      let result = keepRecord(action, monitor)
      monitor.step(FLOW_MONITOR_DONE, result, at: clock)
    case FLOW_MONITOR_COLLECT: monitor.step(FLOW_MONITOR_DONE, collect(monitor), at: clock)
    case FLOW_MONITOR_SCRUB: monitor.step(FLOW_MONITOR_DONE, scrub(monitor), at: clock)
    case FLOW_MONITOR_SPAWN:
      let result = spawn(monitor)
      monitor.step(FLOW_MONITOR_DONE, result, at: clock)
    case FLOW_MONITOR_RELEASE_LAUNCHER:
      close(monitor.launcherLock, of: monitor.process)
      if monitor.state.output_error != 0 { startsNothing(monitor) }
    case FLOW_MONITOR_REPORT_LAUNCHED, FLOW_MONITOR_REPORT_DEADLINE, FLOW_MONITOR_REPORT_TOLD,
      FLOW_MONITOR_REPORT_ENDED, FLOW_MONITOR_REPORT_SHORTAGE, FLOW_MONITOR_REPORT_REFUSED:
      report(action, monitor)
    case FLOW_MONITOR_TERMINATE_GROUP: signalGroup(of: monitor, .terminate)
    case FLOW_MONITOR_CONTINUE_GROUP: signalGroup(of: monitor, .goOn)
    case FLOW_MONITOR_TERMINATE_CHILDREN, FLOW_MONITOR_KILL_CHILDREN:
      signalChildren(action, monitor)
    case FLOW_MONITOR_REAP_COMMAND:
      if let command = monitor.command { reapCommand(command) }
      monitor.mustCountChildren = true
    case FLOW_MONITOR_NAME_SURVIVORS: nameSurvivors(monitor)
    case FLOW_MONITOR_EXIT: endMonitor(monitor, wasKilled: false)
    default: preconditionFailure("unknown action of a monitor: \(action.rawValue)")
    }
  }

  /// The record says that it starts, and it has no output.
  private func startsNothing(_ monitor: SimulatedMonitor) {
    let failure = LaunchFailure(operation: .createOutput, errno: monitor.state.output_error)
    world.ledger.notStarted(monitor.entry, failure, at: world.now)
    world.checkers.commandStarted(monitor.entry)
  }

  // MARK: The record

  /// - Returns: zero or more, or a negative error number.
  private func keepRecord(_ action: flow_monitor_action, _ monitor: SimulatedMonitor) -> Int64 {
    do throws(Errno) {
      try world.storage.act(as: monitor.process) { () throws(Errno) in
        try operate(action, monitor)
      }
      if action == FLOW_MONITOR_WRITE_END {
        world.ledger.recordWritten(monitor.entry, failed: false)
      }
      return 0
    } catch {
      if action != FLOW_MONITOR_CREATE_OUTPUT {
        world.ledger.recordWritten(monitor.entry, failed: true)
      }
      return -Int64(error.rawValue)
    }
  }

  private func operate(
    _ action: flow_monitor_action, _ monitor: SimulatedMonitor
  ) throws(Errno) {
    let path = monitor.request.recordPath
    switch action {
    case FLOW_MONITOR_CREATE_RECORD: monitor.record = try world.storage.open(path, .create)
    case FLOW_MONITOR_CREATE_OUTPUT:
      monitor.output = try world.storage.open(monitor.request.outputPath, .create)
    case FLOW_MONITOR_REMOVE_RECORD:
      removeSecretFolder(monitor.request)
      if monitor.output != nil { try world.storage.removeFile(monitor.request.outputPath) }
      try world.storage.removeFile(path)
    case FLOW_MONITOR_LOCK_RECORD:
      guard try world.storage.tryLock(record(of: monitor)) else { throw .tryAgain }
    case FLOW_MONITOR_RESERVE_RECORD:
      let room = monitor.request.outputs == nil ? 0 : Int64(FLOW_RECORD_OUTPUTS_ROOM)
      try world.storage.reserve(record(of: monitor), upTo: Int64(FLOW_RECORD_SIZE) + room)
    case FLOW_MONITOR_WRITE_START:
      try write(encodedStart(monitor), at: Int(FLOW_RECORD_START_OFFSET), monitor)
    case FLOW_MONITOR_WRITE_COMMAND:
      try write(encodedCommand(monitor), at: Int(FLOW_RECORD_COMMAND_OFFSET), monitor)
    case FLOW_MONITOR_WRITE_END:
      monitor.state.end.cpu_us = monitor.state.end.duration_us
      monitor.state.end.peak_memory_kib = 1_024
      try write(encodedEnd(monitor), at: Int(FLOW_RECORD_END_OFFSET), monitor)
    default: preconditionFailure("not an operation on a record: \(action.rawValue)")
    }
  }

  func record(of monitor: SimulatedMonitor) -> Int {
    guard let record = monitor.record else { preconditionFailure("a monitor has no record") }
    return record
  }

  private func write(
    _ bytes: [UInt8], at offset: Int, _ monitor: SimulatedMonitor
  ) throws(Errno) {
    let count = try world.storage.write(bytes.span, to: record(of: monitor), at: Int64(offset))
    precondition(count == bytes.count, "a write within a sector was cut")
  }

  private func encodedStart(_ monitor: SimulatedMonitor) -> [UInt8] {
    let request = monitor.request
    let process = table[monitor.process]
    var start = flow_record_start(
      step: request.attempt.step, attempt: request.attempt.number, intent: request.intent,
      host: monitor.host.encoded, monitor: process.processID,
      monitor_start: process.startTime, started_at: clock)
    var bytes = [UInt8](repeating: 0, count: 128)
    unsafe flow_record_encode_start(&start, &bytes)
    return bytes
  }

  private func encodedCommand(_ monitor: SimulatedMonitor) -> [UInt8] {
    guard let serial = monitor.command else { preconditionFailure("no command was started") }
    var command = flow_record_command(
      process: table[serial].processID, process_start: table[serial].startTime)
    var bytes = [UInt8](repeating: 0, count: 64)
    unsafe flow_record_encode_command(&command, &bytes)
    return bytes
  }

  private func encodedEnd(_ monitor: SimulatedMonitor) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 128)
    unsafe flow_record_encode_end(&monitor.state.end, &bytes)
    return bytes
  }

  // MARK: Reports

  private func report(_ action: flow_monitor_action, _ monitor: SimulatedMonitor) {
    let attempt = monitor.request.attempt
    let message: ProcessMessage =
      switch action {
      case FLOW_MONITOR_REPORT_LAUNCHED:
        .launched(
          attempt, processID: monitor.state.command,
          monitorID: table[monitor.process].processID)
      case FLOW_MONITOR_REPORT_DEADLINE: .deadlinePassed(attempt)
      case FLOW_MONITOR_REPORT_TOLD: .toldToEnd(attempt)
      case FLOW_MONITOR_REPORT_ENDED: .ended(attempt, AttemptEnd(monitor.state.end))
      case FLOW_MONITOR_REPORT_SHORTAGE:
        .lacks(attempt, Errno(rawValue: monitor.state.end.code).shortage ?? .processes)
      case FLOW_MONITOR_REPORT_REFUSED: .refused(attempt, LaunchFailure(monitor.state.end))
      default: preconditionFailure("not a report: \(action.rawValue)")
      }
    tell(message, life: monitor.life)
    if action == FLOW_MONITOR_REPORT_ENDED { echo(message, life: monitor.life) }
  }

  /// Reports an end a second time, later.
  private func echo(_ message: ProcessMessage, life: Int) {
    guard world.choices.happens(.echo, perMille: world.options.echoPercent * 10) else { return }
    world.befell(.endToldTwice)
    let delay = [0, 1_000, 1_500_000][world.choices.choose(.echo, below: 3)]
    arrange(.message(message, life: life), after: Int64(delay))
  }

  // MARK: Signals

  private func signalChildren(_ action: flow_monitor_action, _ monitor: SimulatedMonitor) {
    for child in table.livingChildren(of: monitor.process) {
      if action == FLOW_MONITOR_TERMINATE_CHILDREN {
        guard monitor.terminated.insert(child).inserted else { continue }
        terminate(child)
        // Only then does a stopped process take it.
        deliver(.goOn, to: child)
      } else {
        checkGrace(of: child)
        deliver(.kill, to: child)
      }
    }
  }

  /// A monitor sends a process SIGTERM.
  private func terminate(_ serial: Int) {
    let process = table[serial]
    if process.hadTermination {
      world.checkers.violated(.once, "process \(process.processID) is sent SIGTERM a second time")
    }
    table[serial].hadTermination = true
    deliver(.terminate, to: serial)
  }

  /// A process that a monitor has sent SIGTERM gets to handle it before it is killed. One that only the
  /// system has sent says nothing of a monitor: of processes in other groups than a living command's, none
  /// gets one before the command's grace is over.
  func checkGrace(of serial: Int) {
    let process = table[serial]
    if process.hasPendingTermination, process.hadTermination {
      world.checkers.violated(
        .grace, "process \(process.processID) is killed before it could handle SIGTERM")
    }
  }

  private func signalGroup(of monitor: SimulatedMonitor, _ signal: SimulatedSignal) {
    for member in table.livingMembers(ofGroup: monitor.state.command) {
      let process = table[member]
      guard process.role == .command || process.role == .descendant,
        commands[process.index].attempt == monitor.request.attempt
      else {
        world.checkers.violated(
          .target,
          "process \(process.processID) is sent \(signal) for \(monitor.request.attempt), to which it"
            + " does not belong")
        continue
      }
      if signal == .terminate {
        monitor.terminated.insert(member)
        terminate(member)
      } else {
        deliver(signal, to: member)
      }
    }
  }

  /// The id of a reaped command is free if it names no group any more. Then a stranger may get it
  /// at once, and lead a group of that name.
  private func reapCommand(_ command: Int) {
    table.reap(command)
    let processID = table[command].processID
    guard !table.isTaken(processID),
      world.choices.happens(.reuse, perMille: world.options.reusePercent * 10)
    else { return }
    world.befell(.groupReused)
    _ = table.start(.stranger, index: 0, parent: ProcessTable.initial, as: processID)
  }

  /// All living descendants, whatever sessions and groups they are in.
  private func nameSurvivors(_ monitor: SimulatedMonitor) {
    let survivors = table.livingDescendants(of: monitor.process)
    monitor.state.end.unkillable = Int32(survivors.count)
    var ids = [Int32](repeating: 0, count: 8)
    for (index, survivor) in survivors.prefix(8).enumerated() {
      ids[index] = table[survivor].processID
    }
    monitor.state.end.unkillable_ids = (
      ids[0], ids[1], ids[2], ids[3], ids[4], ids[5], ids[6], ids[7]
    )
    world.befell(.unkillableNamed)
  }
}
