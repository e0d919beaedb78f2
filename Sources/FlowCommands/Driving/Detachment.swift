package import FlowSystem

/// What becomes of the attempts of an engine that SIGTERM tells to detach.
package struct Detachment: Equatable {
  /// Attempts that had not ended.
  package var running: Int
  /// Those of them that got a SIGTERM, too: the system is being stopped, or a part of it that holds
  /// them.
  package var interrupted: Int
  /// Whether attempts were interrupted shortly before.
  package var isPaused: Bool
  /// Who sent the SIGTERM, if that is what looks after all processes here.
  package var manager: ServiceManager?

  package init(
    running: Int, interrupted: Int = 0, isPaused: Bool = false, manager: ServiceManager? = nil
  ) {
    self.isPaused = isPaused
    self.running = running
    self.interrupted = interrupted
    self.manager = manager
  }

  /// - Parameter id: of the run.
  package func text(ofRun id: String) -> String {
    let resume = "resume with: flow restart \(id)"
    let staying = running - interrupted
    var parts: [String] = []
    if isPaused {
      parts.append("the system has just told attempts to end, which count as interrupted")
    }
    if interrupted > 0 {
      parts.append(
        "the system told \(Self.attempts(interrupted)) to end as well, which"
          + " \(interrupted == 1 ? "counts" : "count") as interrupted")
    }
    if interrupted > 0 || isPaused { parts.append("onLost decides what follows") }
    if staying > 0 || (interrupted == 0 && !isPaused) {
      parts.append(fate(of: staying))
    }
    return (parts + [resume]).joined(separator: "; ")
  }

  private func fate(of staying: Int) -> String {
    let attempts = Self.attempts(staying)
    guard staying > 0, let manager else { return "detached; \(attempts) still running" }
    let verb = staying == 1 ? "ends" : "end"
    switch manager {
    case .systemd(let unit):
      return "systemd stops \(unit), and \(attempts) still running \(verb) with it unless its"
        + " KillMode is process"
    case .other(let name):
      return "process 1 (\(name)) ends flow; \(attempts) still running \(verb) with it if the"
        + " container stops"
    }
  }

  private static func attempts(_ count: Int) -> String {
    count == 1 ? "1 attempt" : "\(count) attempts"
  }
}
