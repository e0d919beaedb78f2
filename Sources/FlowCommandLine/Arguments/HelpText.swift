/// Help texts, made from what commands declare.
package enum HelpText {
  /// `flow --help`.
  package static func overview(of commands: [CommandSyntax]) -> String {
    """
    Usage: flow COMMAND [OPTION]... [ARGUMENT]...

    Run workflows of shell steps whose history survives crashes.

    """
      + section("Commands", commands.map { ($0.name ?? $0.program, $0.purpose) })
      + section("Options", [row(.help), row(.version)])
      + section("Exit codes", ExitCode.allCases.map(row))
      + "\nTry \"flow COMMAND --help\" for what a command takes.\n"
  }

  /// What `--help` shows of one command.
  package static func of(_ syntax: CommandSyntax) -> String {
    let usage = [syntax.invocation, "[OPTION]..."] + syntax.arguments.map(\.usage)
    return "Usage: \(usage.joined(separator: " "))\n\n\(sentence(syntax.purpose))\n"
      + (syntax.details.isEmpty ? "" : "\n\(syntax.details)\n")
      + section("Arguments", syntax.arguments.map { ($0.name, $0.help) })
      + section("Options", syntax.options.map(row))
      + section("Examples", syntax.examples.map { ($0.line, $0.meaning) })
      + section("Exit codes", syntax.exitCodes.map(row))
  }

  private static func sentence(_ phrase: String) -> String {
    phrase.prefix(1).uppercased() + phrase.dropFirst() + "."
  }

  private static func row(_ option: Option) -> (String, String) {
    let short = option.short.map { "-\($0), " } ?? "    "
    let value = option.placeholder.map { " \($0)" } ?? ""
    return (short + option.spelling + value, option.help)
  }

  private static func row(_ code: ExitCode) -> (String, String) {
    (String(code.rawValue), code.meaning)
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
