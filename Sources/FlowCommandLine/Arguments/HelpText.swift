/// Help texts, generated from the syntax of commands.
package enum HelpText {
  /// `flow --help`.
  package static func overview(of commands: [CommandSyntax]) -> String {
    """
    Usage: flow COMMAND [OPTION]... [ARGUMENT]...

    Run workflows of shell steps, with a durable history and recovery after crashes.

    """
      + section("Commands", commands.map { ($0.name ?? $0.program, $0.purpose) })
      + section("Options", [row(.help), row(.version)])
      + section("Exit codes", ExitCode.allCases.map { row($0, $0.meaning) })
      + "\nRun \"flow COMMAND --help\" for the options of a command.\n"
  }

  /// The output of `--help` for one command.
  ///
  /// - Parameter commands: subcommands of the program to list.
  package static func of(_ syntax: CommandSyntax, commands: [CommandSyntax] = []) -> String {
    let usage = [syntax.invocation, "[OPTION]..."] + syntax.arguments.map(\.usage)
    return "Usage: \(usage.joined(separator: " "))\n\n\(sentence(syntax.purpose))\n"
      + (syntax.details.isEmpty ? "" : "\n\(syntax.details)\n")
      + section("Commands", commands.map { ($0.invocation, $0.purpose) })
      + section("Arguments", syntax.arguments.map { ($0.name, $0.help) })
      + section("Options", syntax.options.map(row))
      + section("Examples", syntax.examples.map { ($0.line, $0.meaning) })
      + section("Exit codes", syntax.exitCodes.map { row($0, syntax.exitMeaning($0)) })
  }

  static func sentence(_ phrase: String) -> String {
    phrase.prefix(1).uppercased() + phrase.dropFirst() + "."
  }

  private static func row(_ option: Option) -> (String, String) {
    ((option.short == nil ? "    " : "") + option.usage, option.help)
  }

  private static func row(_ code: ExitCode, _ meaning: String) -> (String, String) {
    (String(code.rawValue), meaning)
  }

  private static func section(_ title: String, _ rows: [(String, String)]) -> String {
    if rows.isEmpty { return "" }
    let width = rows.map(\.0.count).max() ?? 0
    let lines = rows.map { term, meaning in
      "  \(term)\(String(repeating: " ", count: width - term.count))  \(meaning)\n"
    }
    return "\n\(title):\n" + lines.joined()
  }
}

extension Option {
  /// Both spellings, with what it takes: `-j, --jobs N`.
  var usage: String {
    let short = self.short.map { "-\($0), " } ?? ""
    return short + spelling + (placeholder.map { " \($0)" } ?? "")
  }
}
