import FlowCore

/// Cells of the coverage that are not asked for, and why: all others are to be hit.
package struct CoverageExclusion: Sendable {
  package let reason: String
  /// Whether it cannot happen in any world. What can, and is not asked for, takes several things that
  /// have nothing to do with each other, in the same moment.
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
      impossible: "before a run is acknowledged, only its creation is under way"
    ) { $0.phase == .creating && $0.kind != .runCreated },
    CoverageExclusion(
      impossible: "before a run is acknowledged nothing is launched"
    ) { $0.phase == .creating && $0.fault.traits.contains(.ofAttempts) },
    CoverageExclusion(
      impossible: "an engine that creates a run waits for nothing"
    ) { $0.phase == .creating && $0.fault == .lateWakeUp },
    CoverageExclusion(
      impossible: "what a power loss takes shows when the engine is gone"
    ) { $0.fault.traits.contains(.afterPowerLoss) && $0.phase != .away && $0.phase != .creating },
    CoverageExclusion(
      impossible: "a disk betrays between two engines, so that each finds one disk"
    ) { $0.fault.traits.contains(.betrayal) && $0.phase != .away && $0.phase != .creating },
    CoverageExclusion(
      impossible: "no visitor does it while no engine lives"
    ) { $0.fault.traits.contains(.ofEngine) && $0.phase == .away },
    CoverageExclusion(
      impossible: "the folder is mounted elsewhere while no engine lives"
    ) { $0.fault == .remounted && $0.phase != .away && $0.phase != .creating },
    CoverageExclusion(
      impossible: "an engine looks for what runs elsewhere when it comes up"
    ) { $0.fault == .runsElsewhere && $0.phase != .recovering },
    CoverageExclusion(
      impossible: "it is said of requests that are left while no engine lives"
    ) { $0.fault == .requestLeftToNobody && $0.phase != .away && $0.phase != .creating },
    CoverageExclusion(
      impossible: "before a run is acknowledged no visitor knows where its lock file is"
    ) { $0.phase == .creating && ($0.fault == .lockFileRemoved || $0.fault == .runTakenOver) },
    CoverageExclusion(
      impossible: "a run is taken over from an engine that lives"
    ) { $0.phase == .away && $0.fault == .runTakenOver },
    CoverageExclusion(
      impossible: "what is written during a sync lies within a sector, where writes are not cut"
    ) { $0.phase == .committing && $0.fault == .shortWrite },
    CoverageExclusion(
      impossible: "when the end of a run is durable, none of its attempts is open"
    ) { $0.kind == .runFinished && $0.fault.traits.contains(.ofOpenAttempts) },
    CoverageExclusion(
      impossible: "while no engine lives only monitors need room, and a run that has ended has none"
    ) { $0.kind == .runFinished && $0.phase == .away && $0.fault == .diskFull },
    CoverageExclusion(
      impossible:
        "a probe comes after a loss, and neither the first commit of a run nor the first of"
        + " another round holds one"
    ) {
      switch $0.kind {
      case .runCreated, .definitionPart, .runReopened: $0.fault.traits.contains(.ofProbes)
      default: false
      }
    },
    CoverageExclusion(
      unlikely:
        "a straggler of a run acts at any time, and there is nothing to be seen of"
        + " it in the moments in which an engine closes or opens the log of a run that has ended"
    ) { $0.kind == .runFinished && $0.phase != .away && $0.fault.traits.contains(.ofAttempts) },
    CoverageExclusion(
      unlikely:
        "while the first commit of another round is made durable its engine does nothing else,"
        + " unless a visitor cancels the run or removes its lock file in that moment"
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
      unlikely: "a monitor gives up half a minute after it began to kill: then its engine is seldom"
        + " busy, or just coming up"
    ) { $0.fault == .unkillableNamed && ($0.phase == .committing || $0.phase == .recovering) },
    CoverageExclusion(
      unlikely:
        "a run that stops tells its probes so at once: they seldom answer while something else"
        + " is made durable, or while the next engine comes up"
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
        "an engine that has made durable that the run stops tells its probes, and seldom dies before"
    ) {
      guard $0.fault.traits.contains(.ofProbes), $0.phase == .away else { return false }
      switch $0.kind {
      case .cancelRequested, .stopRequested, .runStopping, .attemptWithdrawn: return true
      default: return false
      }
    },
    CoverageExclusion(
      unlikely: "half a minute after a launch it is durable, and no longer what became so last"
    ) {
      guard $0.fault == .unkillableNamed, $0.phase == .working else { return false }
      switch $0.kind {
      case .runCreated, .definitionPart, .runReopened, .rerunScheduled, .probeScheduled: return true
      default: return false
      }
    },
    CoverageExclusion(
      unlikely: "two rare things in one moment: in a million worlds it was not seen"
    ) { unseen.contains($0) },
    CoverageExclusion(
      unlikely: "what recovery writes at once seldom lies in two sectors"
    ) { $0.fault == .shortWrite && $0.phase == .recovering },
    CoverageExclusion(
      unlikely:
        "the log is sealed as soon as the run has ended: with a write that seldom lies in two"
        + " sectors, with no look at other files, and before anybody can cancel"
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
