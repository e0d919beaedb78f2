import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage

/// Where a second engine runs, beside the one that lives: on the same machine, with attempts of its
/// own.
private final class RivalEngine: Environment {
  private let world: World
  let runner: AttemptSupervisor<SimulatedProcesses, SimulatedClock>

  init(beside world: World) {
    self.world = world
    runner = world.newRunner()
  }

  var time: SimulatedClock { world.time }
  var storage: SimulatedStorage { world.storage }
  var callerEnvironment: RunEnvironment { World.environment(ofProcess: 99) }

  func readSecret(at path: String, limit: Int) throws(Errno) -> [UInt8] {
    try world.readSecret(at: path, limit: limit)
  }

  var memoryFolder: String? { world.memoryFolder }
  var userName: @Sendable (UInt32) -> String { world.userName }

  // It is kept out, or dies before it has done anything.
  func startWorkSync(_ folders: [String]) {}
  func finishedWorkSync() -> Result<Void, Errno>? { nil }

  func nextCancelRequest() -> CancelRequest? { nil }
  func takeRequestNotice() -> Bool { false }
}

/// What comes of an engine that is started beside another.
enum RivalResult {
  case drives
  /// The run has an engine, which the lock file names.
  case refused(by: Int32?)
  case failed(RunError)
}

extension World {
  /// A second engine is started on a run that has one.
  func startRival() {
    // One that is not kept out takes its time, in which visitors come.
    guard let run, !isLockGone, !visitors.hasRival, visit({ isHeld(run) }) else { return }
    visitors.hasRival = true
    defer { visitors.hasRival = false }
    let process = RunProcess(processID: 99, host: host, salts: SaltSource(seed: 0))
    let result: RivalResult = visit {
      do throws(RunError) {
        _ = try Driver.resume(
          run.id, by: process, home: run.home, world: RivalEngine(beside: self),
          observer: checkers)
        return .drives
      } catch .runIsHeld(_, let processID) {
        return .refused(by: processID)
      } catch {
        return .failed(error)
      }
    }
    checkers.rivalDrove(result)
  }

  private func isHeld(_ run: SimulatedRun) -> Bool {
    guard let holder = try? HolderRecord.holder(of: run.folder, in: run.home.storage)
    else { return false }
    if case .engine = holder { return true }
    return false
  }

  /// Another engine finds no lock, takes the run over, and dies before it does anything with it.
  ///
  /// - Returns: whether it has tried.
  func takeRun() -> Bool {
    guard let run, isLockGone, takenThrough == nil else { return false }
    let failure: String? = visit {
      do { try recover(run) } catch { return "\(error)" }
      return nil
    }
    checkers.rivalTookOver(failure: failure)
    return true
  }

  private func recover(_ run: SimulatedRun) throws {
    let lock = try RunLock.acquire(
      run.folder, id: run.id, processID: 98, boot: BootMark(host.bootID), in: storage)
    var reader = try LogReader.open(
      run.folder.log, in: storage, .recovering, dictionary: EventDictionary.version1)
    try reader.drain()
    visitors.taken = (fromLife: engine.life, through: Int64(reader.lastSequence))
    var options = LogOptions()
    options.compression = .none
    options.reservationBytes = 1_024
    options.dictionary = EventDictionary.version1
    let life = reader.engineLife + 1
    let writer = try LogWriter.recover(
      after: reader, salt: 0x7a6b_0000 | life, engineLife: life, options)
    try writer.close()
    try lock.release()
  }

  /// The last event that another engine has read which took the run from the one that lives; nil if
  /// none did.
  var takenThrough: Int64? {
    guard let taken = visitors.taken, taken.fromLife == engine.life else { return nil }
    return taken.through
  }
}
