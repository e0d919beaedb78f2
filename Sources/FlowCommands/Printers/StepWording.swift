import FlowCommandLine
package import FlowCore
import FlowStorage
import FlowSystem
import FlowText

extension EventWording {
  /// The words for events of a run, with the names of errors.
  ///
  /// - Parameters:
  ///   - definition: nil while it is unknown; then steps go by number.
  ///   - folder: of the definition; nil while it is unknown.
  package init(_ definition: WorkflowDefinition?, in folder: String? = nil) {
    self.init(
      definition, in: folder, systemError: { Errno(rawValue: $0).description },
      interpreter: { ScriptFile.interpreter(of: $0) })
  }
}

/// Steps and attempts in words fit for a terminal: names that come from outside are escaped.
package struct StepWording: Sendable {
  private let words: EventWording

  /// - Parameters:
  ///   - definition: nil while it is unknown; then steps go by number.
  ///   - folder: of the definition; nil while it is unknown.
  package init(_ definition: WorkflowDefinition?, in folder: String? = nil) {
    words = EventWording(definition, in: folder)
  }

  /// Those for a run.
  init(_ state: RunState?) {
    self.init(state?.definition, in: state?.created.definitionFolder)
  }

  package func id(_ step: Int32) -> String { TerminalText.escaped(words.id(step)) }

  /// `build#2`.
  func name(_ attempt: AttemptID) -> String { TerminalText.escaped(words.name(attempt)) }

  /// The line of an event.
  func text(_ body: Event.Body) -> String { TerminalText.escaped(words.text(body)) }

  func text(_ reason: StopReason) -> String { TerminalText.escaped(words.text(reason)) }

  /// `cannot execute "foo": no such file or directory (ENOENT)`.
  func text(_ failure: LaunchFailure, ofStep step: Int32) -> String {
    TerminalText.escaped(words.text(failure, ofStep: step))
  }

  /// Why an attempt did not succeed: `exit code 2 after 1.2s`.
  func failure(_ end: AttemptEnd, ofStep step: Int32) -> String {
    let duration = " after \(DurationText.of(microseconds: end.durationMicroseconds))"
    switch AttemptOutcome(end) {
    case .exited: return Self.exit(end) + duration
    case .signalled: return "\(EventWording.text(signal: end.signal ?? 0))\(duration)"
    case .timedOut: return "timed out\(duration)"
    case .cancelled: return "cancelled\(duration)"
    case .launchFailed: return end.launchFailure.map { text($0, ofStep: step) } ?? ""
    case .lost: return "lost, its outcome is unknown"
    case .outputRefused where end.refusal?.fault.isOfFiles == true:
      return refusal(end, ofStep: step)
    case .outputRefused:
      return "\(Self.exit(end))\(duration), but \(refusal(end, ofStep: step))"
    case .interrupted: return "interrupted\(duration), the system told it to end"
    }
  }

  /// Why the outputs of an attempt are not taken: `its output version is missing`.
  func refusal(_ end: AttemptEnd, ofStep step: Int32) -> String {
    end.refusal.map { TerminalText.escaped(words.text($0, ofStep: step)) } ?? ""
  }

  /// What may be missing of an attempt's output; nil where nothing is known to be.
  static func lostOutput(_ end: AttemptEnd) -> String? {
    end.output.wasDiskFull ? "the disk was full: its last output may be missing" : nil
  }

  /// `exit code 137: a process it ran died of SIGKILL (flow did not send it)`.
  static func exit(_ end: AttemptEnd) -> String {
    let code = "exit code \(end.exitCode ?? 0)"
    guard let signal = end.shellSignal else { return code }
    return "\(code): \(EventWording.text(shellSignal: signal)) (flow did not send it)"
  }

  /// The stragglers of an attempt: `2 stragglers killed`; nil where there were
  /// none.
  static func stragglers(_ end: AttemptEnd) -> String? {
    var parts: [String] = []
    if end.stragglers > 0 {
      parts.append(
        "\(end.stragglers) \(end.stragglers == 1 ? "straggler" : "stragglers") killed")
    }
    if end.unkillable > 0 { parts.append("\(end.unkillable) cannot be killed") }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// What is said of an output that nothing could scrub.
  static let unscrubbed =
    "its output was not scrubbed, and may hold secrets: remove it, or replace the secrets"

  /// A need and what is wanted of it: `build`, or `build to fail`.
  func text(need: Int, of step: Int) -> String {
    TerminalText.escaped(words.text(need: Int32(need), of: Int32(step)))
  }

  /// `its condition is false (params.full is false)`.
  static func text(_ inputs: [ConditionInput]) -> String {
    TerminalText.escaped(EventWording.text(inputs))
  }

  /// `needs build, which failed`.
  func skipped(_ step: Int, for need: Int, _ state: RunState) -> String {
    let what = "needs \(text(need: need, of: step))"
    switch state.steps[need].phase {
    case .succeeded: return "\(what), which succeeded"
    case .skipped where !state.isSelected(need): return "\(what), which is not selected"
    case .failed: return "\(what), which failed"
    case .skipped: return "\(what), which was skipped"
    case .cancelled: return "\(what), which was cancelled"
    case .waiting, .ready, .starting, .running, .stopping, .ended, .backingOff, .asking, .answered,
      .expanded, .doomed:
      return what
    }
  }
}
