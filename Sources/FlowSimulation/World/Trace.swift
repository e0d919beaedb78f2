package import FlowCore
import FlowStorage

/// What happened in a world: as one number, which two equal worlds share, and on request as lines.
package final class Trace {
  /// What a line is about. The raw value is part of the hash: it never changes, and is never used
  /// again.
  enum Kind: UInt64 {
    case launched = 1
    case ended = 2
    case committed = 3
    case cancelled = 4
    case crashed = 5
    case storageFailed = 6
    case restarted = 7
    case healed = 8
    case clockJumped = 9
    case diskFull = 10
    case powerLost = 11
    case launcherStarted = 12
    case launcherEnded = 13
    case monitorStarted = 14
    case monitorEnded = 15
    case signalled = 16
    case descendantStarted = 17
    case descendantEnded = 18
    case orphansKilled = 19
    case requestLeft = 20
    case remounted = 21
    case diskBetrays = 22
    case lockRemoved = 23
    case runTaken = 24
    /// A fault without a kind of its own.
    case fault = 25
  }

  /// Where something happened.
  package enum Lane: String, CaseIterable, Sendable {
    /// Events that became durable.
    case engine
    case storage
    case processes
    /// Whatever concerns the whole world.
    case world
  }

  /// Something that happened, for people.
  package struct Line: Equatable, Sendable {
    package let time: Instant
    package let lane: Lane
    package let text: String

    package init(time: Instant, lane: Lane, text: String) {
      self.time = time
      self.lane = lane
      self.text = text
    }
  }

  /// Depends on everything that was noted, and on the order.
  package private(set) var hash: UInt64 = 0
  package private(set) var lines: [Line]?
  package private(set) var eventCount = 0
  private var now: () -> Instant = { Instant(microseconds: 0) }
  private var wording: EventWording?

  package init(keepsLines: Bool = false) {
    lines = keepsLines ? [] : nil
  }

  /// - Parameter definition: gives steps their names.
  func use(_ definition: WorkflowDefinition, clock: @escaping () -> Instant) {
    now = clock
    wording = EventWording(definition) { Errno(rawValue: $0).description }
  }

  func note(_ kind: Kind, _ attempt: AttemptID?, _ detail: @autoclosure () -> String) {
    let time = now().microseconds
    hash = SplitMix64.hash(hash, kind.rawValue, UInt64(time))
    for part in [attempt?.step ?? -1, attempt?.number ?? -1] {
      hash = SplitMix64.mix(hash ^ UInt64(UInt32(bitPattern: part)))
    }
    let (lane, words) = kind.shown
    tell(lane) {
      let name = attempt.flatMap { wording?.name($0) }
      let detail = detail()
      return [name, words, detail.isEmpty ? nil : detail].compactMap(\.self)
        .joined(separator: " ")
    }
  }

  /// An event that became durable. Its bytes count, not how the log stores them.
  func note(_ events: [Event]) {
    var encoder = EventEncoder()
    for event in events {
      encoder.append(event)
      eventCount += 1
    }
    for byte in encoder.finish() { hash = SplitMix64.mix(hash ^ UInt64(byte)) }
    for event in events {
      tell(.engine) { "\(event.sequence) \(wording?.text(event.body) ?? "")" }
    }
  }

  /// Something for people only: the hash does not depend on it.
  func tell(_ lane: Lane, _ text: () -> String) {
    if lines != nil { lines?.append(Line(time: now(), lane: lane, text: text())) }
  }
}

extension Trace.Kind {
  /// Where a line of this kind is shown, and how it begins.
  fileprivate var shown: (lane: Trace.Lane, words: String) {
    switch self {
    case .launched: (.processes, "is launched,")
    case .ended: (.processes, "has ended:")
    case .committed: (.engine, "committed")
    case .cancelled: (.world, "the run is cancelled by a signal")
    case .crashed: (.world, "the engine dies:")
    case .storageFailed: (.storage, "fails:")
    case .restarted: (.world, "a new engine:")
    case .healed: (.world, "faults are over")
    case .clockJumped: (.world, "wall time jumps")
    case .diskFull: (.storage, "the disk")
    case .powerLost: (.world, "power is lost:")
    case .launcherStarted: (.processes, "a launcher:")
    case .launcherEnded: (.processes, "the launcher has ended:")
    case .monitorStarted: (.processes, "has a monitor:")
    case .monitorEnded: (.processes, "its monitor has ended:")
    case .signalled: (.processes, "its monitor is told:")
    case .descendantStarted: (.processes, "starts another:")
    case .descendantEnded: (.processes, "a process it started has ended")
    case .orphansKilled: (.processes, "what is left of it:")
    case .requestLeft: (.world, "a request to cancel is left in the run's folder")
    case .remounted: (.world, "the run's folder is mounted elsewhere:")
    case .diskBetrays: (.storage, "the disk breaks its promise:")
    case .lockRemoved: (.world, "a cleaner removes the lock file")
    case .runTaken: (.world, "another engine takes the run over")
    case .fault: (.world, "a fault:")
    }
  }
}
