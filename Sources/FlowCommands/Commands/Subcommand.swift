package import FlowCommandLine

/// A command of `flow`: its syntax, and the arguments that were given.
///
/// A new command is a file with such a type, and a line in `Invocation.commands`.
package protocol Subcommand: Sendable {
  static var syntax: CommandSyntax { get }
  /// - Parameter arguments: scanned by `syntax`.
  /// - Throws: where arguments cannot be combined, or have no valid value.
  init(_ arguments: ScannedArguments) throws(UsageError)
  /// Performs the command.
  ///
  /// - Returns: the exit code of the process.
  func perform(_ context: CommandContext) throws(CommandError) -> ExitCode
}

extension Option {
  static let follow = Option("follow", short: "f", "keep printing until the run has ended")
}

extension Argument {
  static let run = Argument("RUN", .one, "a run id, a unique prefix of one, or \"latest\"")
  static let definition = Argument(
    "FILE", .one, "the workflow definition, JSON or YAML; \"-\": standard input")
}
