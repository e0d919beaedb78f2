package import FlowCommandLine
import FlowText

/// A parsed command line.
package enum Invocation: Sendable {
  /// Text for standard output, and nothing else to do.
  case text(String)
  case command(any Subcommand)

  /// In the order in which help shows them. Help and suggestions know only these.
  package static let commands: [any Subcommand.Type] = [
    RunCommand.self, RestartCommand.self, CancelCommand.self, AnswerCommand.self,
    StatusCommand.self, WaitCommand.self, ListCommand.self,
    EventsCommand.self, LogsCommand.self, WhyCommand.self, ReplayCommand.self, ReportCommand.self,
    ExportCommand.self, VerifyCommand.self, ValidateCommand.self, ProveCommand.self,
    NewCommand.self,
    RemoveCommand.self, SchemaCommand.self, CompletionsCommand.self, ManCommand.self,
    HelpCommand.self,
  ]

  /// Not for people.
  private static let hidden: [any Subcommand.Type] = [
    CompleteCommand.self, LaunchCachedCommand.self, PublishFilesCommand.self,
  ]

  /// - Parameters:
  ///   - line: the command line without the program's name.
  ///   - version: what `--version` shows.
  package init(_ line: [String], version: String) throws(UsageError) {
    guard let first = line.first else { throw UsageError(command: nil, .noCommand) }
    switch first {
    case "--help", "-h": self = .text(Self.overview)
    case "--version": self = .text("flow \(version)\n")
    case _ where first.hasPrefix("-"):
      let names = [Option.help, .version].map(\.spelling)
      let suggestion = Suggestion.nearest(to: first, among: names)
      throw UsageError(command: nil, .unknownOption(first, suggestion: suggestion))
    default:
      let command = try Self.command(named: first)
      switch try ArgumentScanner.scan(line.dropFirst(), as: command.syntax) {
      case .helpRequested: self = .text(HelpText.of(command.syntax))
      case .arguments(let arguments):
        let command = try command.init(arguments)
        self = try (command as? HelpCommand)?.answer() ?? .command(command)
      }
    }
  }

  static var overview: String { HelpText.overview(of: commands.map { $0.syntax }) }

  static func command(named name: String) throws(UsageError) -> any Subcommand.Type {
    if let command = (commands + hidden).first(where: { $0.syntax.name == name }) {
      return command
    }
    let nearest = Suggestion.nearest(to: name, among: commands.compactMap { $0.syntax.name })
    throw UsageError(command: nil, .unknownCommand(name, suggestion: nearest))
  }
}
