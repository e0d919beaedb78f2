import FlowSystem
import Testing

@testable import FlowCommands

/// What an engine says that SIGTERM tells to detach.
struct DetachmentTests {
  private static let cases: [(Detachment, String)] = [
    (Detachment(running: 0), "detached; 0 attempts still running"),
    (Detachment(running: 1), "detached; 1 attempt still running"),
    (
      Detachment(running: 1, interrupted: 1),
      "the system told 1 attempt to end as well, which counts as interrupted; onLost decides what"
        + " follows"
    ),
    (
      Detachment(running: 3, interrupted: 2),
      "the system told 2 attempts to end as well, which count as interrupted; onLost decides what"
        + " follows; detached; 1 attempt still running"
    ),
    (
      Detachment(running: 0, isPaused: true),
      "the system has just told attempts to end, which count as interrupted; onLost decides what"
        + " follows"
    ),
    (
      Detachment(running: 2, manager: .systemd(unit: "nightly.service")),
      "systemd stops nightly.service, and 2 attempts still running end with it unless its KillMode"
        + " is process"
    ),
    (
      Detachment(running: 0, manager: .systemd(unit: "nightly.service")),
      "detached; 0 attempts still running"
    ),
    (
      Detachment(running: 1, manager: .other(name: "tini")),
      "process 1 (tini) ends flow; 1 attempt still running ends with it if the container stops"
    ),
  ]

  @Test(arguments: cases)
  func saysWhatBecomesOfAttempts(detachment: Detachment, expected: String) {
    #expect(detachment.text(ofRun: "r") == "\(expected); resume with: flow restart r")
  }
}
