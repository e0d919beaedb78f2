import FlowCommandLine
import FlowStorage
import FlowSystem

/// The program `flow`.
package enum FlowMain {
  /// - Parameter line: the command line without the program's name.
  /// - Returns: the exit code of the process.
  package static func run(_ line: [String]) -> Int32 {
    StandardStream.openMissing()
    let context = CommandContext()
    let code = perform(line, context)
    context.output.flush()
    context.errors.flush()
    return code.rawValue
  }

  private static func perform(_ line: [String], _ context: CommandContext) -> ExitCode {
    do throws(CommandError) {
      switch try invocation(line) {
      case .text(let text):
        context.output.write(text)
        try finishOutput(context)
        return .success
      case .command(let command):
        let code = try command.perform(context)
        // The outcome of a run counts, even where its output could not be written.
        if !(command is RunCommand || command is RestartCommand) { try finishOutput(context) }
        return code
      }
    } catch {
      // Both may go to one terminal: what was printed first must appear first.
      context.output.flush()
      context.errors.write("\(error)\n")
      return error.exitCode
    }
  }

  /// Data that could not be written is a failure; a reader that closed the pipe is not.
  private static func finishOutput(_ context: CommandContext) throws(CommandError) {
    context.output.flush()
    if let failure = context.output.failure, failure != .brokenPipe {
      throw .system("write to standard output", failure)
    }
  }

  private static func invocation(_ line: [String]) throws(CommandError) -> Invocation {
    do throws(UsageError) {
      return try Invocation(line, version: Version.current)
    } catch {
      throw .usage(error)
    }
  }
}
