import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import FlowText
import Glibc

/// One run of a proof, from its start to its end.
struct ProofRun {
  /// What is done to the first attempt of a step.
  enum Disturbance: Equatable {
    case none
    /// Its monitor is killed when its command has done its work, and before the end is recorded.
    case afterItsWork(of: String)
    /// Its monitor is killed so long after its launch was seen, and its processes with it.
    case during(String, afterMicroseconds: Int64)

    /// The id of the step.
    var step: String? {
      switch self {
      case .none: nil
      case .afterItsWork(let step), .during(let step, _): step
      }
    }
  }

  struct Result {
    /// Nil if the run did not end in time.
    var ending: ChildProcess.Ending?
    /// Of each step that had an attempt, children too: how long the first one took.
    var attempts: [FirstAttempt]
    /// After how long the attempt that was to be disturbed was killed; nil if it was too short for it.
    var killedAfterMicroseconds: Int64?
    /// What the run printed as an error.
    var errors: String

    var succeeded: Bool { ending == .exit(0) }
  }

  struct FirstAttempt {
    /// The id of the step.
    let id: String
    /// The step of which that is a child, or itself.
    let step: Int32
    let microseconds: Int64
  }

  private static let id = "proof"

  private let scratch: ProofScratch
  private let line: [String]
  private let definition: WorkflowDefinition
  private let signals: StopSignals

  /// - Parameters:
  ///   - file: the name of the definition file in the workflow's folder.
  ///   - options: more words for `flow run`.
  init(
    _ file: String, _ options: [String], of definition: WorkflowDefinition,
    in scratch: ProofScratch, _ signals: StopSignals
  ) {
    self.scratch = scratch
    self.definition = definition
    self.signals = signals
    line =
      ["/proc/self/exe", "run", "--quiet", "--run-id", Self.id] + options
      + ["\(scratch.work)/\(file)"]
  }

  /// - Parameter limit: microseconds after which the run is killed.
  func perform(_ disturbance: Disturbance, limit: Int64) throws(ProofStop) -> Result {
    let process: Int32
    do throws(Errno) {
      process = try ChildProcess.start(
        line, environment: environment, output: .nothing, errors: .file(scratch.errors))
    } catch {
      throw .failed(.system("start flow", error))
    }
    let home = RunHome(scratch.home, in: LinuxStorage())
    var watcher = Watcher(disturbance, home.folder(of: Self.id), definition)
    let begin = EventLoop.monotonicNow().microseconds
    var ending: ChildProcess.Ending?
    while true {
      ending = ChildProcess.end(of: process)
      watcher.look(at: Self.id, home)
      let now = EventLoop.monotonicNow().microseconds
      if ending != nil { break }
      if now - begin > limit {
        abandon(process)
        break
      }
      if let signal = signals.wait(microseconds: watcher.needsCare ? 100 : 1_000) {
        abandon(process)
        throw .asked(signal)
      }
    }
    let errors = (try? FileReading.tail(of: scratch.errors, limit: 1 << 16)) ?? []
    return Result(
      ending: ending,
      attempts: watcher.attempts,
      killedAfterMicroseconds: watcher.wasLost ? watcher.killedAfter : nil,
      errors: String(decoding: errors, as: UTF8.self))
  }

  private var environment: [String] {
    ProcessFacts.environment().variables.map(RawText.text)
      .filter { !$0.hasPrefix("FLOW_HOME=") } + ["FLOW_HOME=\(scratch.home)"]
  }

  /// Ends the run and all its processes.
  private func abandon(_ process: Int32) {
    guard let engine = ProcessDescriptor(process) else { return }
    for number in [SIGQUIT, SIGKILL] {
      engine.signal(number)
      if engine.awaitEnd(milliseconds: 10_000) { break }
    }
    _ = ChildProcess.end(of: process)
  }
}

/// Follows a run, and kills the monitor of an attempt.
private struct Watcher: ~Copyable {
  private let disturbance: ProofRun.Disturbance
  /// The attempt's record: written when its command has started, long before the history tells it.
  private var record: String?
  private let folder: RunFolder
  private var watch: RunHistoryWatch?
  private(set) var attempts: [ProofRun.FirstAttempt] = []
  /// Whether the attempt was lost, as it was meant to be.
  private(set) var wasLost = false
  private(set) var killedAfter: Int64?

  private var victim: Victim?
  private var isOver: Bool

  /// The attempt that will be killed.
  private struct Victim {
    let command: ProcessDescriptor
    let monitor: ProcessDescriptor
    let seenAt: Int64
  }

  /// Whether to look often: a command can end within a millisecond.
  var needsCare: Bool { !isOver && victim == nil }

  init(_ disturbance: ProofRun.Disturbance, _ folder: RunFolder, _ definition: WorkflowDefinition) {
    self.disturbance = disturbance
    isOver = disturbance == .none
    self.folder = folder
    name(in: definition)
  }

  /// A child has a record of its own name once the history has its item.
  private mutating func name(in definition: WorkflowDefinition) {
    guard record == nil, let step = disturbance.step.flatMap(definition.livingStep) else { return }
    record = folder.record(ofStep: definition.fileID(ofStep: step), attempt: 1)
  }

  /// How long a monitor takes at most from the making of its record to the start of its command.
  private static let patience: Int64 = 100_000

  mutating func look(at id: String, _ home: RunHome<LinuxStorage>) {
    if needsCare { findVictim() }
    act()
    if watch == nil { watch = try? RunHistoryWatch(id, home) }
    let events = (try? watch?.readOn()) ?? []
    for event in events { take(event) }
  }

  private mutating func take(_ event: Event) {
    if case .stepExpanded = event.body, let definition = watch?.state?.definition {
      name(in: definition)
    }
    guard case .attemptEnded(let attempt, let end) = event.body, attempt.number == 1,
      let definition = watch?.state?.definition
    else { return }
    let id = definition.steps[Int(attempt.step)].id
    attempts.append(
      ProofRun.FirstAttempt(
        id: id, step: definition.child(Int(attempt.step))?.step ?? attempt.step,
        microseconds: end.durationMicroseconds))
    guard id == disturbance.step else { return }
    wasLost = end.result == .lost && killedAfter != nil
    isOver = true
    victim = nil
  }

  private mutating func findVictim() {
    guard let record, FileReading.isFile(record) else { return }
    let begin = EventLoop.monotonicNow().microseconds
    while EventLoop.monotonicNow().microseconds - begin < Self.patience {
      let bytes = (try? FileReading.bytes(of: record, limit: 1 << 16)) ?? []
      let found = AttemptRecord.decode(bytes)
      guard found.end == nil else { break }
      guard let start = found.start, let process = found.command?.processID else { continue }
      guard let command = ProcessDescriptor(process),
        let monitor = ProcessDescriptor(start.monitorID), monitor.isMonitor
      else { break }
      if case .afterItsWork = disturbance { monitor.signal(SIGSTOP) }
      victim = Victim(
        command: command, monitor: monitor, seenAt: EventLoop.monotonicNow().microseconds)
      return
    }
    isOver = true
  }

  private mutating func act() {
    guard let victim, !isOver else { return }
    let passed = EventLoop.monotonicNow().microseconds - victim.seenAt
    switch disturbance {
    case .none: return
    case .afterItsWork: if !victim.command.awaitEnd(milliseconds: 0) { return }
    case .during(_, let delay): if passed < delay { return }
    }
    // Its launcher kills what it leaves.
    victim.monitor.signal(SIGKILL)
    killedAfter = passed
    isOver = true
    self.victim = nil
  }
}
