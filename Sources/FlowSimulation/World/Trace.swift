import FlowCore

/// What happened in a world, as one number that two equal worlds share, and on request as lines.
package final class Trace {
  enum Kind: UInt64 {
    case launched = 1
    case ended, committed, cancelled, crashed, storageFailed, restarted, healed, clockJumped
    case diskFull, powerLost
    case launcherStarted, launcherEnded, monitorStarted, monitorEnded, signalled
    case descendantStarted, descendantEnded, remainsKilled
  }

  /// Depends on everything that was noted, and on the order.
  package private(set) var hash: UInt64 = 0
  package private(set) var lines: [String]?
  package private(set) var eventCount = 0
  private var now: () -> Instant = { Instant(microseconds: 0) }
  private var wording: EventWording?

  package init(keepsLines: Bool = false) {
    lines = keepsLines ? [] : nil
  }

  /// - Parameter definition: gives steps their names.
  func use(_ definition: WorkflowDefinition, clock: @escaping () -> Instant) {
    now = clock
    wording = EventWording(definition)
  }

  func note(_ kind: Kind, _ attempt: AttemptID?, _ detail: @autoclosure () -> String) {
    let time = now().microseconds
    hash = SplitMix64.hash(
      hash, kind.rawValue, UInt64(time), UInt64(UInt32(bitPattern: attempt?.step ?? -1)),
      UInt64(UInt32(bitPattern: attempt?.number ?? -1)))
    append {
      let name = attempt.flatMap { wording?.text($0) }.map { " \($0)" } ?? ""
      let detail = detail()
      return "world   \(kind.words)\(name)\(detail.isEmpty ? "" : ": \(detail)")"
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
      append { "durable \(event.sequence) \(wording?.text(event.body) ?? "")" }
    }
  }

  private func append(_ line: () -> String) {
    guard lines != nil else { return }
    let time = now().microseconds
    let milliseconds = String(1_000 + time / 1_000 % 1_000).dropFirst()
    let microseconds = String(1_000 + time % 1_000).dropFirst()
    lines?.append("\(time / 1_000_000).\(milliseconds)\(microseconds) \(line())")
  }
}

extension Trace.Kind {
  fileprivate var words: String {
    switch self {
    case .launched: "launched"
    case .ended: "ended"
    case .committed: "committed"
    case .cancelled: "somebody cancels the run"
    case .crashed: "the engine dies"
    case .storageFailed: "the storage fails"
    case .restarted: "a new engine"
    case .healed: "faults are over"
    case .clockJumped: "wall time jumps"
    case .diskFull: "the disk"
    case .powerLost: "power is lost"
    case .launcherStarted: "a launcher"
    case .launcherEnded: "the launcher ends"
    case .monitorStarted: "monitor of"
    case .monitorEnded: "end of the monitor of"
    case .signalled: "signal to the monitor of"
    case .descendantStarted: "descendant of"
    case .descendantEnded: "end of a descendant of"
    case .remainsKilled: "remains of"
    }
  }
}
