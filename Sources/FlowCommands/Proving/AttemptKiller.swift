import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import Glibc

/// Has one attempt of a run lost: stops its monitor as soon as its command has begun, so that no end of it is
/// recorded, lets the command work, and kills the monitor.
struct AttemptKiller: ~Copyable {
  /// How the attempt was when it was killed.
  struct Kill: Equatable {
    /// Since it was seen.
    let microseconds: Int64
    /// Whether its command had ended by itself.
    let isAfterWork: Bool
  }

  private let delayMicroseconds: Int64?
  /// The attempt's record: written when its command has started, long before the history tells it.
  private let record: String
  private var phase: Phase
  private(set) var kill: Kill?

  private enum Phase {
    case waits
    case holds(Victim)
    case isOver
  }

  private struct Victim {
    /// Nil if it has been reaped.
    let command: ProcessDescriptor?
    /// It is stopped.
    let monitor: ProcessDescriptor
    let seenAt: Int64

    var hasWorked: Bool { command?.awaitEnd(milliseconds: 0) ?? true }
  }

  /// How long a monitor takes at most from the making of its record to the start of its command.
  private static let patience: Int64 = 100_000
  /// How long a monitor takes at most until it has stopped.
  private static let stopPatience: Int64 = 1_000_000

  /// - Parameter disturbance: nil if every attempt is left alone.
  init(_ disturbance: ProofPlan.Disturbance?, in folder: RunFolder) {
    delayMicroseconds = disturbance?.delayMicroseconds
    record = disturbance.map { folder.record(ofStep: $0.attempt.file, attempt: 1) } ?? ""
    phase = disturbance == nil ? .isOver : .waits
  }

  /// Whether to look often: a command can end within a millisecond.
  var needsCare: Bool { if case .waits = phase { true } else { false } }

  mutating func look() {
    switch phase {
    case .waits: find()
    case .holds(let victim): act(victim)
    case .isOver: break
    }
  }

  /// A monitor that stays stopped would keep its run from ending.
  mutating func release() {
    guard case .holds(let victim) = phase else { return }
    victim.monitor.signal(SIGKILL)
    phase = .isOver
  }

  private mutating func find() {
    guard FileReading.isFile(record) else { return }
    var monitor: ProcessDescriptor?
    let begin = EventLoop.monotonicNow().microseconds
    while EventLoop.monotonicNow().microseconds - begin < Self.patience {
      let found = Self.contents(of: record)
      guard found.end == nil else { break }
      guard let start = found.start else { continue }
      if monitor == nil {
        // Before there is a command: later each moment counts.
        guard let process = ProcessDescriptor(start.monitorID), process.isMonitor else { break }
        monitor = process
      }
      guard let monitor, let command = found.command?.processID else { continue }
      monitor.signal(SIGSTOP)
      guard Self.hasStopped(monitor), Self.contents(of: record).end == nil else {
        monitor.signal(SIGCONT)
        break
      }
      let victim = Victim(
        command: Self.child(command, of: monitor), monitor: monitor,
        seenAt: EventLoop.monotonicNow().microseconds)
      phase = .holds(victim)
      return act(victim)
    }
    phase = .isOver
  }

  private static func contents(of record: String) -> AttemptRecord {
    AttemptRecord.decode((try? FileReading.bytes(of: record, limit: 1 << 16)) ?? [])
  }

  /// - Returns: nil if it has been reaped, and another process may have its id.
  private static func child(_ id: Int32, of monitor: ProcessDescriptor) -> ProcessDescriptor? {
    guard let process = ProcessDescriptor(id) else { return nil }
    let isChild = process.awaitEnd(milliseconds: 0) || process.status?.parent == monitor.processID
    return isChild ? process : nil
  }

  /// The signal reaches a process that runs a moment later.
  private static func hasStopped(_ monitor: ProcessDescriptor) -> Bool {
    let begin = EventLoop.monotonicNow().microseconds
    while EventLoop.monotonicNow().microseconds - begin < stopPatience {
      if monitor.isSuspended { return true }
      if monitor.awaitEnd(milliseconds: 0) { return false }
    }
    return false
  }

  private mutating func act(_ victim: Victim) {
    let passed = EventLoop.monotonicNow().microseconds - victim.seenAt
    let hasWorked = victim.hasWorked
    if !hasWorked, delayMicroseconds.map({ passed < $0 }) ?? true { return }
    // Its launcher kills what it leaves.
    victim.monitor.signal(SIGKILL)
    kill = Kill(microseconds: passed, isAfterWork: hasWorked)
    phase = .isOver
  }
}
