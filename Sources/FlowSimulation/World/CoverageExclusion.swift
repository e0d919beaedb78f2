import FlowCore

/// What cannot happen in any world, and why: all other cells of the coverage are to be hit.
package struct CoverageExclusion: Sendable {
  package let reason: String
  fileprivate let matches: @Sendable (CoverageCell) -> Bool

  /// Why a cell cannot be hit; nil if it can.
  package static func of(_ cell: CoverageCell) -> CoverageExclusion? {
    all.first { $0.matches(cell) }
  }

  package static let all: [CoverageExclusion] = [
    CoverageExclusion(
      reason: "before a run is acknowledged, only its creation is under way"
    ) { $0.phase == .creating && $0.kind != .runCreated },
    CoverageExclusion(
      reason: "before a run is acknowledged nothing is launched"
    ) { $0.phase == .creating && $0.fault.isOfAttempts },
    CoverageExclusion(
      reason: "an engine that creates a run waits for nothing"
    ) { $0.phase == .creating && $0.fault == .lateWakeUp },
    CoverageExclusion(
      reason: "what a power loss takes shows when the engine is gone"
    ) { $0.fault.isLossOfPower && $0.phase != .away && $0.phase != .creating },
    CoverageExclusion(
      reason: "a disk betrays between two engines, so that each finds one disk"
    ) { $0.fault.isBetrayal && $0.phase != .away && $0.phase != .creating },
    CoverageExclusion(
      reason: "nobody does it while no engine lives"
    ) { $0.fault.isOfEngine && $0.phase == .away },
    CoverageExclusion(
      reason: "the folder is mounted elsewhere while no engine lives"
    ) { $0.fault == .remounted && $0.phase != .away && $0.phase != .creating },
    CoverageExclusion(
      reason: "an engine looks for what runs elsewhere when it comes up"
    ) { $0.fault == .runsElsewhere && $0.phase != .recovering },
    CoverageExclusion(
      reason: "it is said of requests that are left while no engine lives"
    ) { $0.fault == .requestLeftToNobody && $0.phase != .away && $0.phase != .creating },
  ]
}

extension Fault {
  /// Whether it befalls an attempt, or those who look after it.
  fileprivate var isOfAttempts: Bool {
    switch self {
    case .commandFails, .commandHangs, .commandIgnoresTermination, .launchFails, .endToldTwice,
      .monitorKilled, .launcherKilled, .forkFails, .recordFails, .processIDReused, .stragglers,
      .descendantLeavesGroup, .processStopsItself, .processIsUnkillable, .unkillableNamed,
      .remainsKilled, .probeSaysYes, .probeSaysNo, .probeFails, .runsElsewhere:
      true
    default: false
    }
  }

  /// Whether it befalls what an engine does.
  fileprivate var isOfEngine: Bool {
    switch self {
    case .ioError, .noSpace, .failsAfterwards, .readFails, .shortRead, .tooManyFiles, .closeFails,
      .shortWrite, .syncDrops, .syncReverts, .syncKeeps, .syncTears, .syncPretends, .lateWakeUp,
      .processIDReused, .remainsKilled, .processStop:
      true
    default: false
    }
  }

  fileprivate var isLossOfPower: Bool {
    switch self {
    case .bytesLost, .tornWrite, .garbage, .namesLost, .writesReordered, .namesReordered,
      .renameHalved:
      true
    default: false
    }
  }

  fileprivate var isBetrayal: Bool {
    switch self {
    case .bitRot, .sectorLost, .misdirectedWrite, .staleRead, .fileLost: true
    default: false
    }
  }
}
