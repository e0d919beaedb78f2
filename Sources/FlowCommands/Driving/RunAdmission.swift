import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import FlowText

/// Lets a run into its group, or does what it says of another run that is there.
struct RunAdmission {
  enum Entry {
    case admitted(RunGroup<LinuxStorage>.Membership)
    /// The run is not started, which is no error. The user was told so.
    case skipped
    /// This run must be resumed instead.
    case resume(String)
  }

  private let group: RunGroup<LinuxStorage>
  private let onConflict: OnConflict
  private let home: RunHome<LinuxStorage>
  private let context: CommandContext
  /// Whether nothing but failures is told.
  private let isQuiet: Bool

  /// How often to look whether it is the run's turn.
  private static let intervalMilliseconds: Int64 = 50

  init(
    to group: String, _ onConflict: OnConflict, _ home: RunHome<LinuxStorage>,
    _ context: CommandContext, isQuiet: Bool
  ) {
    self.group = RunGroup(group, in: home)
    self.onConflict = onConflict
    self.home = home
    self.context = context
    self.isQuiet = isQuiet
  }

  /// - Parameters:
  ///   - isNew: whether the run would be created.
  ///   - onWait: called when the run has to wait.
  func enter(
    _ run: String, isNew: Bool, onWait: () -> Void = {}
  ) throws(CommandError) -> Entry {
    if isNew, onConflict == .resume, let last = try interrupted() { return .resume(last) }
    var ticket: RunGroup<LinuxStorage>.Ticket?
    while true {
      switch try admit(run, ticket) {
      case .admitted(let membership): return .admitted(membership)
      case .busy: break
      case .taken(let other):
        switch onConflict {
        case .fail, .resume: throw .groupIsTaken(group.name, by: other)
        case .skip:
          if !isQuiet {
            context.errors.write("\(CommandError.groupIsTaken(group.name, by: other))\n")
          }
          return .skipped
        case .queue where ticket == nil:
          ticket = try queueUp()
          if ticket != nil {
            onWait()
            if isQuiet { break }
            context.warn(
              "waits for \(other.map { "run \($0)" } ?? "another run") of group \"\(group.name)\"")
            context.errors.flush()
          }
        case .queue: break
        case .replace: if let other { try replace(other) }
        }
      }
      EventLoop.pause(
        until: EventLoop.monotonicNow().advanced(byMilliseconds: Self.intervalMilliseconds))
    }
  }

  private func admit(
    _ run: String, _ ticket: RunGroup<LinuxStorage>.Ticket?
  ) throws(CommandError) -> RunGroup<LinuxStorage>.Admission {
    do throws(RunError) {
      return try group.admit(run, ticket, hasCommands: hasCommands)
    } catch {
      throw .run(error)
    }
  }

  /// Whether an unfinished attempt of a run that nothing of flow watches any more still has processes. They
  /// are killed when the run is resumed or cancelled. What an attempt has left on purpose does not count.
  private func hasCommands(_ run: String) -> Bool {
    let folder = home.folder(of: run)
    let living = LivingAttempt.all(ofRun: run, workFolder: folder.work)
    // The history is read only if there is something that it must tell of.
    if living.isEmpty { return false }
    do throws(RunError) {
      var watch = try RunHistoryWatch(run, home)
      try watch.readOn()
      guard let state = watch.state, watch.outcome == nil else { return false }
      return state.openAttemptIDs.contains { attempt in
        let step = state.definition.steps[Int(attempt.step)].id
        return living.contains(LivingAttempt(step: step, number: attempt.number))
      }
    } catch {
      // Whatever is wrong with that run is no reason to start no other.
      return false
    }
  }

  private func queueUp() throws(CommandError) -> RunGroup<LinuxStorage>.Ticket? {
    do throws(RunError) { return try group.queueUp() } catch { throw .run(error) }
  }

  /// The last run of the group, if it is unfinished and no engine drives it.
  func interrupted() throws(CommandError) -> String? {
    do throws(RunError) {
      guard let last = try group.lastRun(), try home.contains(last) else { return nil }
      var watch = try RunHistoryWatch(last, home)
      try watch.readOn()
      return watch.outcome == nil && !watch.isHeld ? last : nil
    } catch {
      throw .run(error)
    }
  }

  /// Cancels a run and waits for its end. Its last process may end a moment later.
  private func replace(_ run: String) throws(CommandError) {
    let exists: Bool
    do throws(RunError) { exists = try home.contains(run) } catch { throw .run(error) }
    // Its process has been admitted, and has not created it yet.
    if !exists { return }
    _ = try CancelCommand(run, wait: true, isSilent: true).perform(context)
  }
}
