/// What made an attempt be lost: a fault of the machine, or of a process on it.
package enum HazardCause: UInt8, CaseIterable, Sendable {
  /// The machine lost power, or was reset.
  case powerLoss
  /// The disk refused a write.
  case disk
  /// SIGKILL, as by the kernel when memory runs out.
  case monitorKilled
  case launcherKilled
  case engineKilled
  /// None of these came before.
  case other

  package var isOfMachine: Bool {
    switch self {
    case .powerLoss, .disk: true
    case .monitorKilled, .launcherKilled, .engineKilled, .other: false
    }
  }
}
