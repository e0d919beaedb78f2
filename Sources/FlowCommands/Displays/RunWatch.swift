import FlowCommandLine
import FlowCore
import FlowLog
import FlowRuntime
import FlowSystem
import FlowText

/// `flow status --watch`: shows a run that another process drives, until it ends or nobody drives
/// it any more.
struct RunWatch: ~Copyable {
  private let id: String
  private let folder: RunFolder
  private let display: any RunDisplay
  private let context: CommandContext
  private var reader: RunReader<LinuxStorage>
  private var replay = Replay()

  /// Often enough to seem immediate, and too seldom to be felt otherwise.
  private static let intervalMilliseconds: Int64 = 250
  /// A long history is shown in pieces.
  private static let mostEvents = 4_096

  /// - Parameter name: an id, a unique beginning of one, or `latest`.
  static func follow(_ name: String, _ context: CommandContext) throws(CommandError) -> ExitCode {
    let home = try context.home()
    let time: EventLoop
    do throws(Errno) { time = EventLoop(signals: try SignalDescriptor()) } catch {
      throw .system("watch a run", error)
    }
    do throws(RunError) {
      var watch = try RunWatch(try home.resolve(name), home, context)
      try watch.follow(time)
      return .success
    } catch {
      throw .run(error)
    }
  }

  private init(
    _ id: String, _ home: RunHome<LinuxStorage>, _ context: CommandContext
  ) throws(RunError) {
    self.id = id
    self.context = context
    folder = home.folder(of: id)
    reader = try RunReader(folder, in: home.storage)
    display = context.display(of: AttemptOutputs(runID: id, folder: folder))
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
        try showNews()
        if replay.state?.isFinished == true { return }
        // What is not held now was read to its end.
        if !reader.isHeld { return sayThatNobodyDrivesIt() }
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

  private mutating func showNews() throws(RunError) {
    var events: [Event] = []
    while let event = try reader.next() {
      let isDefined = replay.state != nil
      do throws(HistoryError) { try replay.apply(event) } catch {
        throw .history(path: folder.log, error)
      }
      events.append(event)
      // Displays begin with the state before the first attempt.
      let isBeginning = !isDefined && replay.state != nil
      if isBeginning || isDefined && events.count >= Self.mostEvents { show(&events) }
    }
    if replay.state != nil && !events.isEmpty { show(&events) }
  }

  private func show(_ events: inout [Event]) {
    guard let state = replay.state else { return }
    display.show(events, state, at: context.now())
    events = []
  }

  private func sayThatNobodyDrivesIt() {
    display.abandon()
    context.output.write(
      "run \(TerminalText.escaped(id)) is interrupted: it has no end, and no engine drives it\n")
  }
}
