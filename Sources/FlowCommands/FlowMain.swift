import FlowCommandLine
import FlowSystem

/// The program `flow`.
package enum FlowMain {
  /// - Parameter line: the command line without the program's name.
  /// - Returns: what the process exits with.
  package static func run(_ line: [String]) -> Int32 {
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
        return .success
      case .command(let command): return try command.perform(context)
      }
    } catch {
      // What was printed before comes before, where both go to one terminal.
      context.output.flush()
      context.errors.write("\(error)\n")
      return error.exitCode
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
