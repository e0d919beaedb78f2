package import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowSystem

/// `flow list`.
package struct ListCommand: Subcommand, Equatable {
  package let json: Bool
  /// Whether to list what runs ask, instead of the runs.
  package let isOfQuestions: Bool

  private static let waiting = Option(
    "waiting", "list what steps of unfinished runs ask, and how to answer")

  package static let syntax = CommandSyntax(
    name: "list", purpose: "list all runs, most recent first", options: [waiting, .json],
    examples: [.init("flow list --waiting", "what waits for a person's answer")],
    exitCodes: [.success, .usage, .environment])

  package init(_ arguments: ScannedArguments) {
    json = arguments.has(.json)
    isOfQuestions = arguments.has(Self.waiting)
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    var output = context.output
    let home = try context.home()
    let entries: [ListEntry]
    // Of all runs together: there may be many in other containers.
    var patience = LockPatience()
    do throws(RunError) {
      entries = try home.list().map { Self.entry($0, home, now: context.now().wall, &patience) }
    } catch {
      throw .run(error)
    }
    if isOfQuestions {
      if json {
        ListPrinter.printQuestionsJSON(entries, to: &output)
      } else {
        ListPrinter.printQuestions(entries, to: &output)
      }
    } else if json {
      ListPrinter.printJSON(entries, to: &output)
    } else {
      ListPrinter.printText(entries, to: &output)
    }
    return .success
  }

  private static func entry(
    _ id: String, _ home: RunHome<LinuxStorage>, now: WallTime, _ patience: inout LockPatience
  ) -> ListEntry {
    do throws(CommandError) {
      let run = try OpenedRun(
        id, into: RunHistory(keeping: .lastAttempts), in: home, &patience)
      if let problem = run.problem { return unreadable(id, problem) }
      let kept = KeptAnswers(run.history.state, in: home, now: now)
      return .run(RunRow(run.history, runID: id, isHeld: run.isHeld, now: now, kept: kept))
    } catch {
      return unreadable(id, error)
    }
  }

  private static func unreadable(_ id: String, _ problem: CommandError) -> ListEntry {
    .unreadable(runID: id, problem.ofHistory, reason: "\(problem)")
  }
}
