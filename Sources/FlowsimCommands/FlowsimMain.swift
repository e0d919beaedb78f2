// FlowsimCommands is the program `flowsim`: it runs worlds of FlowSimulation from seeds, traces or a user's
// workflow, hunts for violations, shrinks them, and prints what it found.
//
// It is the only program that imports FlowSimulation.
//
// Invariant: a failure that is printed can be made again from what is printed.

import FlowCommandLine
import FlowSystem
import FlowText

/// The program `flowsim`.
/// Public for the build of the fuzzers, a package of its own.
public enum FlowsimMain {
  /// The commands with a name.
  static let commands: [CommandSyntax] = [
    ReplayCommand.syntax, CompareCommand.syntax, SoakCommand.syntax, ExploreCommand.syntax,
    RehearseCommand.syntax, ManCommand.syntax,
  ]

  /// - Parameter line: the command line without the program's name.
  /// - Returns: what the process exits with.
  public static func run(_ line: [String]) -> Int32 {
    StandardStream.openMissing()
    var context = FlowsimContext()
    context.isolated = IsolatedAttempt.make
    return run(line, context).rawValue
  }

  static func run(_ line: [String], _ context: FlowsimContext) -> ExitCode {
    defer {
      context.output.flush()
      context.errors.flush()
    }
    do throws(FlowsimError) {
      return try perform(line, context)
    } catch {
      // On a terminal, what was printed before must come before the error.
      context.output.flush()
      context.errors.write("\(error)\n")
      return error.exitCode
    }
  }

  private static func perform(
    _ line: [String], _ context: FlowsimContext
  ) throws(FlowsimError) -> ExitCode {
    let syntax = try syntax(of: line)
    let scanned: ArgumentScanner.Result
    do throws(UsageError) {
      scanned = try ArgumentScanner.scan(line.dropFirst(syntax.name == nil ? 0 : 1), as: syntax)
    } catch {
      throw .usage(error)
    }
    switch scanned {
    case .helpRequested:
      context.output.write(HelpText.of(syntax, commands: syntax.name == nil ? commands : []))
      return .success
    case .arguments(let arguments):
      switch syntax.name {
      case ReplayCommand.syntax.name: return try ReplayCommand.perform(arguments, context)
      case CompareCommand.syntax.name: return try CompareCommand.perform(arguments, context)
      case SoakCommand.syntax.name: return try SoakCommand.perform(arguments, context)
      case ExploreCommand.syntax.name: return try ExploreCommand.perform(arguments, context)
      case RehearseCommand.syntax.name: return try RehearseCommand.perform(arguments, context)
      case ManCommand.syntax.name: return ManCommand.perform(context)
      default: return try SeedsCommand.perform(arguments, context)
      }
    }
  }

  /// Of the command that is named first; without one there are only options.
  private static func syntax(of line: [String]) throws(FlowsimError) -> CommandSyntax {
    guard let name = line.first, !name.hasPrefix("-") else { return SeedsCommand.syntax }
    if let syntax = commands.first(where: { $0.name == name }) { return syntax }
    let nearest = Suggestion.nearest(to: name, among: commands.compactMap(\.name))
    throw .usage(
      UsageError(program: "flowsim", command: nil, .unknownCommand(name, suggestion: nearest)))
  }
}
