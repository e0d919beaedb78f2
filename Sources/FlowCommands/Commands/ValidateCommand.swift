package import FlowCommandLine
import FlowCore
import FlowDefinition
import FlowRuntime
import FlowSystem

/// `flow validate FILE`.
package struct ValidateCommand: Subcommand, Equatable {
  package let file: String
  package let json: Bool
  let parameters: RunParameters

  package static let syntax = CommandSyntax(
    name: "validate", purpose: "check a workflow definition and print its plan",
    arguments: [.definition], options: [RunParameters.option, RunParameters.fileOption, .json],
    examples: [.init("flow validate nightly.yaml", "report all errors at once; run nothing")],
    exitCodes: [.success, .usage, .environment])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    file = arguments.positional[0]
    json = arguments.has(.json)
    parameters = try RunParameters(arguments, command: Self.syntax.name)
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let file: DefinitionFile
    do throws(CommandError) { file = try context.definition(self.file) } catch {
      // For a program the errors are the data; for a person they are errors.
      guard json, case .definition(.invalid(let errors)) = error else { throw error }
      context.output.write(DefinitionErrorsJSON.text(errors))
      return .usage
    }
    // With defaults filled in it may exceed the limit of a history: `flow run` would refuse it.
    let size = Int64(DefinitionCodec.encode(file.definition).count)
    guard size <= RunCreated.largestDefinition else {
      throw .run(.definitionTooLarge(bytes: size))
    }
    // Without any, what is required is no error: only a run needs it.
    let given = try parameters.all()
    let values =
      given.values.isEmpty
      ? nil : try RunParameters.values(of: file.definition, given, at: context.now().wall)
    let printer = PlanPrinter(file.definition, file.graph, values)
    let output = context.output
    if json { output.write(printer.json) } else { output.write(printer.text) }
    return .success
  }
}
