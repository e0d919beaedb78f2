import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage
import FlowSystem

/// A run as a command opens it: its history, as far as it can be read, and the process that drives
/// it.
struct OpenedRun<History: EventFold> {
  let id: String
  let folder: RunFolder
  let history: History
  let isHeld: Bool
  let engineProcessID: Int32?
  let isWaitingForSpace: Bool
  /// How the log ends; nil while it is being written, or where it was not read to its end.
  let tail: LogTail?
  /// Why the history could not be read to its end; what was read before it stands.
  let problem: CommandError?

  /// - Parameters:
  ///   - name: an id, a unique prefix of one, or `latest`.
  ///   - history: takes in the events.
  init(
    named name: String, into history: History, _ context: CommandContext
  ) throws(CommandError) {
    let home = try context.home()
    let id: String
    do throws(RunError) { id = try home.resolve(name) } catch { throw .run(error) }
    try self.init(id, into: history, in: home)
  }

  init(
    _ id: String, into history: History, in home: RunHome<LinuxStorage>
  ) throws(CommandError) {
    self.id = id
    folder = home.folder(of: id)
    var history = history
    var problem: CommandError?
    do throws(RunError) {
      var reader = try RunReader(folder, in: home.storage)
      if Self.awaitEndOfDying(reader.engineProcessID) { try reader.lookAgain() }
      isHeld = reader.isHeld
      engineProcessID = reader.engineProcessID
      isWaitingForSpace = reader.isWaitingForSpace
      do throws(RunError) { try reader.read(into: &history) } catch { problem = .run(error) }
      tail = reader.tail
    } catch {
      throw .run(error)
    }
    self.history = history
    self.problem = problem
  }

  /// An engine that was killed holds the run until the kernel has ended it, and drives it no more.
  ///
  /// - Returns: whether it has gone meanwhile.
  private static func awaitEndOfDying(_ engine: Int32?) -> Bool {
    guard let engine else { return false }
    guard let process = ProcessDescriptor(engine) else { return true }
    guard process.isDying else { return false }
    return process.awaitEnd(milliseconds: dyingMilliseconds)
  }

  private static var dyingMilliseconds: Int32 { 2_000 }
}

extension OpenedRun<RunHistory> {
  /// The run as it is seen now.
  func view(_ context: CommandContext) throws(CommandError) -> RunView {
    let bootID: String
    do throws(Errno) { bootID = try ProcessFacts.bootID() } catch {
      throw .system("read the boot id", error)
    }
    return RunView(
      history, runID: id, isHeld: isHeld, engineProcessID: engineProcessID, now: context.now(),
      bootID: bootID)
  }

  /// - Throws: why the history does not tell the definition.
  func explainer(_ context: CommandContext) throws(CommandError) -> Explainer {
    if let explainer = Explainer(try view(context)) { return explainer }
    throw problem ?? .run(.log(LogError(folder.log, .empty)))
  }

  /// Hands over the events once more, as far as they were read.
  func forEachEvent(
    _ context: CommandContext, _ body: (Event) -> Void
  ) throws(CommandError) {
    let home = try context.home()
    do throws(RunError) {
      var reader = try RunReader(folder, in: home.storage)
      while let event = try reader.next(), event.sequence <= history.lastSequence { body(event) }
    } catch {
      throw .run(error)
    }
  }

  /// The state of the attempts that the history left open, by step; nil while an engine drives the
  /// run, or where it is unknown.
  func abandonedAttempts(in home: RunHome<LinuxStorage>) -> [Int32: AbandonedAttempt]? {
    guard !isHeld, let state = history.state, !state.isFinished,
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
