import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import FlowText

/// `flow status --watch`: shows a run that another process drives, until it ends or no process
/// drives it.
struct RunWatch: ~Copyable {
  private let id: String
  private let display: any RunDisplay
  private let context: CommandContext
  private var reader: RunReader<LinuxStorage>
  private var shown: ShownHistory

  /// Often enough to seem immediate, and too seldom to cost anything.
  private static let intervalMilliseconds: Int64 = 250

  /// - Parameter name: an id, a unique prefix of one, or `latest`.
  /// - Returns: how the run ended; nil if no process drives it.
  static func follow(
    _ name: String, _ context: CommandContext
  ) throws(CommandError) -> RunOutcome? {
    let home = try context.home()
    let time: EventLoop
    do throws(Errno) { time = EventLoop(signals: try SignalDescriptor()) } catch {
      throw .system("watch a run", error)
    }
    do throws(RunError) {
      var watch = try RunWatch(try home.resolve(name), home, context)
      try watch.follow(time)
      return watch.shown.outcome
    } catch {
      throw .run(error)
    }
  }

  private init(
    _ id: String, _ home: RunHome<LinuxStorage>, _ context: CommandContext
  ) throws(RunError) {
    self.id = id
    self.context = context
    let folder = home.folder(of: id)
    reader = try RunReader(folder, in: home.storage)
    display = context.display(of: AttemptOutputs(runID: id, folder: folder))
    shown = ShownHistory(display: display, context: context)
  }

  private mutating func follow(_ time: EventLoop) throws(RunError) {
    var interrupt: Int32?
    time.pendingOutput = { [context] in context.output.pendingDescriptor }
    time.nextFrame = { [display] in display.nextFrame }
    time.onSignal = { [display] signal in
      if let change = TerminalChange(signal: signal) {
        display.terminalChanged(change)
      } else {
        interrupt = signal
      }
    }
    do throws(RunError) {
      while true {
        try reader.read(into: &shown)
        shown.showRest()
        if shown.isFinished { return }
        // The history of a run that is not held was read to its end.
        if !reader.isHeld { return reportInterruption() }
        time.wait(
          until: EventLoop.monotonicNow().advanced(byMilliseconds: Self.intervalMilliseconds))
        display.wake(at: context.now())
        if let interrupt {
          display.abandon()
          context.output.flushAvailable()
          SignalDescriptor.end(by: interrupt)
        }
        try reader.lookAgain()
      }
    } catch {
      display.abandon()
      throw error
    }
  }

  private func reportInterruption() {
    display.abandon()
    context.output.write(
      "run \(TerminalText.escaped(id)) is interrupted: it is unfinished and no engine drives it\n")
  }
}

/// Hands events to a display, in pieces, since a history can be long.
private struct ShownHistory: EventFold {
  private let display: any RunDisplay
  private let context: CommandContext
  private var replay = Replay()
  private var events: [Event] = []

  private static let mostEvents = 4_096

  init(display: any RunDisplay, context: CommandContext) {
    self.display = display
    self.context = context
  }

  var isFinished: Bool { replay.state?.isFinished == true }

  /// Nil while the run has no end.
  var outcome: RunOutcome? {
    if case .finished(let outcome)? = replay.state?.phase { outcome } else { nil }
  }

  mutating func apply(_ event: Event) throws(HistoryError) {
    let wasDefined = replay.isDefined
    try replay.apply(event)
    events.append(event)
    // Displays begin with the state before the first attempt.
    if replay.isDefined && (!wasDefined || events.count >= Self.mostEvents) { showRest() }
  }

  /// Shows the events that were not shown yet, once the definition is known.
  mutating func showRest() {
    guard !events.isEmpty, let state = replay.state else { return }
    display.show(events, state, at: context.now())
    events = []
  }
}
