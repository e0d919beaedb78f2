import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem

/// Drives a run in this process, from its first or a further life to its end, and shows it.
struct RunDrive {
  /// How the drive ended.
  enum End {
    case finished(RunOutcome)
    /// This process was told to detach; attempts continue without it.
    case left(Detachment)
    /// There was nothing to do: the run had ended before.
    case endedBefore(RunOutcome)
  }

  private let context: CommandContext
  private let world: LinuxEnvironment
  private let process: RunProcess
  private let home: RunHome<LinuxStorage>
  private let folder: RunFolder
  private let display: any RunDisplay

  /// - Parameter folder: of the run; it need not exist.
  init(
    _ display: any RunDisplay, _ folder: RunFolder, onTerminate: TerminationPolicy,
    _ home: RunHome<LinuxStorage>, _ context: CommandContext
  ) throws(CommandError) {
    self.context = context
    self.home = home
    self.folder = folder
    self.display = display
    let here: HostContext
    do throws(HostError) { here = try ProcessFacts.hostContext(of: home.path) } catch {
      throw .host(error)
    }
    do throws(Errno) {
      world = try LinuxEnvironment(storage: context.storage, in: here)
      world.onTerminate = onTerminate
      process = RunProcess(
        processID: ProcessFacts.processID, host: here,
        salts: SaltSource(seed: ProcessFacts.randomBits()))
    } catch {
      throw .system("watch processes", error)
    }
  }

  /// The run is a member of its group until all its processes are gone.
  func hold(_ membership: RunGroup<LinuxStorage>.Membership) {
    world.hold(membership)
  }

  /// Creates the run and drives it.
  ///
  /// - Parameter files: the variables of the definition's files.
  /// - Parameter onCreation: called when the run exists durably.
  /// The arguments are released when the run exists: they can be large, and a run long.
  func create(
    _ run: consuming NewRun, definitionFile: consuming [UInt8],
    files: consuming [EnvironmentVariable], onCreation: () -> Void
  ) throws(CommandError) -> End {
    let observer = begin()
    do throws(RunError) {
      let driver = try Driver.create(
        run, definitionFile: definitionFile, files: files, by: process, home: home, world: world,
        observer: observer)
      onCreation()
      return try drive(driver)
    } catch {
      throw abandoned(error)
    }
  }

  /// Resumes a run whose engine is gone.
  ///
  /// - Parameters:
  ///   - environment: what the run's commands inherit.
  ///   - cancelling: a request to cancel for which the run's folder has no room.
  ///   - onStart: called when this process drives the run.
  func resume(
    _ id: String, reopening: Reopening? = nil, environment: EnvironmentSource = .run,
    cancelling request: CancelRequest? = nil, onStart: () -> Void = {}
  ) throws(CommandError) -> End {
    let observer = begin()
    do throws(RunError) {
      let driver = try takeOver(id, reopening, environment, request, observer)
      guard let driver else { return .endedBefore(observer.outcome ?? .succeeded) }
      onStart()
      return try drive(driver)
    } catch {
      throw abandoned(error)
    }
  }

  /// How long a run may be held by a process that was killed.
  private static let leftLockMilliseconds: Int64 = 2_000
  private static let leftLockPauseMilliseconds: Int64 = 5

  /// A process that was killed holds the run until the kernel has ended it. If it was killed while
  /// it started a child, the child holds its open files until `exec`: so the lock of a dead process
  /// can outlive it for a moment.
  private func takeOver(
    _ id: String, _ reopening: Reopening?, _ environment: EnvironmentSource,
    _ request: CancelRequest?, _ observer: RunProgress
  ) throws(RunError) -> Driver<LinuxEnvironment>? {
    let deadline = EventLoop.monotonicNow().advanced(byMilliseconds: Self.leftLockMilliseconds)
    while true {
      do throws(RunError) {
        return try Driver.resume(
          id, reopening: reopening, environment: environment, files: Self.variables,
          cancelling: request, by: process, home: home, world: world, observer: observer)
      } catch {
        guard case .runIsHeld(_, let holder?) = error, ProcessDescriptor(holder)?.isLeaving ?? true,
          EventLoop.monotonicNow() < deadline
        else { throw error }
      }
      world.time.pause(
        until: EventLoop.monotonicNow().advanced(
          byMilliseconds: Self.leftLockPauseMilliseconds))
    }
  }

  /// Reads the files of variables that the recorded definition names.
  private static func variables(of state: RunState) throws(RunError) -> [EnvironmentVariable] {
    do throws(VariableFileErrors) {
      return try VariableFiles.read(state.definition, in: state.created.definitionFolder) {
        "flow: envFiles[\($0)] of the recorded definition"
      }
    } catch {
      throw .variableFiles(errors: error.description)
    }
  }

  /// Lets the display hear of the run, and the terminal of the display.
  private func begin() -> RunProgress {
    world.time.pendingOutput = { context.output.pendingDescriptor }
    world.time.nextFrame = { display.nextFrame }
    world.onTerminalChange = display.terminalChanged
    world.onInterrupt = display.interrupted
    return RunProgress(display, warn: context.warn)
  }

  private func abandoned(_ error: RunError) -> CommandError {
    display.abandon()
    return .run(error)
  }

  private func drive(_ driver: consuming Driver<LinuxEnvironment>) throws(RunError) -> End {
    world.watchRequests(in: folder)
    while true {
      if let outcome = try driver.step() {
        try driver.finish()
        world.finish()
        return .finished(outcome)
      }
      display.wake(at: context.now())
      if world.shouldDetach {
        let running = driver.runningAttempts
        let isPaused = driver.state.isPaused
        try driver.detach()
        let detachment = detachment(running: running, isPaused: isPaused)
        display.abandon()
        return .left(detachment)
      }
    }
  }

  /// Everything is told to end at once, but hears it one after the other.
  private static let hearingMilliseconds: Int64 = 100

  /// What becomes of attempts that have not ended.
  private func detachment(running: Int, isPaused: Bool) -> Detachment {
    if running == 0 {
      return Detachment(running: 0, isPaused: isPaused, manager: world.manager)
    }
    world.time.pause(
      until: EventLoop.monotonicNow().advanced(byMilliseconds: Self.hearingMilliseconds))
    let (interrupted, ended) = world.runner.farewell()
    return Detachment(
      running: running - ended, interrupted: interrupted, isPaused: isPaused,
      manager: world.manager)
  }
}

extension RunDrive.End {
  /// The exit code of the process, which has said why it detaches.
  func exitCode(ofRun id: String, _ context: CommandContext) -> ExitCode {
    switch self {
    case .finished(let outcome), .endedBefore(let outcome): return ExitCode(outcome)
    case .left(let detachment):
      context.warn(detachment.text(ofRun: id))
      return .runUnfinished
    }
  }
}
