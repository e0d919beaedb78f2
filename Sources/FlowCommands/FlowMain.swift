// FlowCommands is the program `flow`: a file for each command, the displays of a run while it is driven,
// printers, explanations, exporters and the report page. Commands read a history as a fold over its events
// (`RunHistory`), and drive a run by `RunDrive`.
//
// It imports all modules of the product, and none of simulation or tests.
//
// Invariant: text that does not come from flow itself is escaped (`TerminalText`, `XMLText`) where it is
// printed.
// Invariant: a reader that pauses or goes away never blocks a run; only what is durable is shown.
// Invariant: an error becomes an exit code in one place (`CommandError.exitCode`).

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
