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

  init(_ context: CommandContext, options: [String]) throws(CommandError) {
    home = try context.home()
    self.context = context
    self.options = options
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
        context.output.write("run \(id) is driven by \(engine)\n")
        return nil
      }
      if let problem = run.problem { throw problem }
    } catch {
      context.errors.write("\(error)\n")
      context.warn("run \(id) is not resumed")
      return error.exitCode
    }
    do throws(DetachedEngine.Failure) {
      try DetachedEngine.start(["restart", "--quiet"] + options + ["--", id])
    } catch {
      switch error {
      case .system(let errno):
        context.warn("run \(id) is not resumed: cannot start an engine: \(errno)")
        return .environment
      // It had ended, or another engine was faster to bring it to its end.
      case .ended(code: 0, _): return nil
      case .ended(let code, let errors):
        context.errors.write(errors)
        context.warn("run \(id) is not resumed")
        return ExitCode(rawValue: code) ?? .environment
      }
    }
    context.output.write("run \(id) is resumed\n")
    return nil
  }
}
