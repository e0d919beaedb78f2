package import FlowCore

/// How often faults, deaths and events occurred in a world, or in many.
package struct Coverage: Equatable, Sendable {
  package enum Death: UInt8, CaseIterable, Sendable {
    case powerLoss
    case processStop
  }

  /// By raw value.
  private var faults = [Int](repeating: 0, count: Fault.allCases.count)
  private var crashes = [Int](
    repeating: 0, count: CrashPoint.allCases.count * Death.allCases.count)
  private var events = [Int](
    repeating: 0, count: (EventKind.allCases.map { Int($0.rawValue) }.max() ?? 0) + 1)
  /// By `CoverageCell.index`.
  private var cells = [UInt32](repeating: 0, count: CoverageCell.count)
  /// How often a reader looked at the run.
  package private(set) var reads = 0

  package init() {}

  package func count(_ fault: Fault) -> Int { faults[Int(fault.rawValue)] }
  package func count(_ kind: EventKind) -> Int { events[Int(kind.rawValue)] }
  package func count(_ death: Death, at point: CrashPoint) -> Int {
    crashes[Self.index(death, point)]
  }

  package func count(_ cell: CoverageCell) -> Int {
    let kind = CoverageCell.places[Int(cell.kind.rawValue)]
    return Int(cells[CoverageCell.index(cell.fault, kind, cell.phase)])
  }

  /// The cells that were never hit, though they can be.
  package var neverHit: [CoverageCell] {
    CoverageCell.all.filter { count($0) == 0 && CoverageExclusion.of($0) == nil }
  }

  /// The cells that are not required, though they can be hit.
  package static let unlikelyCells: [CoverageCell] = CoverageCell.all.filter {
    CoverageExclusion.of($0)?.isImpossible == false
  }

  /// - Parameter kinds: of the events that became durable last.
  mutating func add(_ fault: Fault, after kinds: EventKinds, in phase: WorldPhase) {
    faults[Int(fault.rawValue)] += 1
    var rest = kinds.bits
    while rest != 0 {
      cells[CoverageCell.index(fault, rest.trailingZeroBitCount, phase)] &+= 1
      rest &= rest - 1
    }
  }
  mutating func add(_ kind: EventKind) { events[Int(kind.rawValue)] += 1 }
  mutating func add(_ death: Death, at point: CrashPoint) {
    crashes[Self.index(death, point)] += 1
  }
  mutating func addRead() { reads += 1 }

  package mutating func add(_ other: Coverage) {
    for index in faults.indices { faults[index] += other.faults[index] }
    for index in crashes.indices { crashes[index] += other.crashes[index] }
    for index in events.indices { events[index] += other.events[index] }
    for index in cells.indices { cells[index] &+= other.cells[index] }
    reads += other.reads
  }

  private static func index(_ death: Death, _ point: CrashPoint) -> Int {
    Int(point.rawValue) * Death.allCases.count + Int(death.rawValue)
  }
}
