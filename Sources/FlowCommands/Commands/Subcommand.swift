package import FlowCommandLine

/// A command of `flow`: what it understands, and what was said.
///
/// A new command is a file with a type like this, and a line in `Invocation.commands`.
package protocol Subcommand: Sendable {
  static var syntax: CommandSyntax { get }
  /// - Parameter arguments: scanned by `syntax`.
  /// - Throws: where what was said does not go together.
  init(_ arguments: ScannedArguments) throws(UsageError)
  /// Does it.
  ///
  /// - Returns: what the process exits with.
  func perform(_ context: CommandContext) throws(CommandError) -> ExitCode
}

extension Option {
  static let follow = Option("follow", short: "f", "go on until the run has ended")
}

extension Argument {
  static let run = Argument("RUN", .one, "a run id, a unique prefix of one, or \"latest\"")
}
