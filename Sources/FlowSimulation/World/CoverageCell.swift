package import FlowCore

/// What the engine of a world is doing.
package enum WorldPhase: UInt8, CaseIterable, Sendable {
  /// No run was acknowledged yet.
  case creating
  /// An engine was started, and has not yet recovered the run.
  case recovering
  /// A commit is being made durable.
  case committing
  /// No commit is on its way to the disk.
  case working
  /// No engine lives.
  case away
}

/// A fault, in a phase, while the last commit that became durable held an event of a kind.
package struct CoverageCell: Hashable, Sendable, CustomStringConvertible {
  package let fault: Fault
  package let kind: EventKind
  package let phase: WorldPhase

  package var description: String { "\(fault) \(phase) after \(kind.name)" }

  /// All cells, always in the same order.
  package static let all: [CoverageCell] = Fault.allCases.flatMap { fault in
    EventKind.allCases.flatMap { kind in
      WorldPhase.allCases.map { CoverageCell(fault: fault, kind: kind, phase: $0) }
    }
  }

  static let count =
    Fault.allCases.count * EventKind.allCases.count * WorldPhase.allCases.count

  static func index(_ fault: Fault, _ kind: Int, _ phase: WorldPhase) -> Int {
    (Int(fault.rawValue) * EventKind.allCases.count + kind) * WorldPhase.allCases.count
      + Int(phase.rawValue)
  }

  /// By raw value, the index of a kind among all.
  static let places: [Int] = {
    var places = [Int](
      repeating: 0, count: (EventKind.allCases.map { Int($0.rawValue) }.max() ?? 0) + 1)
    for (place, kind) in EventKind.allCases.enumerated() { places[Int(kind.rawValue)] = place }
    return places
  }()
}

/// A set of kinds of events.
package struct EventKinds: Equatable, Sendable {
  /// By index among all kinds.
  private(set) var bits: UInt64 = 0

  mutating func insert(_ kind: EventKind) {
    bits |= 1 << UInt64(CoverageCell.places[Int(kind.rawValue)])
  }
}
