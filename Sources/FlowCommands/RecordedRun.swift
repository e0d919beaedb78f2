import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem

/// A run as its history tells it, as far as that can be read.
struct RecordedRun {
  let id: String
  let folder: RunFolder
  let summary: RunSummary
  let isHeld: Bool
  let engineProcessID: Int32?
  let isWaitingForRoom: Bool
  /// Why the history could not be read to its end; what was read before it stands.
  let problem: CommandError?

  /// - Parameters:
  ///   - name: an id, a unique beginning of one, or `latest`.
  ///   - keepsAllAttempts: whether more is asked for than the last of each step.
  init(
    named name: String, keepsAllAttempts: Bool, _ context: CommandContext
  ) throws(CommandError) {
    let home = try context.home()
    let id: String
    do throws(RunError) { id = try home.resolve(name) } catch { throw .run(error) }
    try self.init(id, keepsAllAttempts: keepsAllAttempts, in: home)
  }

  init(
    _ id: String, keepsAllAttempts: Bool, in home: RunHome<LinuxStorage>
  ) throws(CommandError) {
    self.id = id
    folder = home.folder(of: id)
    var summary = RunSummary(keepsAllAttempts: keepsAllAttempts)
    var problem: CommandError?
    do throws(RunError) {
      var reader = try RunReader(folder, in: home.storage)
      if Self.awaitEndOfDying(reader.engineProcessID) { try reader.lookAgain() }
      isHeld = reader.isHeld
      engineProcessID = reader.engineProcessID
      isWaitingForRoom = reader.isWaitingForRoom
      do throws(RunError) { try reader.read(into: &summary) } catch { problem = .run(error) }
    } catch {
      throw .run(error)
    }
    self.summary = summary
    self.problem = problem
  }

  /// An engine that was killed holds the run until it has had time to die, and drives it no more.
  ///
  /// - Returns: whether it has gone meanwhile.
  private static func awaitEndOfDying(_ engine: Int32?) -> Bool {
    guard let engine else { return false }
    guard let process = ProcessDescriptor(engine) else { return true }
    guard process.isDying else { return false }
    return process.awaitEnd(milliseconds: dyingMilliseconds)
  }

  private static let dyingMilliseconds: Int32 = 2_000

  /// What has become of the attempts that the history left open, by step; nil while an engine drives
  /// the run, or where that cannot be found out.
  func abandonedAttempts(in home: RunHome<LinuxStorage>) -> [Int32: AbandonedAttempt]? {
    guard !isHeld, let state = summary.state, !state.isFinished,
      let here = try? ProcessFacts.hostContext(of: home.path)
    else { return nil }
    var found: [Int32: AbandonedAttempt] = [:]
    for attempt in state.openAttemptIDs {
      found[attempt.step] = AbandonedAttempt(
        attempt, state, seenFrom: here, in: folder, home.storage)
    }
    return found
  }
}

extension RunReader<LinuxStorage> {
  /// Reads a run on this machine.
  init(_ folder: RunFolder, in storage: LinuxStorage) throws(RunError) {
    let bootID: String
    do throws(Errno) { bootID = try ProcessFacts.bootID() } catch {
      throw .storage(StorageError(.read, "/proc/sys/kernel/random/boot_id", error))
    }
    try self.init(folder, in: storage, bootID: bootID)
  }
}
