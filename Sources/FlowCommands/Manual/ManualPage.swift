import FlowCommandLine
import FlowCore
import FlowDefinition

/// The manual pages of `flow`, made from the tables that the parser and the command line use.
package enum ManualPage: String, CaseIterable, Sendable {
  case command = "flow.1"
  case file = "flow.5"

  package var text: String {
    switch self {
    case .command: Self.commandPage
    case .file: Self.filePage
    }
  }

  private static var commandPage: String {
    var page = ManPage("flow", section: 1, purpose: "run workflows of shell steps, durably")
    page.section("Synopsis")
    page.paragraphs("`flow` COMMAND [OPTION]... [ARGUMENT]...")
    page.section("Description")
    page.paragraphs(
      """
      Runs workflows of shell steps on one machine, and keeps a durable history of everything that
      happened. A workflow is a file, which flow(5) describes. A run is resumed after a crash of its
      engine or of the machine; steps that still run are reattached.

      RUN is a run id, a unique prefix of one, or `latest`.
      """)
    page.section("Commands")
    for command in Invocation.commands { page.command(command.syntax) }
    page.exitCodes(ExitCode.allCases.map { ($0, $0.meaning) })
    page.section("Environment")
    for variable in environment { page.item(variable.name, variable.meaning) }
    page.section("Files")
    page.item(
      "~/.local/state/flow/runs/RUN",
      "a run: its history, what its steps printed, and its work folder")
    page.section("See also")
    page.paragraphs("flow(5), flowsim(1)")
    return page.text
  }

  private static let environment: [(name: String, meaning: String)] = [
    ("FLOW_HOME", "the folder that holds the runs"),
    ("XDG_STATE_HOME", "without FLOW_HOME: runs are kept in its subfolder flow"),
    ("NO_COLOR", "if set, nothing is coloured"),
    ("TERM", "dumb: no live view"),
  ]

  private static var filePage: String {
    var page = ManPage("flow", section: 5, purpose: "workflow files")
    page.section("Description")
    page.paragraphs(
      """
      A workflow file is YAML or JSON, in UTF-8. The ending of its name decides which: `.yaml`, `.yml`
      or `.json`; otherwise a text whose first character, after comments, is `{` is JSON. In YAML the
      key decides what its value is: where it takes a text, `3.10`, `NO` and `22:22` are texts. JSON
      may have comments, and a comma after the last element.

      A duration is a text such as `500ms`, `10s`, `5m` or `2h`; a size is a number of bytes, or a
      text such as `64KiB`, `10MiB` or `1GiB`. Defaults stand in parentheses.
      """)
    page.section("Keys of a workflow")
    for key in WorkflowDefinition.keys { page.key(key, "") }
    page.section("Keys of a parameter")
    page.paragraphs("Each parameter in `params` is an object.")
    for key in ParameterKey.allCases {
      page.item(key.rawValue, "\(key.wording): \(key.help)")
    }
    page.section("Keys of a step")
    for key in StepDefinition.keys { page.key(key, "") }
    page.section("Keys of a step, and of defaults")
    for key in StepSettings.keys { page.key(key, "") }
    page.section("Example")
    page.verbatim(NewCommand.text)
    page.section("See also")
    page.paragraphs("flow(1), `flow schema`")
    return page.text
  }
}

extension ManPage {
  fileprivate mutating func key<Owner>(_ key: DefinitionKey<Owner>, _ prefix: String) {
    item(prefix + key.name, "\(key.type.wording): \(key.help)")
    for member in key.members { self.key(member, "\(prefix)\(key.name).") }
  }
}
