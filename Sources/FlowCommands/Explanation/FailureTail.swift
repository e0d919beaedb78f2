import FlowCommandLine
import FlowCore
import FlowText

/// The end of the output of a step that failed, as explanations show it.
enum FailureTail {
  /// None for other steps, and where nothing was printed.
  static func lines(ofStep step: Int, _ explainer: Explainer) -> [String] {
    guard let attempt = failure(step, explainer) else { return [] }
    guard let output = explainer.tail(attempt.id) else {
      return RemovedOutput.text(attempt).map { ["  \($0)"] } ?? []
    }
    if output.isEmpty { return [] }
    let step = TerminalText.escaped(explainer.id(step))
    let run = TerminalText.escaped(explainer.view.runID)
    return output.map { "    \($0)" } + ["  full output: flow logs \(run) \(step)"]
  }

  /// Nil for other steps, and where there is no output.
  static func output(ofStep step: Int, _ explainer: Explainer) -> [String]? {
    failure(step, explainer).flatMap { explainer.tail($0.id) }
  }

  /// The attempt after which the step failed.
  private static func failure(_ step: Int, _ explainer: Explainer) -> AttemptHistory? {
    explainer.status(step) == .failed ? explainer.history.lastAttempt(ofStep: step) : nil
  }
}
