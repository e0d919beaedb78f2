/// `flow list`.
package struct ListCommand: Subcommand, Equatable {
  package let json: Bool

  package static let syntax = CommandSyntax(
    name: "list", purpose: "list all runs", options: [.json],
    exitCodes: [.success, .usage, .environment])

  package init(_ arguments: ScannedArguments) {
    json = arguments.has(.json)
  }
}
