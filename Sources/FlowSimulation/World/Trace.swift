package import FlowCore
import FlowStorage

/// What happened in a world, as one number that two equal worlds share, and on request as lines.
package final class Trace {
  enum Kind: UInt64 {
    case launched = 1
    case ended, committed, cancelled, crashed, storageFailed, restarted, healed, clockJumped
    case diskFull, powerLost
    case launcherStarted, launcherEnded, monitorStarted, monitorEnded, signalled
    case descendantStarted, descendantEnded, remainsKilled
    case requestLeft, remounted, diskBetrays, lockRemoved, runTaken
  }

  /// Where something happened.
  package enum Lane: String, CaseIterable, Sendable {
    /// What the engine made durable.
    case engine
    case storage
    case processes
    /// What happened to all of them.
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
    tell(kind.lane) {
      let name = attempt.flatMap { wording?.name($0) }
      let detail = detail()
      return [name, kind.words, detail.isEmpty ? nil : detail].compactMap(\.self)
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
  fileprivate var lane: Trace.Lane {
    switch self {
    case .launched, .ended, .launcherStarted, .launcherEnded, .monitorStarted, .monitorEnded,
      .signalled, .descendantStarted, .descendantEnded, .remainsKilled:
      .processes
    case .committed: .engine
    case .storageFailed, .diskFull, .diskBetrays: .storage
    case .cancelled, .crashed, .restarted, .healed, .clockJumped, .powerLost, .requestLeft,
      .remounted, .lockRemoved, .runTaken:
      .world
    }
  }

  fileprivate var words: String {
    switch self {
    case .launched: "is launched,"
    case .ended: "has ended:"
    case .committed: "committed"
    case .cancelled: "somebody cancels the run"
    case .crashed: "the engine dies:"
    case .storageFailed: "fails:"
    case .restarted: "a new engine:"
    case .healed: "faults are over"
    case .clockJumped: "wall time jumps"
    case .diskFull: "the disk"
    case .powerLost: "power is lost:"
    case .diskBetrays: "the disk keeps no promise:"
    case .lockRemoved: "somebody removes the lock file"
    case .runTaken: "another engine takes the run"
    case .launcherStarted: "a launcher:"
    case .launcherEnded: "the launcher has ended:"
    case .monitorStarted: "has a monitor:"
    case .monitorEnded: "its monitor has ended:"
    case .signalled: "its monitor is told:"
    case .descendantStarted: "starts another:"
    case .descendantEnded: "one that it started has ended:"
    case .remainsKilled: "what is left of it:"
    case .requestLeft: "somebody leaves a request to cancel the run"
    case .remounted: "the run's folder is mounted elsewhere:"
    }
  }
}
