package import FlowCore
package import FlowRuntime

/// Runs simulated commands. They take virtual time, and die with the engine.
package final class SimulatedRunner: CommandRunner {
  private struct Process {
    let request: LaunchRequest
    let behaviour: CommandBehaviour
    let startedAt: Instant
    /// Index into the ledger.
    let entry: Int
    var cause = AttemptEnd.Cause.byItself
  }

  enum Happening {
    case exit
    case deadline
    case graceOver
  }

  private unowned let world: World
  /// By process id, which counts up and is never used again.
  private var processes: [Int32: Process] = [:]
  private var nextProcessID: Int32 = 2
  private var reports = WorkQueue<Input>()
  /// Of the attempt that was launched for the latest intent. It outlives all engines.
  private(set) var lastRecord: (path: String, intent: Int64)?

  init(_ world: World) {
    self.world = world
  }

  /// The schedule of the world holds the deadlines; nobody has to be woken for them.
  package var nextDeadline: Instant? { nil }

  var hasReports: Bool { !reports.isEmpty }

  package func nextReport() -> Input? {
    world.isEngineDead ? nil : reports.removeFirst()
  }

  package func begin(in folder: RunFolder) {}

  package func takeOver(
    _ open: [LaunchRequest], from place: Place, through lastSequence: Int64
  ) throws(RunError) -> [FoundAttempt] {
    if let record = lastRecord, record.intent > lastSequence {
      throw .historyIsMissing(
        recordPath: record.path, intent: record.intent, lastSequence: lastSequence)
    }
    return open.map { FoundAttempt($0.attempt, .ended(.lost())) }
  }

  package func launch(_ request: LaunchRequest) {
    guard world.engineGoesOn(at: .launch) else { return }
    let now = world.monotonicNow
    let isProbe = world.isProbe(request)
    let behaviour = world.behaviour(ofStep: request.attempt.step, isProbe: isProbe)
    if let fault = behaviour.fault { world.coverage.add(fault) }
    if behaviour.ignoresTermination { world.coverage.add(.commandIgnoresTermination) }
    lastRecord = (request.recordPath, request.intent)
    let entry = world.ledger.started(
      request.attempt, isProbe: isProbe, life: world.life, at: now)
    world.oracles.launched(request, world)
    if case .result(let result) = behaviour.ending, case .launchFailed = result {
      let end = AttemptEnd(result: result, cause: .byItself, durationMicroseconds: 0)
      world.ledger.ended(entry, end, at: now)
      reports.append(.attemptEnded(request.attempt, end))
      return
    }
    let processID = nextProcessID
    nextProcessID += 1
    processes[processID] = Process(
      request: request, behaviour: behaviour, startedAt: now, entry: entry)
    world.trace.note(.launched, request.attempt, "runs as \(processID)")
    if case .result = behaviour.ending {
      world.arrange(.exit, of: processID, afterMicroseconds: behaviour.durationMicroseconds)
    }
    if let timeout = request.timeoutMilliseconds {
      world.arrange(.deadline, of: processID, afterMicroseconds: timeout * 1_000)
    }
    reports.append(.attemptLaunched(request.attempt, processID: processID))
  }

  package func stop(_ attempt: AttemptID, force: Bool) {
    guard world.engineGoesOn(at: .stop) else { return }
    for processID in processes.keys.sorted()
    where processes[processID]?.request.attempt == attempt {
      if force { kill(processID, cause: .force) } else { terminate(processID, cause: .stop) }
    }
  }

  func happened(_ happening: Happening, to processID: Int32) {
    guard let process = processes[processID] else { return }
    switch happening {
    case .exit:
      if case .result(let result) = process.behaviour.ending { end(processID, result) }
    case .deadline:
      guard process.cause == .byItself else { return }
      reports.append(.deadlinePassed(process.request.attempt))
      terminate(processID, cause: .deadline)
    case .graceOver: end(processID, .signalled(signal: 9))
    }
  }

  /// The engine is gone, and its commands with it.
  func killAll() {
    for processID in processes.keys.sorted() {
      guard let process = processes[processID] else { continue }
      world.ledger.ended(process.entry, nil, at: world.monotonicNow)
    }
    processes = [:]
    reports.removeAll()
  }

  private func terminate(_ processID: Int32, cause: AttemptEnd.Cause) {
    guard var process = processes[processID], process.cause == .byItself else { return }
    process.cause = cause
    processes[processID] = process
    world.ledger.stopAsked(process.entry, at: world.monotonicNow)
    if process.behaviour.ignoresTermination {
      let grace = process.request.killGraceMilliseconds * 1_000
      world.arrange(.graceOver, of: processID, afterMicroseconds: grace)
    } else {
      end(processID, .signalled(signal: 15))
    }
  }

  private func kill(_ processID: Int32, cause: AttemptEnd.Cause) {
    processes[processID]?.cause = cause
    end(processID, .signalled(signal: 9))
  }

  private func end(_ processID: Int32, _ result: AttemptEnd.Result) {
    guard let process = processes.removeValue(forKey: processID) else { return }
    let now = world.monotonicNow
    let end = AttemptEnd(
      result: result, cause: process.cause,
      durationMicroseconds: now.microseconds - process.startedAt.microseconds)
    world.ledger.ended(process.entry, end, at: now)
    world.trace.note(.ended, process.request.attempt, EventWording.text(end))
    let report = Input.attemptEnded(process.request.attempt, end)
    reports.append(report)
    world.echo(report)
  }

  func report(_ report: Input) {
    reports.append(report)
  }
}
