package import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowSystem
import FlowText

/// `flow why RUN [STEP]`.
package struct WhyCommand: Subcommand, Equatable {
  package let run: String
  /// Nil means the run as a whole.
  package let step: String?
  package let json: Bool

  package static let syntax = CommandSyntax(
    name: "why", purpose: "explain why a run or a step waits, failed or took so long",
    details: """
      The explanation is computed from the run's history, and shows the end of the
      output of what failed. Times are UTC.
      """,
    arguments: [.run, Argument("STEP", .optional, "the id of a step")], options: [.json],
    examples: [
      .init("flow why latest", "what the run waits for, or why it failed"),
      .init("flow why latest upload", "what happened to step upload, and why"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment, .newer])

  package init(_ arguments: ScannedArguments) {
    run = arguments.positional[0]
    step = arguments.argument(1)
    json = arguments.has(.json)
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let run = try OpenedRun(named: run, into: RunHistory(keeping: .times), context)
    if run.history.state != nil { try explain(try run.explainer(context), context) }
    // The explanation used the readable part of the history.
    if let problem = run.problem { throw problem }
    return .success
  }

  /// The run that keeps this one out of its group.
  private func holder(
    of explainer: Explainer, _ context: CommandContext
  ) throws(CommandError) -> String? {
    guard let group = explainer.state.created.group, !explainer.state.isFinished else { return nil }
    let home = try context.home()
    do throws(RunError) {
      let living = try RunGroup(group, in: home).livingRun()
      return living == explainer.view.runID ? nil : living
    } catch {
      throw .run(error)
    }
  }

  private func explain(
    _ explainer: Explainer, _ context: CommandContext
  ) throws(CommandError) {
    var output = context.output
    guard let step else {
      let printer = RunExplanationPrinter(explainer, heldBy: try holder(of: explainer, context))
      if json { printer.printJSON(to: &output) } else { printer.printText(to: &output) }
      return
    }
    let index = try explainer.state.definition.index(ofStep: step, runID: explainer.view.runID)
    let printer = ExplanationPrinter(explainer, step: index)
    if json { printer.printJSON(to: &output) } else { printer.printText(to: &output) }
  }
}
