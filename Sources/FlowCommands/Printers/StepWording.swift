import FlowCommandLine
package import FlowCore
import FlowLog
import FlowText

/// The words for what happens to steps, which events name by index only.
package struct StepWording: Sendable {
  private let definition: WorkflowDefinition?

  /// - Parameter definition: nil while it is not known; then steps go by their numbers.
  package init(_ definition: WorkflowDefinition?) {
    self.definition = definition
  }

  package func id(_ step: Int32) -> String {
    guard let definition, definition.steps.indices.contains(Int(step)) else {
      return "step \(step)"
    }
    return definition.steps[Int(step)].id
  }

  /// `build #2`.
  func name(_ attempt: AttemptID) -> String { "\(id(attempt.step)) #\(attempt.number)" }

  /// Why an attempt did not succeed: `exit code 2 after 1.2s`.
  func failure(_ end: AttemptEnd, ofStep step: Int32) -> String {
    let duration = " after \(DurationText.of(microseconds: end.durationMicroseconds))"
    switch AttemptOutcome(end) {
    case .exited: return "exit code \(end.exitCode ?? 0)\(duration)"
    case .signalled: return "\(Self.text(signal: end.signal ?? 0))\(duration)"
    case .timedOut: return "timed out\(duration)"
    case .cancelled: return "cancelled\(duration)"
    case .launchFailed: return end.launchFailure.map { text($0, ofStep: step) } ?? ""
    case .lost: return "lost, and nobody can say how it ended"
    }
  }

  /// What was left of an attempt when the command itself had ended, or when its end was found to be
  /// lost: `2 processes of it left over and killed`; nil where nothing was.
  static func leftovers(_ end: AttemptEnd) -> String? {
    var parts: [String] = []
    if end.stragglers > 0 {
      let processes = end.stragglers == 1 ? "1 process" : "\(end.stragglers) processes"
      parts.append("\(processes) of it left over and killed")
    }
    if end.unkillable > 0 { parts.append("\(end.unkillable) of it cannot be killed") }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// `cannot execute "foo": no such file or directory (ENOENT)`.
  func text(_ failure: LaunchFailure, ofStep step: Int32) -> String {
    "cannot \(attempted(failure.operation, step)): \(Errno(rawValue: failure.errno))"
  }

  private func attempted(_ operation: LaunchFailure.Operation, _ step: Int32) -> String {
    switch operation {
    case .createOutput: return "create the file for its output"
    case .createRecord: return "create the record of the attempt"
    case .fork: return "make a process for its monitor"
    case .changeDirectory:
      guard let folder = definition?.settings(ofStep: Int(step)).workingDirectory else {
        return "change to the definition's folder"
      }
      return "change to folder \(TerminalText.quoted(folder))"
    case .execute:
      switch definition?.steps[Int(step)].command {
      case .program(let arguments): return "execute \(TerminalText.quoted(arguments[0]))"
      case .shell: return "execute \"/bin/sh\""
      case nil: return "execute the command"
      }
    }
  }

  /// `signal 9 (SIGKILL)`.
  static func text(signal: UInt8) -> String {
    name(ofSignal: signal).map { "signal \(signal) (\($0))" } ?? "signal \(signal)"
  }

  /// As signal(7) numbers them on x86 and ARM, the machines that Swift supports.
  static func name(ofSignal signal: UInt8) -> String? {
    let names = [
      "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
      "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
      "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ]
    return names.indices.contains(Int(signal) - 1) ? "SIG\(names[Int(signal) - 1])" : nil
  }

  /// `needs build, which failed`.
  func skipped(for need: Int, _ state: RunState) -> String {
    let what = "needs \(id(Int32(need)))"
    switch state.steps[need].phase {
    case .failed: return "\(what), which failed"
    case .skipped: return "\(what), which was skipped"
    case .cancelled: return "\(what), which was cancelled"
    case .waiting, .ready, .starting, .running, .stopping, .ended, .backingOff, .doomed,
      .succeeded:
      return what
    }
  }

  func text(_ reason: StopReason) -> String {
    switch reason {
    case .cancelled: "a cancel was requested"
    case .timedOut: "the run timed out"
    case .failFast(let step): "step \(id(step)) failed, and the workflow says failFast"
    }
  }
}
