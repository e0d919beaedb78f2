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
  /// Whether that process does nothing until it is continued.
  let isSuspended: Bool
  let lacking: Shortages
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
    var patience = LockPatience()
    try self.init(id, into: history, in: home, &patience)
  }

  /// - Parameter patience: with locks whose engine is not to be seen, also of other runs.
  init(
    _ id: String, into history: History, in home: RunHome<LinuxStorage>,
    _ patience: inout LockPatience
  ) throws(CommandError) {
    self.id = id
    folder = home.folder(of: id)
    var history = history
    var problem: CommandError?
    do throws(RunError) {
      var reader = try RunReader(folder, in: home.storage)
      let isGone = try Self.awaitEndOfDying(&reader, &patience)
      isHeld = reader.isHeld
      engineProcessID = isGone ? nil : reader.engineProcessID
      lacking = reader.lacking
      isSuspended = engineProcessID.flatMap { ProcessDescriptor($0) }?.isSuspended ?? false
      do throws(RunError) { try reader.read(into: &history) } catch { problem = .run(error) }
      tail = reader.tail
    } catch {
      throw .run(error)
    }
    self.history = history
    self.problem = problem
  }

  /// An engine that was killed drives the run no more, but holds it until the kernel has ended it;
  /// a child that it was just starting holds it until it executes its own program.
  ///
  /// - Returns: whether the run is held after that by another process than the one it names, which
  ///   is gone, or is in another container.
  private static func awaitEndOfDying(
    _ reader: inout RunReader<LinuxStorage>, _ patience: inout LockPatience
  ) throws(RunError) -> Bool {
    var deadline: Instant?
    defer { if let deadline { patience = LockPatience(until: deadline) } }
    while let engine = reader.engineProcessID {
      if let process = ProcessDescriptor(engine) {
        guard process.isDying else { return false }
        _ = process.awaitEnd(milliseconds: dyingMilliseconds)
      }
      try reader.lookAgain()
      let now = EventLoop.monotonicNow()
      let end = deadline ?? now.advanced(byMicroseconds: patience.microseconds)
      deadline = end
      if now >= end { return reader.engineProcessID == engine }
      if reader.engineProcessID == engine {
        EventLoop.pause(until: now.advanced(byMilliseconds: leftLockPauseMilliseconds))
      }
    }
    return false
  }

  private static var dyingMilliseconds: Int32 { 2_000 }
  private static var leftLockPauseMilliseconds: Int64 { 5 }
}

/// How much longer a command waits for locks to become free whose engine is not to be seen. A child
/// that the engine was starting when it was killed holds one for a moment; an engine in another
/// container holds one for as long as its run takes, and nothing in the lock tells the two apart.
struct LockPatience {
  fileprivate let microseconds: Int64

  init() {
    microseconds = 500_000
  }

  fileprivate init(until deadline: Instant) {
    microseconds = max(0, deadline.microseconds - EventLoop.monotonicNow().microseconds)
  }
}

extension OpenedRun<RunHistory> {
  /// The run as it is seen now.
  func view(_ context: CommandContext) throws(CommandError) -> RunView {
    let bootID: String
    do throws(Errno) { bootID = try ProcessFacts.bootID() } catch {
      throw .system("read the boot id", error)
    }
    return RunView(
      history, runID: id, isHeld: isHeld, engineProcessID: engineProcessID,
      isSuspended: isSuspended,
      lacking: lacking, now: context.now(), bootID: bootID)
  }

  /// - Throws: why the history does not tell the definition.
  func explainer(_ context: CommandContext) throws(CommandError) -> Explainer {
    if var explainer = Explainer(try view(context)) {
      let (id, folder, state) = (id, folder, explainer.state)
      explainer.survivors = survivors(state)
      explainer.kept = KeptAnswers(state, in: try context.home(), now: context.now().wall)
      explainer.tail = {
        AttemptOutputs(runID: id, folder: folder).tail($0, state, FailureReport.mostLines)
      }
      return explainer
    }
    throw problem ?? .run(.log(LogError(folder.log, .empty)))
  }

  /// Names the processes of an attempt that cannot be killed.
  func survivors(_ state: RunState) -> @Sendable (AttemptID) -> String? {
    let folder = folder
    return { attempt in
      let step = state.definition.steps[Int(attempt.step)].id
      return Survivors.text(ofRecord: folder.record(ofStep: step, attempt: attempt.number))
    }
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
    guard !isHeld || isSuspended, let state = history.state, !state.isFinished,
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
