import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem

/// Follows a run that other processes drive, until it ends or no process drives it.
enum RunFollower {
  /// Often enough to seem immediate.
  private static let intervalMilliseconds: Int64 = 100

  /// - Parameters:
  ///   - name: an id, a unique prefix of one, or `latest`.
  ///   - show: called after every look, with the events that it found, if any.
  static func follow(
    _ name: String, _ context: CommandContext,
    show: ([Event], RunState) throws(CommandError) -> Void
  ) throws(CommandError) -> ExitCode {
    try watch([name], context) { (watch, events) throws(CommandError) in
      if let state = watch.state { try show(events, state) }
      context.output.flushAvailable()
      // The reader has closed the pipe.
      if context.output.failure != nil { return .success }
      if watch.outcome != nil { return .success }
      if watch.isHeld { return nil }
      if let warning = watch.tail?.warning { context.warn(warning) }
      context.warn("run \(watch.id) is interrupted: no engine drives it")
      return .runUnfinished
    }
  }

  /// Watches runs, one after the other.
  ///
  /// - Parameters:
  ///   - names: of each, an id, a unique prefix of one, or `latest`.
  ///   - judge: called after every look, with the events that it found. It returns the run's code,
  ///     or nil to look again. A run that no process held was read to its end.
  /// - Returns: the first code that is not success, if any.
  static func watch(
    _ names: [String], _ context: CommandContext,
    judge: (borrowing RunHistoryWatch, [Event]) throws(CommandError) -> ExitCode?
  ) throws(CommandError) -> ExitCode {
    let home = try context.home()
    let time: EventLoop
    do throws(Errno) { time = EventLoop(signals: try SignalDescriptor()) } catch {
      throw .system("watch a run", error)
    }
    var interrupt: Int32?
    time.onSignal = { if SignalDescriptor.asksToStop($0) { interrupt = $0 } }
    time.pendingOutput = { context.output.pendingDescriptor }
    var first = ExitCode.success
    for name in names {
      var watch: RunHistoryWatch
      do throws(RunError) { watch = try RunHistoryWatch(try home.resolve(name), home) } catch {
        throw .run(error)
      }
      while true {
        let events: [Event]
        do throws(RunError) { events = try watch.readOn() } catch { throw .run(error) }
        if let code = try judge(watch, events) {
          if first == .success { first = code }
          break
        }
        context.output.flushAvailable()
        time.wait(
          until: EventLoop.monotonicNow().advanced(byMilliseconds: intervalMilliseconds))
        if let interrupt {
          context.output.flush()
          SignalDescriptor.end(by: interrupt)
        }
      }
    }
    return first
  }
}
