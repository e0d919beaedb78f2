package import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem

/// `flow cancel RUN`.
package struct CancelCommand: Subcommand, Equatable {
  package let run: String
  package let wait: Bool
  package let force: Bool
  /// Whether another command tells what became of the run.
  private let isSilent: Bool

  private static let waitOption = Option("wait", "wait until the run has ended")
  private static let forceOption = Option("force", short: "f", "kill running steps without grace")

  package static let syntax = CommandSyntax(
    name: "cancel", purpose: "stop a run from any process",
    details: """
      Writes a durable cancel request and waits until the engine has recorded it. If
      the run has no engine, this process becomes its engine and finishes the run.
      With --force, running steps are killed even if the history cannot be read, the
      engine or a monitor does not respond, or the disk is full. The steps of
      "finally", and "onFailure" of what was stopped, run after a cancel; while they
      run, only --force ends them.
      """,
    arguments: [.run], options: [waitOption, forceOption],
    examples: [
      .init("flow cancel latest", "stop running steps with grace"),
      .init(
        "flow cancel latest --wait --force", "kill running steps and wait"),
    ],
    exitCodes: [.success, .usage, .runUnfinished, .damaged, .environment, .newer])

  package init(_ arguments: ScannedArguments) {
    run = arguments.positional[0]
    wait = arguments.has(Self.waitOption)
    force = arguments.has(Self.forceOption)
    isSilent = false
  }

  init(_ run: String, wait: Bool, isSilent: Bool) {
    self.run = run
    self.wait = wait
    force = false
    self.isSilent = isSilent
  }

  private func say(_ text: String, _ context: CommandContext) {
    if !isSilent { context.output.write(text) }
  }

  /// How often to check whether the engine has recorded the request.
  private static let intervalMilliseconds: Int64 = 20
  /// After this, an engine that is alive and has not recorded the request counts as stopped or
  /// stuck.
  private static let patienceMilliseconds: Int64 = 3_000

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let home = try context.home()
    let id: String
    do throws(RunError) { id = try home.resolve(run) } catch { throw .run(error) }
    do throws(CommandError) { return try cancel(id, home, context) } catch {
      // Running attempts are known from their records, without the history.
      if force { try stopAll(id, home, context, history: "not recorded in the history") }
      throw error
    }
  }

  private func cancel(
    _ id: String, _ home: RunHome<LinuxStorage>, _ context: CommandContext
  ) throws(CommandError) -> ExitCode {
    let request = CancelRequest(id: ProcessFacts.randomBits(), force: force)
    var watch: RunHistoryWatch
    do throws(RunError) { watch = try RunHistoryWatch(id, home) } catch { throw .run(error) }
    do throws(RunError) {
      try watch.readOn()
      if let outcome = watch.outcome {
        if !isSilent { context.warn("run \(id) has already ended: \(outcome)") }
        return .success
      }
    } catch {
      throw .run(error)
    }
    do throws(RunError) {
      try CancelRequests(home.folder(of: id), in: home.storage).file(request)
    } catch {
      guard error.storageFailure?.errno.isOutOfSpace == true else { throw .run(error) }
      return try cancelWithoutSpace(request, error, &watch, home, context)
    }
    do throws(CommandError) { return try follow(.kept(request), &watch, home, context) } catch {
      context.warn("run \(id): the cancel request is kept; the run stops once an engine resumes it")
      throw error
    }
  }

  /// How the engine learns of the request.
  private enum Told {
    /// It is in the run's folder.
    case kept(CancelRequest)
    /// The disk has no space for it: the engine was sent a signal, if there is one.
    case unkept(CancelRequest)

    var request: CancelRequest {
      switch self {
      case .kept(let request), .unkept(let request): request
      }
    }

    func isTakenIn(_ watch: borrowing RunHistoryWatch) -> Bool {
      switch self {
      case .kept(let request): watch.hasTakenIn(request)
      case .unkept(let request): watch.hasTakenInCancel(force: request.force)
      }
    }
  }

  /// The run's folder has no space for the request. An engine that lives takes a signal for it.
  private func cancelWithoutSpace(
    _ request: CancelRequest, _ error: RunError, _ watch: inout RunHistoryWatch,
    _ home: RunHome<LinuxStorage>, _ context: CommandContext
  ) throws(CommandError) -> ExitCode {
    do throws(CommandError) {
      let isTold = watch.hasTakenInCancel(force: force)
      if watch.isHeld, !isTold, try !signalEngine(&watch) { throw .run(error) }
      return try follow(.unkept(request), &watch, home, context)
    } catch {
      if !force {
        context.warn(
          "run \(watch.id): the disk has no space for the cancel request; kill running steps now with:"
            + " flow cancel --force \(watch.id)")
      }
      throw error
    }
  }

  /// Sends the engine the signal of a first Ctrl-C, or with `--force` that of Ctrl-\.
  ///
  /// - Returns: false if it cannot be reached.
  private func signalEngine(_ watch: inout RunHistoryWatch) throws(CommandError) -> Bool {
    guard let processID = watch.engineProcessID, let engine = ProcessDescriptor(processID) else {
      return false
    }
    // Ids are reused: the process that was opened is the engine only if it holds the run now.
    do throws(RunError) { try watch.readOn() } catch { throw .run(error) }
    guard watch.isHeld, watch.engineProcessID == processID else { return false }
    return engine.askToCancel(force: force)
  }

  /// Ends all running attempts, which their records name.
  private func stopAll(
    _ id: String, _ home: RunHome<LinuxStorage>, _ context: CommandContext, history: String
  ) throws(CommandError) {
    let here: HostContext
    let host: LinuxProcesses
    let time: EventLoop
    do throws(HostError) { here = try ProcessFacts.hostContext(of: home.path) } catch {
      throw .host(error)
    }
    do throws(Errno) {
      host = try LinuxProcesses(in: here)
      time = EventLoop(signals: try SignalDescriptor())
    } catch {
      throw .system("watch processes", error)
    }
    let report: ForcedStop<LinuxProcesses, EventLoop>.Report
    do throws(RunError) {
      let stop = ForcedStop(
        home.folder(of: id), host: host, storage: home.storage, time: time, here: here)
      report = try stop.perform()
    } catch {
      throw .run(error)
    }
    let attempts = report.stopped == 1 ? "1 attempt" : "\(report.stopped) attempts"
    context.warn(
      report.stopped == 0 ? "no running attempt was found" : "killed \(attempts), \(history)")
    for path in report.left {
      context.warn("cannot stop the monitor that locks \(path)")
    }
    for path in report.unkillable {
      context.warn("cannot kill what is left of the attempt of \(path)")
    }
    for path in report.unreadable {
      context.warn("cannot read \(path): its attempt may still be running")
    }
  }

  private func follow(
    _ told: Told, _ watch: inout RunHistoryWatch, _ home: RunHome<LinuxStorage>,
    _ context: CommandContext
  ) throws(CommandError) -> ExitCode {
    let time: EventLoop
    do throws(Errno) { time = EventLoop(signals: try SignalDescriptor()) } catch {
      throw .system("watch a run", error)
    }
    var interrupt: Int32?
    time.onSignal = { if SignalDescriptor.asksToStop($0) { interrupt = $0 } }
    let isLate = EventLoop.monotonicNow().advanced(byMilliseconds: Self.patienceMilliseconds)
    var isImpatient = true
    while true {
      do throws(RunError) { try watch.readOn() } catch { throw .run(error) }
      let isTooLate = watch.cameTooLate(told.request)
      if let outcome = watch.outcome {
        sayEnd(watch.id, outcome, isTooLate: isTooLate, context)
        return .success
      }
      if told.isTakenIn(watch), !wait {
        say(isTooLate ? advice(watch) : "run \(watch.id) is stopping\n", context)
        return .success
      }
      if isImpatient, watch.isHeld, !told.isTakenIn(watch), EventLoop.monotonicNow() >= isLate {
        isImpatient = false
        try goOnWithout(watch, home, context)
      }
      if !watch.isHeld, let code = try becomeEngine(watch, told, home, context) { return code }
      time.wait(
        until: EventLoop.monotonicNow().advanced(byMilliseconds: Self.intervalMilliseconds))
      // What the engine was told stands even if this process stops waiting.
      if let interrupt {
        context.output.flush()
        SignalDescriptor.end(by: interrupt)
      }
    }
  }

  private func sayEnd(
    _ id: String, _ outcome: RunOutcome, isTooLate: Bool, _ context: CommandContext
  ) {
    let late = isTooLate ? ": it was concluding already, and the cancel changed nothing" : ""
    say("run \(id) \(outcome)\(late)\n", context)
  }

  /// Where a cancel changes nothing, but one by force does.
  private func advice(_ watch: borrowing RunHistoryWatch) -> String {
    let (place, what) =
      watch.state?.isConcluded == true
      ? ("has come to its end", "notify commands") : ("is concluding", "finally steps")
    return "run \(watch.id) \(place), which a cancel does not change; kill its \(what) with:"
      + " flow cancel --force \(watch.id)\n"
  }

  /// An engine that was stopped, or waits for its disk, cannot stop attempts. With `--force` they
  /// are stopped without it. What the engine was told stands either way.
  private func goOnWithout(
    _ watch: borrowing RunHistoryWatch, _ home: RunHome<LinuxStorage>, _ context: CommandContext
  ) throws(CommandError) {
    let process = watch.engineProcessID.map { " (process \($0))" } ?? ""
    let problem = watch.lacking.first.map { "waits for \($0.name)" } ?? "does not respond"
    let advice = force ? "" : "; to kill running steps now: flow cancel --force \(watch.id)"
    context.warn(
      "run \(watch.id): the engine\(process) \(problem); it stops the run when it resumes\(advice)")
    if force {
      try stopAll(watch.id, home, context, history: "to be recorded when the engine resumes")
    }
    context.errors.flush()
  }

  /// Drives a run that has no engine to its end.
  ///
  /// - Returns: nil if another process was faster.
  private func becomeEngine(
    _ watch: borrowing RunHistoryWatch, _ told: Told, _ home: RunHome<LinuxStorage>,
    _ context: CommandContext
  ) throws(CommandError) -> ExitCode? {
    let id = watch.id
    let isConcluding = watch.state.map { $0.isConcluding || $0.isConcluded } ?? false
    let drive = try RunDrive(
      NoDisplay(), home.folder(of: id), onTerminate: .detach, home, context)
    do throws(CommandError) {
      switch try drive.resume(id, environment: .runIfReadable, cancelling: told.request) {
      case .finished(let outcome), .endedBefore(let outcome):
        sayEnd(id, outcome, isTooLate: isConcluding && !force, context)
        return .success
      case .left: return .runUnfinished
      }
    } catch {
      if case .run(.runIsHeld) = error { return nil }
      throw error
    }
  }
}
