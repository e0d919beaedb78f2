import FlowCore
import FlowLog
import FlowRuntime
import FlowSystem

/// Histories of runs, in logs as runs write them.
enum HistoryBench {
  private static var options: LogOptions {
    var options = LogOptions()
    options.dictionary = EventDictionary.version1
    return options
  }

  // MARK: Writing

  /// Makes a log of a run of eight steps that fail and are tried again for ever, eight at once: so
  /// its state stays small, however long it goes on. Commits are as of a disk that takes as long as
  /// ten wake-ups.
  static func write(to folder: String, events limit: Int) throws -> Timed {
    var run = EndlessRun()
    var writer = try LogWriter.create(
      in: folder, LinuxStorage(), salt: 1, engineLife: 1, options)
    var timed = Timed()
    let start = EventLoop.monotonicNow().microseconds
    while timed.events < limit {
      var events: [Event] = []
      for _ in 0..<10 { events += run.wakeUp() }
      try writer.commit(events)
      timed.events += events.count
    }
    timed.microseconds = EventLoop.monotonicNow().microseconds - start
    try writer.close()
    return timed
  }

  /// Makes a log with the first 20,000 events of another, each in a frame of its own but for the
  /// definition's.
  static func split(_ source: String, into folder: String) throws -> Timed {
    var reader = try LogReader.open(
      source, in: LinuxStorage(), .dead, dictionary: EventDictionary.version1)
    var writer = try LogWriter.create(
      in: folder, LinuxStorage(), salt: 1, engineLife: 1, options)
    var timed = Timed()
    let start = EventLoop.monotonicNow().microseconds
    while timed.events < 20_000, let frame = try reader.next() {
      var decoder = EventDecoder(reader.payload, first: Int64(frame.first))
      var events: [Event] = []
      while let event = try decoder.next() { events.append(event) }
      if frame.first == 1 {
        try writer.commit(events)
      } else {
        for event in events { try writer.commit([event]) }
      }
      timed.events += events.count
    }
    timed.microseconds = EventLoop.monotonicNow().microseconds - start
    try writer.close()
    return timed
  }

  // MARK: Reading

  /// Reads a log over and over: checksums, inflating, decoding, and all that events do to the state.
  static func readIntoState(_ folder: String) throws -> Timed {
    var timed = Timed()
    while timed.microseconds < 500_000 {
      try timed.measure {
        var reader = try LogReader.open(
          folder, in: LinuxStorage(), .dead, dictionary: EventDictionary.version1)
        var replay = Replay()
        while let frame = try reader.next() {
          var decoder = EventDecoder(reader.payload, first: Int64(frame.first))
          while let event = try decoder.next() { try replay.apply(event) }
        }
        return Int(replay.state?.lastSequence ?? 0)
      }
    }
    return timed
  }
}

/// The engine, told that every attempt fails, a millisecond after its launch.
private struct EndlessRun {
  private var engine: Engine
  private var now = Moment(
    monotonic: Instant(microseconds: 3_600_000_000),
    wall: WallTime(microseconds: 1_795_227_543_000_000))
  private var launched: [AttemptID] = []
  private var nextProcessID: Int32 = 4_000

  init() {
    let retry = RetryPolicy(
      maxAttempts: .max, initialDelayMilliseconds: 1, multiplierThousandths: 1_000, jitter: .none)
    let steps = (0..<8).map {
      StepDefinition(id: "s\($0)", command: .program(["/bin/false"]), needs: [], settingsIndex: 0)
    }
    let definition = WorkflowDefinition(
      name: "endless", steps: steps, settings: [StepSettings(retry: retry)])
    let graph: DependencyGraph
    do throws(DependencyCycle) { graph = try DependencyGraph(steps) } catch {
      preconditionFailure("steps without needs have no cycle")
    }
    engine = Engine.create(
      NewRun(
        runID: "endless", seed: 1, programVersion: "bench", jobs: 8, definitionFolder: "/",
        definition: definition, graph: graph),
      engine: EngineStarted(life: 1, processID: 1, host: HostContext(bootID: "bench")), at: now)
  }

  /// A millisecond passes; what runs ends, and what waited is launched.
  mutating func wakeUp() -> [Event] {
    var events: [Event] = []
    now.monotonic.microseconds += 1_000
    now.wall.microseconds += 1_000
    engine.handle(.timePassed, at: now)
    for attempt in launched {
      nextProcessID = nextProcessID &+ 7 & 0x3f_ffff
      engine.handle(.attemptLaunched(attempt, processID: nextProcessID), at: now)
      let duration = 900 + Int64(nextProcessID % 193)
      engine.handle(
        .attemptEnded(
          attempt,
          AttemptEnd(
            result: .exited(code: 1), cause: .byItself, durationMicroseconds: duration,
            cpuMicroseconds: duration / 2, peakMemoryKibibytes: 1_700)), at: now)
    }
    launched = []
    while let effect = engine.nextEffect() {
      switch effect {
      case .commit(let batch):
        events += batch
        if let last = batch.last { engine.handle(.committed(through: last.sequence), at: now) }
      case .launch(let launch): launched.append(launch.attempt)
      case .stop, .syncWork, .finish: preconditionFailure("a run without an end was ended")
      }
    }
    return events
  }
}

extension LogWriter {
  fileprivate mutating func commit(_ events: [Event]) throws(LogError) {
    let commit = EncodedCommit(events)
    try rotateIfNeeded(for: commit.parts) { UInt32(truncatingIfNeeded: commit.first) }
    try append(commit.payload.span, parts: commit.parts, from: commit.first)
    try sync()
  }
}

extension LogReader {
  /// Of the frame that was read last.
  fileprivate var payload: [UInt8] {
    withPayload { span in unsafe span.withUnsafeBufferPointer { unsafe Array($0) } }
  }
}
