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
  /// Whether to say what a run can come to.
  let asksOutcomes: Bool
  let steps: StepOptions

  private static let outcomesOption = Option("outcomes", "say what a run can come to")
  static let requireOption = StepOptions.option(
    "require", "fail if a run can succeed without these")

  package static let syntax = CommandSyntax(
    name: "validate", purpose: "check a workflow definition and print its plan",
    details: """
      With --outcomes it looks at all combinations of what steps can end with and of
      the values that conditions ask for, and says in how many of them a step is
      skipped or fails although the run succeeds, and when: "publish is skipped while
      the run succeeds, in 12 of 64: whenever precheck is skipped". Parameters that
      are not given take any value. Not looked at: a cancel, the run's timeout, and
      attempts that are lost; any step can end by these.

      --require STEPS includes --outcomes. Exit code 1: a run could succeed without
      one of them, or there are too many combinations to say that none could.
      """,
    arguments: [.definition],
    options: [
      outcomesOption, requireOption, RunParameters.option, RunParameters.fileOption, .json,
    ],
    examples: [
      .init("flow validate nightly.yaml", "report all errors at once; run nothing"),
      .init("flow validate --require publish a.yaml", "is there a way around it?"),
    ],
    exitCodes: [.success, .runFailed, .usage, .environment])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    file = arguments.positional[0]
    json = arguments.has(.json)
    parameters = try RunParameters(arguments, command: Self.syntax.name)
    steps = try StepOptions(arguments, [Self.requireOption], command: Self.syntax.name)
    asksOutcomes = arguments.has(Self.outcomesOption) || !steps.isEmpty
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
    if asksOutcomes { return try performOutcomes(file, context) }
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

  private func performOutcomes(
    _ file: DefinitionFile, _ context: CommandContext
  ) throws(CommandError) -> ExitCode {
    let required: [Int]
    do throws(UsageError) {
      required = try steps.steps(Self.requireOption, of: file.definition).map(Int.init)
    } catch { throw .usage(error) }
    let count = file.definition.declaredCount
    guard count <= Outcomes.mostSteps else {
      throw .tool(
        "cannot say what a run of \(count) steps can come to: at most \(Outcomes.mostSteps) are looked at"
      )
    }
    let given = try parameters.all()
    let outcomes = try RunParameters.outcomes(of: file, given, at: context.now().wall)
    let printer = OutcomesPrinter(file.definition, outcomes, required: required)
    context.output.write(json ? printer.json : printer.text)
    return printer.isAsRequired ? .success : .runFailed
  }
}
