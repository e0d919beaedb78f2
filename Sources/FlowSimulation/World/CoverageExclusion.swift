import FlowCore

/// Cells of the coverage that are not required, and why. All others must be hit.
package struct CoverageExclusion: Sendable {
  package let reason: String
  /// Whether it cannot happen in any world. The others take several unrelated events in the same
  /// moment.
  package let isImpossible: Bool
  private let matches: @Sendable (CoverageCell) -> Bool

  private init(
    impossible reason: String, _ matches: @escaping @Sendable (CoverageCell) -> Bool
  ) {
    (self.reason, isImpossible, self.matches) = (reason, true, matches)
  }

  private init(
    unlikely reason: String, _ matches: @escaping @Sendable (CoverageCell) -> Bool
  ) {
    (self.reason, isImpossible, self.matches) = (reason, false, matches)
  }

  /// Why a cell cannot be hit; nil if it can.
  package static func of(_ cell: CoverageCell) -> CoverageExclusion? {
    all.first { $0.matches(cell) }
  }

  package static let all: [CoverageExclusion] = [
    CoverageExclusion(
      impossible: "before a run is acknowledged, only its creation can be durable"
    ) { $0.phase == .creating && $0.kind != .runCreated },
    CoverageExclusion(
      impossible: "before a run is acknowledged, nothing is launched"
    ) { $0.phase == .creating && $0.fault.traits.contains(.ofAttempts) },
    CoverageExclusion(
      impossible: "an engine that creates a run waits for nothing"
    ) { $0.phase == .creating && $0.fault == .lateWakeUp },
    CoverageExclusion(
      impossible: "what a power loss takes shows only when the engine is gone"
    ) { $0.fault.traits.contains(.afterPowerLoss) && $0.phase != .away && $0.phase != .creating },
    CoverageExclusion(
      impossible:
        "a hostile disk changes between two engines, so that each one finds a consistent disk"
    ) { $0.fault.traits.contains(.betrayal) && $0.phase != .away && $0.phase != .creating },
    CoverageExclusion(
      impossible: "only an engine can be struck by it"
    ) { $0.fault.traits.contains(.ofEngine) && $0.phase == .away },
    CoverageExclusion(
      impossible: "the folder is remounted only while no engine lives"
    ) { $0.fault == .remounted && $0.phase != .away && $0.phase != .creating },
    CoverageExclusion(
      impossible: "an engine looks for attempts in another host context only when it starts"
    ) { $0.fault == .runsElsewhere && $0.phase != .recovering },
    CoverageExclusion(
      impossible: "it means that no engine lives"
    ) { $0.fault == .requestLeftToNobody && $0.phase != .away && $0.phase != .creating },
    CoverageExclusion(
      impossible: "before a run is acknowledged, cleaners do not know its lock file"
    ) { $0.phase == .creating && ($0.fault == .lockFileRemoved || $0.fault == .runTakenOver) },
    CoverageExclusion(
      impossible: "a run is taken over only from an engine that lives"
    ) { $0.phase == .away && $0.fault == .runTakenOver },
    CoverageExclusion(
      impossible:
        "a write during a sync lies within one sector, and such a write is never cut short"
    ) { $0.phase == .committing && $0.fault == .shortWrite },
    CoverageExclusion(
      impossible: "when the end of a run is durable, none of its attempts is open"
    ) { $0.kind == .runFinished && $0.fault.traits.contains(.ofOpenAttempts) },
    CoverageExclusion(
      impossible:
        "while no engine lives, only monitors need space, and a run that has ended has none"
    ) { $0.kind == .runFinished && $0.phase == .away && $0.fault == .diskFull },
    CoverageExclusion(
      impossible:
        "a probe follows a loss, and the first commit of a run or of another round contains none"
    ) {
      switch $0.kind {
      case .runCreated, .definitionPart, .runReopened: $0.fault.traits.contains(.ofProbes)
      default: false
      }
    },
    CoverageExclusion(
      unlikely:
        "stragglers of a finished run seldom act in the moment in which an engine closes or opens"
        + " its log"
    ) { $0.kind == .runFinished && $0.phase != .away && $0.fault.traits.contains(.ofAttempts) },
    CoverageExclusion(
      unlikely:
        "while the first commit of another round becomes durable, its engine does nothing else,"
        + " and visitors seldom come in that moment"
    ) {
      guard $0.kind == .runFinished, $0.phase == .committing else { return false }
      switch $0.fault {
      case .readFails, .shortRead, .tooManyFiles, .closeFails, .ioError, .failsAfterwards, .noSpace,
        .diskFull, .lockFileRemoved, .runTakenOver, .wallClockJump, .cancel, .forcedCancel,
        .requestLeft, .forcedRequestLeft, .cancellerDies, .slowOperation:
        return true
      default: return false
      }
    },
    CoverageExclusion(
      unlikely: "a monitor gives up half a minute after it began to kill; then its engine is seldom"
        + " busy, or just starting"
    ) { $0.fault == .unkillableNamed && ($0.phase == .committing || $0.phase == .recovering) },
    CoverageExclusion(
      unlikely:
        "a run that stops tells its probes at once: they seldom answer while a commit becomes"
        + " durable, or while the next engine starts"
    ) {
      guard $0.fault.traits.contains(.ofProbes), $0.phase == .committing || $0.phase == .recovering
      else {
        return false
      }
      switch $0.kind {
      case .cancelRequested, .stopRequested, .runStopping, .attemptWithdrawn: return true
      default: return false
      }
    },
    CoverageExclusion(
      unlikely:
        "an engine tells its probes as soon as the stop of the run is durable, and seldom dies before"
    ) {
      guard $0.fault.traits.contains(.ofProbes), $0.phase == .away else { return false }
      switch $0.kind {
      case .cancelRequested, .stopRequested, .runStopping, .attemptWithdrawn: return true
      default: return false
      }
    },
    CoverageExclusion(
      unlikely: "half a minute after a launch, other events have become durable"
    ) {
      guard $0.fault == .unkillableNamed, $0.phase == .working else { return false }
      switch $0.kind {
      case .runCreated, .definitionPart, .runReopened, .rerunScheduled, .probeScheduled: return true
      default: return false
      }
    },
    CoverageExclusion(
      unlikely: "two rare events in one moment; not seen in a million worlds"
    ) { unseen.contains($0) },
    CoverageExclusion(
      unlikely: "one write of recovery seldom spans two sectors"
    ) { $0.fault == .shortWrite && $0.phase == .recovering },
    CoverageExclusion(
      unlikely:
        "the log is sealed as soon as the run has ended: with a write that seldom spans two sectors,"
        + " with no look at other files, and before a cancel can come"
    ) {
      guard $0.kind == .runFinished, $0.phase == .working else { return false }
      switch $0.fault {
      case .shortRead, .tooManyFiles, .shortWrite, .cancel, .forcedCancel: return true
      default: return false
      }
    },
  ]

  private static let unseen: Set<CoverageCell> = [
    CoverageCell(fault: .cancel, kind: .roomReturned, phase: .recovering),
    CoverageCell(fault: .cancel, kind: .runReopened, phase: .recovering),
    CoverageCell(fault: .forcedCancel, kind: .roomReturned, phase: .recovering),
    CoverageCell(fault: .forcedCancel, kind: .attemptFound, phase: .recovering),
    CoverageCell(fault: .forcedCancel, kind: .runReopened, phase: .recovering),
    CoverageCell(fault: .forcedRequestLeft, kind: .roomReturned, phase: .recovering),
    CoverageCell(fault: .cancellerDies, kind: .roomReturned, phase: .recovering),
    CoverageCell(fault: .probeFails, kind: .roomReturned, phase: .recovering),
    CoverageCell(fault: .probeSaysNo, kind: .roomReturned, phase: .recovering),
    CoverageCell(fault: .probeSaysYes, kind: .roomReturned, phase: .recovering),
    CoverageCell(fault: .requestLeft, kind: .roomReturned, phase: .recovering),
    CoverageCell(fault: .processStopsItself, kind: .roomReturned, phase: .recovering),
    CoverageCell(fault: .syncPretends, kind: .runReopened, phase: .working),
    CoverageCell(fault: .syncPretends, kind: .roomReturned, phase: .recovering),
    CoverageCell(fault: .tooManyFiles, kind: .roomReturned, phase: .committing),
  ]
}
