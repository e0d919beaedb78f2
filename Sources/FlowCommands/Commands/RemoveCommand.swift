package import FlowCommandLine
import FlowCore
import FlowDefinition
import FlowRuntime
import FlowStorage
import FlowSystem

/// `flow rm RUN…`.
package struct RemoveCommand: Subcommand, Equatable {
  package let runs: [String]
  /// Nil unless runs are chosen by age.
  package let olderThanMilliseconds: Int64?

  private static let olderOption = Option(
    "older-than", takes: .text(placeholder: "AGE"),
    "runs that ended more than AGE ago (36h, 30d)")

  package static let syntax = CommandSyntax(
    name: "rm", purpose: "remove finished runs, with their history and output",
    arguments: [Argument("RUN", .any, "a run id, a unique prefix of one, or \"latest\"")],
    options: [olderOption],
    examples: [
      .init("flow rm latest", "the most recent run"),
      .init("flow rm --older-than 30d", "runs that ended more than 30 days ago"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment, .newer])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    runs = arguments.positional
    guard let age = arguments.text(Self.olderOption) else {
      olderThanMilliseconds = nil
      if runs.isEmpty {
        throw UsageError(command: Self.syntax.name, .missingArgument("RUN"))
      }
      return
    }
    guard let milliseconds = Self.milliseconds(age) else {
      throw UsageError(
        command: Self.syntax.name,
        .invalidValue(
          Self.olderOption.spelling, value: age, expected: "an age such as 36h or 30d"))
    }
    olderThanMilliseconds = milliseconds
  }

  private static func milliseconds(_ age: String) -> Int64? {
    let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let last = age.last, let unit = units[last], let count = Int64(age.dropLast()),
      count >= 0
    else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: unit)
    return overflow ? nil : product
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let home = try context.home()
    var failure: CommandError?
    do throws(RunError) { try home.sweep(now: context.now().wall) } catch { throw .run(error) }
    for id in try named(home) + aged(home, context) {
      do throws(CommandError) { try remove(id, home, context) } catch {
        // One run that cannot be removed does not keep the others.
        if let failure { context.errors.write("\(failure)\n") }
        failure = error
      }
    }
    if let failure { throw failure }
    return .success
  }

  private func named(_ home: RunHome<LinuxStorage>) throws(CommandError) -> [String] {
    var ids: [String] = []
    do throws(RunError) {
      for name in runs { ids.append(try home.resolve(name)) }
    } catch {
      throw .run(error)
    }
    return ids
  }

  private func aged(
    _ home: RunHome<LinuxStorage>, _ context: CommandContext
  ) throws(CommandError) -> [String] {
    guard let age = olderThanMilliseconds else { return [] }
    let ids: [String]
    do throws(RunError) { ids = try home.list() } catch { throw .run(error) }
    let now = context.now().wall.microseconds
    return ids.filter { id in
      // A run whose history cannot be read has no known age.
      guard let run = try? OpenedRun(id, into: RunHistory(keeping: .lastAttempts), in: home),
        run.problem == nil,
        let end = run.history.finishedAt, !run.isHeld
      else { return false }
      return (now - end.microseconds) / 1_000 > age
    }
  }

  private func remove(
    _ id: String, _ home: RunHome<LinuxStorage>, _ context: CommandContext
  ) throws(CommandError) {
    do throws(RunError) {
      var watch = try RunHistoryWatch(id, home)
      try watch.readOn()
      if watch.outcome == nil {
        throw watch.isHeld ? .isRunning(id, processID: watch.engineProcessID) : .notFinished(id)
      }
      try home.remove(id)
    } catch {
      throw .run(error)
    }
    context.output.write("removed \(id)\n")
  }
}
