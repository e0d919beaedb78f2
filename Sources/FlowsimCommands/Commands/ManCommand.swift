import FlowCommandLine

/// `flowsim man`.
enum ManCommand {
  static let syntax = CommandSyntax(
    program: "flowsim", name: "man", purpose: "print the manual page",
    details: "To read it: flowsim man | man -l -",
    examples: [.init("flowsim man", "print it")],
    exitCodes: [.success, .usage], exitMeaning: ExitCode.meaningOfFlowsim)

  static func perform(_ context: FlowsimContext) -> ExitCode {
    context.output.write(text)
    return .success
  }

  static var text: String {
    var page = ManPage(
      "flowsim", section: 1, purpose: "run workflows and their engine in simulated worlds")
    page.section("Synopsis")
    page.paragraphs("`flowsim` [COMMAND] [OPTION]... [ARGUMENT]...")
    page.section("Description")
    page.paragraphs(
      """
      Drives the engine of flow(1), its history log, its monitors and its recovery in simulated
      machines, which lose power, lose processes and run out of space at the worst moments, and
      checks what must always hold. The same seed is always the same world.
      """)
    page.section("Commands")
    for command in [SeedsCommand.syntax] + FlowsimMain.commands { page.command(command) }
    page.exitCodes(
      SeedsCommand.syntax.exitCodes.map { ($0, SeedsCommand.syntax.exitMeaning($0)) })
    page.section("See also")
    page.paragraphs("flow(1), flow(5)")
    return page.text
  }
}
