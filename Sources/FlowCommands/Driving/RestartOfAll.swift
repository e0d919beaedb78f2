import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowSystem
import FlowText

/// `flow restart --all`: gives each run whose engine is gone an engine of its own, in the
/// background.
struct RestartOfAll {
  private let home: RunHome<LinuxStorage>
  private let context: CommandContext
  /// What is told to each engine.
  private let options: [String]
  /// Whether nothing but failures is told.
  private let isQuiet: Bool

  init(_ context: CommandContext, options: [String], isQuiet: Bool) throws(CommandError) {
    home = try context.home()
    self.context = context
    self.options = options
    self.isQuiet = isQuiet
  }

  /// - Returns: success, unless a run that has no engine could not be resumed: then why.
  func perform() throws(CommandError) -> ExitCode {
    let ids: [String]
    do throws(RunError) { ids = try home.list() } catch { throw .run(error) }
    var code = ExitCode.success
    // The oldest first: what was begun earlier is resumed earlier.
    for id in ids.reversed() {
      let failure = resume(id)
      if code == .success, let failure { code = failure }
    }
    return code
  }

  /// - Returns: nil if there was nothing to do, or it is done.
  private func resume(_ id: String) -> ExitCode? {
    do throws(CommandError) {
      let run = try OpenedRun(id, into: RunHistory(keeping: .lastAttempts), in: home)
      if run.history.state?.isFinished == true { return nil }
      if run.isHeld {
        let engine = run.engineProcessID.map { "process \($0)" } ?? "a process"
        say("run \(id) is driven by \(engine)")
        return nil
      }
      if let problem = run.problem { throw problem }
    } catch {
      return fail(id, "\(error)\n", error.exitCode)
    }
    do throws(DetachedEngine.Failure) {
      context.errors.write(
        try DetachedEngine.start(["restart", "--quiet"] + options + ["--", id]))
    } catch {
      switch error {
      case .system(let errno):
        context.warn("run \(id) is not resumed: cannot start an engine: \(errno)")
        return .environment
      case .ended(let code, let errors):
        // Another engine was faster, and may have brought it to its end.
        if needsNoEngine(id) { return nil }
        if code == 0 {
          say("run \(id) is not resumed: another run of its group is unfinished")
          return nil
        }
        return fail(id, errors, ExitCode(rawValue: code) ?? .environment)
      }
    }
    say("run \(id) is resumed")
    return nil
  }

  private func needsNoEngine(_ id: String) -> Bool {
    do throws(CommandError) {
      let run = try OpenedRun(id, into: RunHistory(keeping: .lastAttempts), in: home)
      return run.isHeld || run.history.state?.isFinished == true
    } catch {
      return false
    }
  }

  private func say(_ line: String) {
    if !isQuiet { context.output.write("\(line)\n") }
  }

  private func fail(_ id: String, _ errors: String, _ code: ExitCode) -> ExitCode {
    context.errors.write(errors)
    context.warn("run \(id) is not resumed")
    return code
  }
}
